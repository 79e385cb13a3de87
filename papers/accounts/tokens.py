"""Tokens for the API: made, renewed, ended and found. Each is shown once, to the reader who made it."""

import hashlib
import re
import secrets
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from papers.models import ApiToken, Reader
from papers.tex import collapse
from papers.visitors import TooManyError

SCOPES: Final[Mapping[str, str | Promise]] = MappingProxyType(
    {
        "read": _("papers and searches, counted apart from others at your address"),
        "library:read": _("look into your library: stars, notes, tags, lists"),
        "library:write": _("change your library"),
        "subscriptions:read": _("look at your subscriptions"),
        "subscriptions:write": _("change your subscriptions"),
    }
)
DAYS: Final = (7, 30, 90, 365)  # for which a token can be made
MOST: Final = 20  # of one reader that have not ended
LONGEST_NAME: Final = 60
GRACE: Final = timedelta(days=1)  # for which a token that was renewed goes on beside the new one
_MARK: Final = "ptd_"  # so that a token in the wrong place is known for one
_SECRET_BYTES: Final = 32
_SHAPE: Final = re.compile(rf"{_MARK}[A-Za-z0-9_-]{{43}}")
_SHOWN: Final = len(_MARK) + 6
_TICK: Final = timedelta(hours=1)  # no request writes that the token was used if another has within the hour


def make(reader: Reader, name: str, scopes: Collection[str], days: int) -> tuple[ApiToken, str]:
    """A new token that lives for `days`, and its text, which is kept nowhere; unknown scopes are left out, `read` is
    always among them. Raises TooManyError beyond MOST tokens."""
    with transaction.atomic():
        Reader.objects.select_for_update().get(pk=reader.pk)
        if living(reader).count() >= MOST:
            raise TooManyError(None)
        text = _MARK + secrets.token_urlsafe(_SECRET_BYTES)
        now = timezone.now()
        token = ApiToken.objects.create(
            reader=reader,
            name=collapse(name)[:LONGEST_NAME],
            hash=_hash(text),
            prefix=text[:_SHOWN],
            scopes=[scope for scope in SCOPES if scope in scopes or scope == "read"],
            created=now,
            expires=now + timedelta(days=days),
        )
    return token, text


def rotate(token: ApiToken) -> tuple[ApiToken, str]:
    """A new token in the place of one that lives, for as many days; the old one ends after GRACE, so that nothing that
    uses it fails meanwhile. Raises TooManyError where both do not find room."""
    with transaction.atomic():
        days = max(1, round((token.expires - token.created) / timedelta(days=1)))
        fresh = make(token.reader, token.name, token.scopes, days)
        ends = min(token.expires, timezone.now() + GRACE)
        ApiToken.objects.filter(pk=token.pk).update(expires=ends)
    return fresh


def revoke(token: ApiToken) -> None:
    """End a token at once."""
    ApiToken.objects.filter(pk=token.pk, revoked=None).update(revoked=timezone.now())


def find(text: str) -> ApiToken | None:
    """The token whose text this is, with its reader, where both may be used; one database query, and a second one an
    hour."""
    if not _SHAPE.fullmatch(text):
        return None
    now = timezone.now()
    token = ApiToken.objects.select_related("reader").filter(hash=_hash(text), revoked=None, expires__gt=now).first()
    if token is None or not token.reader.is_active:
        return None
    if token.last_used is None or now - token.last_used >= _TICK:
        ApiToken.objects.filter(pk=token.pk).update(last_used=now)
    return token


def living(reader: Reader) -> QuerySet[ApiToken]:
    """A reader's tokens that have not ended, the newest first."""
    return ApiToken.objects.filter(reader=reader, revoked=None, expires__gt=timezone.now())


def ended_before(moment: datetime) -> QuerySet[ApiToken]:
    """All readers' tokens that had ended by then."""
    return ApiToken.objects.filter(Q(expires__lt=moment) | Q(revoked__lt=moment))


def _hash(text: str) -> str:
    # The text is 256 random bits: nobody could try them through, so that no slow hash is needed.
    return hashlib.sha256(text.encode()).hexdigest()
