"""The daily feeds, as RSS 2.0 and as Atom."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from email.utils import format_datetime

from tests.arxiv.answers import Answer, Context
from tests.arxiv.faults import EVERY
from tests.arxiv.texts import both_names, tex_names, xml
from tests.arxiv.truth import State
from tests.arxiv.world import members
from workers import calendar
from workers.sources import Kind

_BUILT_AFTER = timedelta(seconds=20)
_NAMESPACES = 'xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/"'
_RSS_HEAD = (
    f"<?xml version='1.0' encoding='UTF-8'?>\n<rss {_NAMESPACES} xmlns:atom=\"http://www.w3.org/2005/Atom\" "
    'xmlns:content="http://purl.org/rss/1.0/modules/content/" version="2.0">\n'
)
_ATOM_HEAD = (
    f"<?xml version='1.0' encoding='UTF-8'?>\n<feed {_NAMESPACES} xmlns=\"http://www.w3.org/2005/Atom\" "
    'xml:lang="en-us">\n'
)


@dataclass(frozen=True)
class _Item:
    state: State
    version: int
    kind: Kind

    @property
    def guid(self) -> str:
        return f"oai:arXiv.org:{self.state.arxiv_id}v{self.version}"

    @property
    def link(self) -> str:
        return f"https://arxiv.org/abs/{self.state.arxiv_id}"

    @property
    def text(self) -> str:
        version = self.state.versions[self.version - 1]
        about = f"arXiv:{self.state.arxiv_id}v{self.version} Announce Type: {self.kind} \nAbstract: {version.abstract}"
        return xml(about)

    @property
    def title(self) -> str:
        return xml(self.state.versions[self.version - 1].title)

    @property
    def creators(self) -> str:
        return xml(tex_names(self.state.versions[self.version - 1].authors))

    @property
    def doi(self) -> str:
        return f"<arxiv:DOI>{xml(self.state.doi)}</arxiv:DOI>\n" if self.state.doi else ""


def answer(context: Context, form: str, asked: str) -> Answer:
    """The feed of the categories joined by `+`; `form` is `rss` or `atom`. HTTP 400 for what is no category."""
    names = [name for name in re.split(r"[+\s]+", asked) if name]
    unknown = [name for name in names if not members(name)]
    if unknown or not names:
        text = f"Bad archive or subject class: {', '.join(unknown) or 'none given'}"
        return Answer(text.encode(), 400, "text/plain; charset=utf-8")
    items = _items(context, names)[: context.faults.feed_limit]
    day = calendar.eastern(context.world.now).date()
    if form == "rss":
        return Answer(_rss(names, day, items).encode(), content_type="application/rss+xml; charset=utf-8")
    return Answer(_atom(names, day, items).encode(), content_type="application/atom+xml; charset=utf-8")


def _items(context: Context, names: list[str]) -> list[_Item]:
    """What the feed of now holds, in order: today's lines and, of categories that are stale, those of the day before.

    A paper's place in the list follows from all the categories asked for.
    """
    world, faults = context.world, context.faults
    today = world.public_day("rss")
    if today is None:
        return []
    wanted = frozenset().union(*map(members, names))
    groups: dict[date, frozenset[str]] = {}
    for name in names:
        if not _struck(name, faults.empty_feed):
            day = calendar.previous_day(today) if _struck(name, faults.stale_feed) else today
            groups[day] = groups.get(day, frozenset()) | members(name)
    hidden = faults.hidden("rss", world)
    items: dict[str, _Item] = {}
    for day in sorted(groups, reverse=True):
        states = world.states(day)
        listed = {line[0] for line in world.lines(day, groups[day])} - hidden
        for arxiv_id, version, kind in world.lines(day, wanted):
            if arxiv_id in listed:
                items.setdefault(arxiv_id, _Item(states[arxiv_id], version, kind))
    kinds = ("new", "cross", "replace", "replace-cross")
    return sorted(items.values(), key=lambda item: (kinds.index(item.kind), item.state.arxiv_id))


def _struck(name: str, names: frozenset[str]) -> bool:
    return EVERY in names or any(members(name) & members(struck) for struck in names)


def _built(day: date) -> datetime:
    return calendar.feed_from(day) + _BUILT_AFTER


def _rss(names: list[str], day: date, items: list[_Item]) -> str:
    joined, address = ", ".join(names), f"http://rss.arxiv.org/rss/{'+'.join(names)}"
    midnight = format_datetime(datetime.combine(day, time.min, calendar.EASTERN))
    written = "".join(
        f"    <item>\n      <title>{item.title}</title>\n      <link>{item.link}</link>\n"
        f"      <description>{item.text}</description>\n"
        f'      <guid isPermaLink="false">{item.guid}</guid>\n'
        + "".join(f"      <category>{name}</category>\n" for name in both_names(item.state.categories))
        + f"      <pubDate>{midnight}</pubDate>\n      <arxiv:announce_type>{item.kind}</arxiv:announce_type>\n"
        f"      <dc:rights>{item.state.license}</dc:rights>\n{item.doi}"
        f"      <dc:creator>{item.creators}</dc:creator>\n    </item>\n"
        for item in items
    )
    return (
        f"{_RSS_HEAD}  <channel>\n    <title>{joined} updates on arXiv.org</title>\n    <link>{address}</link>\n"
        f"    <description>{joined} updates on the arXiv.org e-print archive.</description>\n"
        f'    <atom:link href="{address}" rel="self" type="application/rss+xml"/>\n'
        "    <docs>http://www.rssboard.org/rss-specification</docs>\n    <language>en-us</language>\n"
        f"    <lastBuildDate>{format_datetime(_built(day))}</lastBuildDate>\n"
        f"    <managingEditor>rss-help@arxiv.org</managingEditor>\n    <pubDate>{midnight}</pubDate>\n"
        "    <skipDays>\n      <day>Sunday</day>\n      <day>Saturday</day>\n    </skipDays>\n"
        f"{written}  </channel>\n</rss>\n"
    )


def _atom(names: list[str], day: date, items: list[_Item]) -> str:
    joined, address = ", ".join(names), f"http://rss.arxiv.org/atom/{'+'.join(names)}"
    midnight = datetime.combine(day, time.min, calendar.EASTERN).isoformat()
    built = _built(day).isoformat()
    written = "".join(
        f"  <entry>\n    <id>{item.guid}</id>\n    <title>{item.title}</title>\n    <updated>{built}</updated>\n"
        f'    <link href="{item.link}" rel="alternate" type="text/html"/>\n    <summary>{item.text}</summary>\n'
        + "".join(f'    <category term="{name}"/>\n' for name in both_names(item.state.categories))
        + f"    <published>{midnight}</published>\n    <arxiv:announce_type>{item.kind}</arxiv:announce_type>\n"
        f"    <dc:rights>{item.state.license}</dc:rights>\n{item.doi}"
        f"    <dc:creator>{item.creators}</dc:creator>\n  </entry>\n"
        for item in items
    )
    return (
        f"{_ATOM_HEAD}  <id>{address}</id>\n  <title>{joined} updates on arXiv.org</title>\n"
        f"  <updated>{built}</updated>\n"
        f'  <link href="{address}" rel="self" type="application/atom+xml"/>\n'
        f"  <subtitle>{joined} updates on the arXiv.org e-print archive.</subtitle>\n{written}</feed>\n"
    )
