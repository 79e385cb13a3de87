"""A reader's mail as a message: subject, text and HTML, and the headers by which mail programs know what it is.

Nothing in it is loaded from anywhere and nothing tells that it was read. What comes from papers and readers is
escaped in the HTML and has no line breaks in headers.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime, make_msgid
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from papers.models import Delivery, Digest, Kind, Paper, Subscription, Visitor
from papers.tex import collapse
from search.subscriptions.keeping import label
from search.subscriptions.news import NewsItem, Section
from workers.digests.texts import Piece, body, piece_of
from workers.digests.unsubscribing import digest_token, unsubscribe_token

MOST_IN_FULL: Final = 100
"""Papers that a mail shows with their abstracts."""
MOST_TITLES: Final = 500
"""Papers that a mail names; it counts the others, and its page has them."""
LARGEST: Final = 90_000
"""Bytes that papers take in a mail's HTML: Gmail cuts what is longer than 102 KB, the rest of the mail included."""
LARGEST_IN_FULL: Final = 60_000
"""Of these, the bytes of papers with abstracts where not all have room."""
AROUND: Final = 220
"""Bytes of tags around a paper, about."""
MOST_ALSO: Final = 5
IN_SUBJECT: Final = 3
LONGEST_NAME: Final = 80


@dataclass(frozen=True, slots=True)
class Entry:
    """One paper of a mail, as texts.Piece, in full or by its title; its number, its kind, and why it is here."""

    piece: Piece
    in_full: bool
    number: int
    kind: str
    why: str


@dataclass(frozen=True, slots=True)
class Group:
    """The papers of one subscription: those shown, and how many there are beside them."""

    number: int
    name: str
    total: int
    entries: Sequence[Entry]
    unsubscribe: str

    @property
    def in_full(self) -> list[Entry]:
        """The papers with their abstracts."""
        return [entry for entry in self.entries if entry.in_full]

    @property
    def titles(self) -> list[Entry]:
        """The papers of which the mail has the title only."""
        return [entry for entry in self.entries if not entry.in_full]

    @property
    def more(self) -> int:
        """How many are only counted."""
        return self.total - len(self.entries)


def absolute(path: str) -> str:
    """A path of this site as readers reach it from elsewhere."""
    return f"{settings.SITE_URL}{path}"


def called(subscription: Subscription) -> str:
    """What a subscription is called, on one line."""
    name = collapse(label(subscription))
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def message(
    found: Sequence[Section], delivery: Delivery, address: str, moment: datetime, digest: Digest | None = None
) -> EmailMultiAlternatives:
    """What is `found` as a mail in the reader's language, with dates by her clock; without a digest, a preview."""
    with translation.override(delivery.language), timezone.override(zone_of(delivery)):
        day = date_format(timezone.localtime(moment), _("j F"))
        visitor = delivery.visitor
        page = absolute(reverse("digest", args=[digest_token(digest)]) if digest else reverse("my"))
        ending = absolute(reverse("unsubscribe", args=[unsubscribe_token(visitor)]))
        names = [called(section.subscription) for section in found]
        total = sum(len(section.items) for section in found)
        context = {
            "groups": _groups(found, names, visitor),
            "total": total,
            "day": day,
            "page": page,
            "ending": ending,
            "delivery": absolute(reverse("delivery")),
            "my": absolute(reverse("my")),
            "site": settings.SITE_URL,
            "language_tag": translation.to_locale(delivery.language).replace("_", "-"),
        }
        subject = _subject(total, names, day)
        mail = EmailMultiAlternatives(subject, body(context), settings.DEFAULT_FROM_EMAIL, [address])
        mail.attach_alternative(_html(subject, context), "text/html")
        mail.extra_headers = _headers(moment, ending, digest)
        return mail


def zone_of(delivery: Delivery) -> ZoneInfo:
    """The reader's time zone; UTC where its name is none."""
    try:
        return ZoneInfo(delivery.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def _subject(total: int, names: Sequence[str], day: str) -> str:
    shown = [name if len(name) <= 40 else name[:39] + "…" for name in names[:IN_SUBJECT]]
    if len(names) > IN_SUBJECT:
        shown.append("…")
    count = ngettext("%(count)s new paper", "%(count)s new papers", total) % {"count": total}
    about = _("%(count)s: %(names)s") % {"count": count, "names": _(", ").join(shown)} if shown else count
    return collapse(f"{about} · {day}")


def _headers(moment: datetime, ending: str, digest: Digest | None) -> dict[str, str]:
    """The headers of RFC 2369, 2919 and 8058, and those that keep programs from answering."""
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    headers = {
        "Date": format_datetime(timezone.now()),
        "Message-ID": f"<digest-{digest.pk}.{digest.period}@{host}>" if digest else make_msgid("preview", host),
        "List-Id": f"Papertide <digest.{host}>",
        "List-Unsubscribe": f"<{ending}>",
        "Precedence": "bulk",
        "Auto-Submitted": "auto-generated",
    }
    if ending.startswith("https:"):  # RFC 8058 knows no other
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers


def _html(subject: str, context: dict[str, object]) -> str:
    page = render_to_string("digests/mail.html", {**context, "subject": subject})
    return re.sub(r">\s*\n\s*<", ">\n<", page)


def _groups(found: Sequence[Section], names: Sequence[str], visitor: Visitor) -> list[Group]:
    """What is shown of each section: as many papers in full as there is room for, then titles, each section's first
    papers before any one's later ones."""
    places = [(place, number) for number, section in enumerate(found) for place in range(len(section.items))]
    shown = sorted(places)[:MOST_TITLES]
    items = {at: found[at[1]].items[at[0]] for at in shown}
    papers = Paper.objects.in_bulk({item.paper_id for item in items.values()})
    entries: dict[tuple[int, int], Entry] = {}
    room = 0
    everything = len(places) <= MOST_IN_FULL
    for at, item in items.items():
        if item.paper_id not in papers:  # deleted this moment
            continue
        piece, why = piece_of(papers[item.paper_id]), _why(names[at[1]], item)
        size = len(piece.html.encode()) + len(why.encode()) + AROUND
        fits = len(entries) < MOST_IN_FULL and room + size <= (LARGEST if everything else LARGEST_IN_FULL)
        size = size if fits else len(piece.title_html.encode()) + AROUND
        if room + size > LARGEST:
            break
        room += size
        entries[at] = Entry(piece, fits, at[0] + 1, str(Kind(item.match.kind).label), why)
    return [
        Group(
            number + 1,
            name,
            len(section.items),
            [entries[place, number] for place in range(len(section.items)) if (place, number) in entries],
            absolute(reverse("unsubscribe", args=[unsubscribe_token(visitor, section.subscription)])),
        )
        for number, (section, name) in enumerate(zip(found, names, strict=True))
    ]


def _why(name: str, item: NewsItem) -> str:
    """Why a paper is in the mail: its subscription, how near it is, and the other subscriptions that it is of."""
    why = _("Why is this here: %(name)s") % {"name": name}
    if item.match.score is not None:
        why += _(" (similarity %(score)s)") % {"score": f"{item.match.score:.2f}"}
    if item.also:
        others = _(", ").join(called(subscription) for subscription in item.also[:MOST_ALSO])
        why += _("; also: %(names)s") % {"names": others}
    return why
