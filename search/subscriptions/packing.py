"""Many primary keys as a short text that an address or a form can carry.

Sorted, the differences of neighbours as numbers of 7 bits a byte (LEB128), in URL-safe Base64: the papers of a morning
lie near each other in the database, so that most of them need one or two bytes.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Iterable
from typing import Final

MOST: Final = 20_000  # numbers in one text
_LARGEST: Final = 2**63 - 1


def pack(numbers: Iterable[int]) -> str:
    """The numbers, none negative, as text; empty for none, each once."""
    found = bytearray()
    last = 0
    for number in sorted(set(numbers)):
        rest, last = number - last, number
        while rest > 0x7F:
            found.append(rest & 0x7F | 0x80)
            rest >>= 7
        found.append(rest)
    return urlsafe_b64encode(bytes(found)).decode().rstrip("=")


def unpack(text: str) -> list[int]:
    """The numbers in a text of `pack`. Raises ValueError for what is none, and for more than MOST."""
    try:
        data = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (Error, UnicodeEncodeError) as error:
        raise ValueError("no packed numbers") from error
    found: list[int] = []
    number = shift = last = 0
    for byte in data:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte & 0x80:
            if shift > 63:
                raise ValueError("a number is too large")
            continue
        last += number
        if last > _LARGEST or len(found) >= MOST:
            raise ValueError("too many numbers, or too large ones")
        found.append(last)
        number = shift = 0
    if shift:
        raise ValueError("the last number has no end")
    return found
