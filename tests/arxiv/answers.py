"""What the interfaces give to the server, and what they have in common."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.arxiv.faults import Faults
from tests.arxiv.world import World

Query = Mapping[str, str]
"""The parameters of a request, each with its first value."""

XML_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


@dataclass
class Answer:
    """A response as the interface means it."""

    body: bytes
    status: int = 200
    content_type: str = "text/xml; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Context:
    """What an interface answers from. `base` is the server's own address."""

    world: World
    faults: Faults
    base: str
    oai_page: int = 1_000
