"""What can go wrong with arXiv, each a switch."""

import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from tests.arxiv.world import INTERFACES, Interface, World

Choice = frozenset[str] | int
"""Papers by id, or how many of each day's new papers by chance (the same for the same `seed`)."""

EVERY = "all"
_FOR_GOOD = -1


def _integer(value: object) -> int:
    try:
        return int(str(value))
    except ValueError:
        raise ValueError("expected a whole number") from None


def _count(value: object) -> int:
    if value is True or value == "":
        return _FOR_GOOD
    if value is False or value is None:
        return 0
    number = _integer(value)
    if number < _FOR_GOOD:
        raise ValueError("a count is 0 or more, or -1 for good")
    return number


def _count_or_none(value: object) -> int | None:
    if value is None or value is False or value == "none":
        return None
    if value is True or value == "":
        return 0
    return _from_zero(value)


def _from_zero(value: object) -> int:
    number = _integer(value)
    if number < 0:
        raise ValueError("expected 0 or more")
    return number


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() in ("", "1", "true", "yes", "on"):
        return True
    if str(value).lower() in ("0", "false", "no", "off"):
        return False
    raise ValueError("expected 1 or 0")


def _seconds(value: object) -> float:
    try:
        number = float(str(value))
    except ValueError:
        number = -1.0
    if not 0 <= number < 86_400:
        raise ValueError("expected seconds, from 0 to a day")
    return number


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _names(value: object) -> frozenset[str]:
    if value is True:
        return frozenset([EVERY])
    if isinstance(value, list | tuple | set | frozenset):
        return frozenset(map(str, value))
    return frozenset(name for name in _text(value).split(",") if name)


def _interfaces(value: object) -> frozenset[str]:
    names = _names(value)
    if names - set(INTERFACES):
        raise ValueError("expected some of rss,oai,api")
    return names


def _choice(value: object) -> Choice:
    if value is True:
        raise ValueError("expected ids joined by commas, or how many a day")
    return _from_zero(value) if isinstance(value, int) or str(value).isdecimal() else _names(value)


def _switch(default: Any, read: Callable[[object], object], text: str) -> Any:
    return field(default=default, metadata={"read": read, "text": text})


@dataclass
class Faults:
    """The switches. A count is for how many requests more the fault lasts: 0 off, -1 (or no value) for good.

    Set them as attributes, or many at once by `set`. `reset` puts all back.
    """

    only: frozenset[str] = _switch(
        frozenset(INTERFACES), _interfaces, "interfaces that counted and timed faults strike (rss,oai,api)"
    )
    seed: int = _switch(0, _from_zero, "seed of all that is left to chance")
    too_many: int = _switch(0, _count, "count: HTTP 429")
    unavailable: int = _switch(0, _count, "count: HTTP 503")
    server_error: int = _switch(0, _count, "count: HTTP 500")
    retry_after: str = _switch("", _text, "Retry-After of 429 and 503, seconds or a date; none where empty")
    html: int = _switch(0, _count, "count: an HTML page of maintenance with HTTP 200")
    error_400: int = _switch(0, _count, "count: an error in the interface's own form, with HTTP 400")
    error_200: int = _switch(0, _count, "count: the same with HTTP 200")
    truncated: int = _switch(0, _count, "count: XML that ends in the middle, its length rightly told")
    cut: int = _switch(0, _count, "count: the connection closes in the middle of the body")
    hang: int = _switch(0, _count, "count: no answer, until the client goes")
    slow: float = _switch(0.0, _seconds, "seconds before the first byte of every answer")
    unsorted: bool = _switch(False, _flag, "api: sorting ignored")
    empty_first: int = _switch(0, _count, "count: api and oai: the first page of a list without entries")
    empty_later: int = _switch(0, _count, "count: api and oai: a later page without entries")
    codes: bool = _switch(False, _flag, "api: ACM and MSC codes among the categories")
    tokens_good_for: int | None = _switch(
        None, _count_or_none, "oai: after so many uses of tokens all issued until then are void, once; 0 at once"
    )
    tokens_void: bool = _switch(False, _flag, "oai: every token is refused")
    deleted: frozenset[str] | int = _switch(
        frozenset(), _choice, "ids or number: oai calls them deleted, api knows them not"
    )
    drop_rss: frozenset[str] | int = _switch(frozenset(), _choice, "ids or number a day: left out of the feeds")
    drop_oai: frozenset[str] | int = _switch(frozenset(), _choice, "ids or number a day: left out of OAI-PMH")
    drop_api: frozenset[str] | int = _switch(frozenset(), _choice, "ids or number a day: unknown to the query API")
    stop_rss: str = _switch("", _text, "id: what comes after it among its day's new papers is left out of the feeds")
    stop_oai: str = _switch("", _text, "id: the same for OAI-PMH")
    stop_api: str = _switch("", _text, "id: the same for the API's searches; by id all are there")
    stale_feed: frozenset[str] = _switch(
        frozenset(), _names, "categories or all: the list of the day before under today's dates"
    )
    empty_feed: frozenset[str] = _switch(frozenset(), _names, "categories or all: nothing in the feed")
    feed_limit: int = _switch(2_000, _from_zero, "the most items of a feed; arXiv has 2,000")

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def set(self, **values: object) -> None:
        """Set switches by name, from Python's values, JSON's, or text. Raises ValueError, naming the bad one, and
        leaves all as it was."""
        known = {switch.name: switch for switch in fields(self)}
        read: dict[str, object] = {}
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"no such fault: {name} (there are {', '.join(known)})")
            try:
                read[name] = known[name].metadata["read"](value)
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
        with self._lock:
            for name, value in read.items():
                setattr(self, name, value)

    def set_written(self, text: str) -> None:
        """Set one as the command line has it: `name` or `name=value`. Raises ValueError."""
        name, equals, value = text.partition("=")
        self.set(**{name.replace("-", "_"): value if equals else True})

    def reset(self) -> None:
        """All in order again."""
        with self._lock:
            for switch in fields(self):
                setattr(self, switch.name, switch.default)

    def take(self, name: str, interface: Interface) -> bool:
        """Whether a counted fault strikes this request; counts it down."""
        with self._lock:
            left: int = getattr(self, name)
            if left == 0 or interface not in self.only:
                return False
            if left > 0:
                setattr(self, name, left - 1)
            return True

    def use_token(self) -> bool:
        """Count the use of a token; whether it finds that all tokens have expired."""
        with self._lock:
            if self.tokens_good_for is None:
                return False
            if self.tokens_good_for > 0:
                self.tokens_good_for -= 1
                return False
            self.tokens_good_for = None
            return True

    def dropped(self, interface: Interface, world: World) -> frozenset[str]:
        """The ids that `drop_…` takes out of an interface."""
        return self._chosen(getattr(self, f"drop_{interface}"), interface, world)

    def stopped(self, interface: Interface, world: World) -> frozenset[str]:
        """The ids that `stop_…` takes out: the later ones of that id's announcement day."""
        stop: str = getattr(self, f"stop_{interface}")
        if stop not in world.papers:
            return frozenset()
        return frozenset(new for new in world.new_ids(world.papers[stop].announced) if new > stop)

    def hidden(self, interface: Interface, world: World) -> frozenset[str]:
        """All that an interface leaves out of its lists."""
        return self.dropped(interface, world) | self.stopped(interface, world)

    def taken_away(self, world: World) -> frozenset[str]:
        """The ids that `deleted` calls so."""
        return self._chosen(self.deleted, "deleted", world)

    def _chosen(self, choice: Choice, purpose: str, world: World) -> frozenset[str]:
        if isinstance(choice, frozenset):
            return choice
        chosen: set[str] = set()
        for day in world.days if choice else ():
            ids = world.new_ids(day)
            chosen.update(random.Random(f"{self.seed} {purpose} {day}").sample(ids, min(choice, len(ids))))
        return frozenset(chosen)

    def as_json(self) -> Mapping[str, object]:
        """The switches in JSON's types."""
        values = ((switch.name, getattr(self, switch.name)) for switch in fields(self))
        return {name: sorted(value) if isinstance(value, frozenset) else value for name, value in values}


def described() -> str:
    """The switches and what they do, a line each."""
    return "\n".join(f"  {switch.name:16} {switch.metadata['text']}" for switch in fields(Faults))
