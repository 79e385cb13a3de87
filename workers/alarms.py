"""Alarms: raised once, in the log, on the status page and by mail, and closed when all is well again."""

from datetime import date

import structlog
from django.db.models import QuerySet
from django.utils import timezone

from workers.models import Alarm

log = structlog.get_logger(__name__)


def sound(key: str, kind: str, text: str, day: date | None = None) -> None:
    """There is something an operator should know. The same key again changes the text of the open alarm; one that
    was closed is opened again."""
    known = Alarm.objects.filter(key=key).first()
    if known is None:
        Alarm.objects.get_or_create(key=key, defaults={"kind": kind, "text": text, "day": day})
    elif known.closed is not None:
        Alarm.objects.filter(pk=known.pk).update(text=text, raised=timezone.now(), closed=None, mailed=None)
    else:
        if known.text != text:
            Alarm.objects.filter(pk=known.pk).update(text=text)
        return
    log.warning("alarm", alarm=key, text=text)


def close(key: str, text: str = "") -> None:
    """It is well again; `text` says how, where that is worth knowing."""
    changes = {"closed": timezone.now()} | ({"text": text} if text else {})
    if Alarm.objects.filter(key=key, closed=None).update(**changes):
        log.info("alarm closed", alarm=key)


def note(key: str, kind: str, text: str, day: date | None = None) -> None:
    """Something was wrong and has been mended already: an alarm that is closed from the beginning."""
    _, made = Alarm.objects.get_or_create(
        key=key, defaults={"kind": kind, "text": text, "day": day, "closed": timezone.now()}
    )
    if made:
        log.warning("alarm, mended", alarm=key, text=text)


def judge(key: str, kind: str, text: str, day: date | None = None) -> None:
    """Sound the alarm where `text` says something, else close it."""
    if text:
        sound(key, kind, text, day)
    else:
        close(key)


class Board:
    """The open alarms as they stood, for whoever judges many things at once: what was well and is costs nothing."""

    def __init__(self) -> None:
        self.open = set(standing().values_list("key", flat=True))

    def judge(self, key: str, kind: str, text: str, day: date | None = None) -> None:
        """See `judge`."""
        if text or key in self.open:
            judge(key, kind, text, day)


def standing() -> QuerySet[Alarm]:
    """The open ones."""
    return Alarm.objects.filter(closed=None)
