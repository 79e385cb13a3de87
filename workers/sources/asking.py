"""One question to one of arXiv's interfaces, and its answer as an XML tree."""

import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from typing import TypeVar

import requests

from workers.sources import SourceError
from workers.sources.transport import Patience, TransientError, session

Answer = TypeVar("Answer")


def ask(url: str, params: Mapping[str, str], patience: Patience, read: Callable[[bytes], Answer]) -> Answer:
    """What `read` makes of the body at an address.

    `read` raises TransientError for a body that may be better the next time, which is asked for then, and SourceError
    for one that says no. Raises SourceError, in one line, where there is no good answer in the end.
    """
    answers: list[Answer] = []

    def check(body: bytes) -> bytes:
        answers.append(read(body))
        return body

    with session(patience, check) as http:
        try:
            http.get(url, params=params)
        except requests.RequestException as error:  # what never got to the transport: an address that is none
            raise SourceError(f"{url} cannot be asked: {type(error).__name__}") from error
    return answers[-1]


def parse_xml(body: bytes) -> ET.Element:
    """The root of a whole document. Raises TransientError for one that is cut short, and for what is no XML."""
    try:
        return ET.fromstring(body)  # noqa: S314 - expat itself bounds entity expansion and loads nothing
    except (ET.ParseError, ValueError, LookupError):  # the latter two for encodings that Python does not know
        raise TransientError("arXiv's answer was cut short or is no XML") from None
