"""Bytes and texts as they come from who means harm or knows no better: made from good ones, and the same for a seed."""

import random
from collections.abc import Callable, Sequence
from typing import Final

ODD: Final = (
    b"", b"\x00", b"\xff", b"\xfe\xff", b"\xed\xa0\x80", b"\r\n", b"\n", b"<", b">", b"</", b"/>", b"<![CDATA[", b"]]>",
    b"<!--", b"<!DOCTYPE x [<!ENTITY a 'b'>]>", b"&", b"&lt;", b"&#0;", b"&#xd800;", b"&a;", b"'", b'"', b"\\", b"$",
    b"%", b"%00", b"%ff", b"{", b"}", b"[", b"]", b"-", b"-1", b"0", b"9" * 40, b"1e999", b"NaN", b"null", b"../",
    b"2026-02-30", b"9999-12-31", b"0000-00-00", b"v0", b"v99999999999", b"cs.CL", b"\xe2\x80\xae", b"\xcc\x81" * 30,
    b"\xf0\x9f\x8c\x8a", b"\xc2\xa0", b"\xef\xbb\xbf", b"(" * 60, b"A" * 3000, b":", b"::", b",", b"+", b"*", b"?",
)  # fmt: skip
"""What has broken programs like this one."""


def mutated(random: random.Random, good: bytes) -> bytes:
    """A good document with one to four pieces cut out, doubled, moved, replaced or put in."""
    body = good
    for _ in range(random.choice((1, 1, 1, 2, 3, 4))):
        body = random.choice(_WAYS)(random, body)
    return body


def of_grammar(random: random.Random, scraps: Sequence[str], most: int = 12) -> str:
    """A text of scraps of its language, with a few odd things between them."""
    parts = [
        random.choice(scraps) if random.random() < 0.85 else random.choice(ODD).decode("utf-8", "replace")
        for _ in range(random.randint(0, most))
    ]
    return random.choice(("", " ", " ")).join(parts)


def _span(random: random.Random, body: bytes) -> tuple[int, int]:
    start = random.randint(0, len(body))
    return start, min(len(body), start + int(random.paretovariate(0.6)))


def _cut(random: random.Random, body: bytes) -> bytes:
    start, end = _span(random, body)
    return body[:start] + body[end:]


def _put_in(random: random.Random, body: bytes) -> bytes:
    place = random.randint(0, len(body))
    return body[:place] + random.choice(ODD) + body[place:]


def _replaced(random: random.Random, body: bytes) -> bytes:
    start, end = _span(random, body)
    return body[:start] + random.choice(ODD) + body[end:]


def _doubled(random: random.Random, body: bytes) -> bytes:
    start, end = _span(random, body)
    return body[:end] + body[start:]


def _moved(random: random.Random, body: bytes) -> bytes:
    start, end = _span(random, body)
    rest = body[:start] + body[end:]
    place = random.randint(0, len(rest))
    return rest[:place] + body[start:end] + rest[place:]


def _flipped(random: random.Random, body: bytes) -> bytes:
    if not body:
        return body
    place = random.randrange(len(body))
    return body[:place] + bytes([body[place] ^ 1 << random.randrange(8)]) + body[place + 1 :]


def _ended(random: random.Random, body: bytes) -> bytes:
    return body[: random.randint(0, len(body))]


_WAYS: Final[tuple[Callable[[random.Random, bytes], bytes], ...]] = (
    _cut, _put_in, _replaced, _doubled, _moved, _flipped, _ended,
)  # fmt: skip
