"""Tags: words that a reader puts on papers. Names that differ in their letters' case alone are one."""

import re
from collections.abc import Collection, Sequence
from typing import Final

from django.db import transaction
from django.db.models import Count
from django.utils.translation import gettext as _

from papers.models import Paper, Tag, Tagged, Visitor
from papers.tex import collapse
from papers.visitors import TooManyError, locked

MOST: Final = 500  # tags of one reader
MOST_A_PAPER: Final = 30
LONGEST: Final = 60
_COMMA: Final = re.compile("[,;\n，、；]")


class TagError(ValueError):
    """A name that no tag can have; the text says why."""


class TakenError(Exception):
    """The reader has another tag of this name: `tag`."""

    def __init__(self, tag: Tag) -> None:
        super().__init__(tag.name)
        self.tag = tag


def read_name(text: str) -> str:
    """A tag's name: one line in NFC. Raises TagError for what is none."""
    name = collapse(text).removeprefix("#").strip()
    if not name:
        raise TagError(_("A tag needs a name."))
    if len(name) > LONGEST:
        raise TagError(_("A tag has %(most)s characters at most.") % {"most": LONGEST})
    if _COMMA.search(name):
        raise TagError(_("A tag holds no comma: commas stand between tags."))
    # Each part would lead an address to another place.
    if any(part.strip() in {"", ".", ".."} for part in name.split("/")):
        raise TagError(_("“%(name)s” can be no tag.") % {"name": name})
    return name


def read_names(text: str) -> list[str]:
    """The names in what was typed, separated by commas, each once. Raises TagError."""
    read = [read_name(part) for part in _COMMA.split(text) if part.strip()]
    return list({name.casefold(): name for name in reversed(read)}.values())[::-1]


def tag_named(visitor: Visitor, name: str) -> Tag | None:
    """The reader's tag of this name, whatever the case of its letters."""
    if "\0" in name:  # no name has it, and PostgreSQL cannot be asked
        return None
    exact = Tag.objects.filter(visitor=visitor, name=name).first()
    return exact or _by_name(visitor).get(name.casefold())


def _by_name(visitor: Visitor) -> dict[str, Tag]:
    """All of a reader's tags: databases fold the case of ASCII alone, or none."""
    return {tag.name.casefold(): tag for tag in Tag.objects.filter(visitor=visitor)}


def add(visitor: Visitor, papers: Collection[Paper], names: Sequence[str]) -> None:
    """Put tags on papers, new ones among them; few queries however many papers. Raises TooManyError beyond MOST tags,
    or MOST_A_PAPER on one of them."""
    with transaction.atomic():
        if not locked(visitor):
            return
        known = _by_name(visitor)
        fresh = {name.casefold(): name for name in reversed(names) if name.casefold() not in known}
        if len(known) + len(fresh) > MOST:
            raise TooManyError(None)
        for key, name in fresh.items():
            known[key] = Tag.objects.create(visitor=visitor, name=name)
        tags = {tag.pk: tag for tag in (known[name.casefold()] for name in names)}.values()
        uses = (Tagged(tag=tag, paper=paper) for paper in papers for tag in tags)
        Tagged.objects.bulk_create(uses, ignore_conflicts=True)
        of_each = Tagged.objects.filter(tag__visitor=visitor, paper__in=papers).values("paper").order_by()
        if of_each.annotate(count=Count("pk")).filter(count__gt=MOST_A_PAPER).exists():
            raise TooManyError(None)


def remove(visitor: Visitor, paper: Paper, name: str) -> None:
    """Take a tag off a paper. A tag that is on no paper any more is gone."""
    with transaction.atomic():
        if not locked(visitor) or (tag := tag_named(visitor, name)) is None:
            return
        Tagged.objects.filter(tag=tag, paper=paper).delete()
        if not Tagged.objects.filter(tag=tag).exists():
            tag.delete()


def rename(visitor: Visitor, tag: Tag, name: str, *, merge: bool = False) -> Tag:
    """Give a tag another name, and return it. Where another tag has that name they become one with `merge`.

    Raises TakenError without it.
    """
    with transaction.atomic():
        if not locked(visitor):
            return tag
        other = _by_name(visitor).get(name.casefold())
        if other is None or other.pk == tag.pk:
            Tag.objects.filter(pk=tag.pk).update(name=name)
            tag.name = name
            return tag
        if not merge:
            raise TakenError(other)
        both = Tagged.objects.filter(tag=other).values("paper")
        Tagged.objects.filter(tag=tag).exclude(paper__in=both).update(tag=other)
        tag.delete()
        return other
