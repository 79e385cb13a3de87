"""Opaque cursors: where the next part of a list begins, as base64url of a small JSON object.

A cursor carries the size of the parts and a digest of the request it was made for, so it cannot be used to go
on in another list by mistake. It is not signed: all it can ask for is another part of public data.
"""

import base64
import binascii
import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date

from ninja.errors import HttpError

LARGEST_SIZE = 100
_FARTHEST = 1_000_000
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Cursor:
    """`size` items after the first `offset` of the list that the request with digest `of` asks for.

    With `until`, the offset counts from the list's first item of that day (UTC) or before.
    """

    offset: int
    size: int
    of: str
    until: date | None = None

    def __str__(self) -> str:
        packed = json.dumps(asdict(self), separators=(",", ":"), default=str).encode()
        return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()

    @property
    def page(self) -> int:
        """The number of this part, from 1, in a list that is cut into parts of one size."""
        return self.offset // self.size + 1

    def following(self, total: int) -> str | None:
        """The cursor of the next part of a list of `total` items; None at its end."""
        behind = self.offset + self.size
        return str(Cursor(behind, self.size, self.of)) if behind < total else None


def digest(*parts: object) -> str:
    """Twelve hexadecimal digits that stand for the request that `parts` describe."""
    packed = json.dumps([str(part) for part in parts]).encode()
    return hashlib.blake2s(packed, digest_size=6).hexdigest()


def start(cursor: str | None, size: int, of: str, *, paged: bool = False) -> Cursor:
    """Where to begin the answer: at the first of `size` items, or where `cursor` says.

    `paged`: the list is cut into parts of one size, so that a part can begin only where one before it ends.
    Raises HttpError 400 where the cursor cannot be read or was made for another request.
    """
    if cursor is None:
        return Cursor(0, size, of)
    found = _read(cursor)
    if found is None or (paged and found.offset % found.size):
        raise HttpError(400, "The cursor cannot be read; take it unchanged from 'next' of the answer before.")
    if found.of != of:
        raise HttpError(400, "The cursor belongs to another request; only 'size' may differ.")
    return found


def _read(text: str) -> Cursor | None:
    if len(text) > _LONGEST or not text.isascii():
        return None
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        fields = json.loads(packed)
        if not isinstance(fields, dict) or fields.keys() != {"offset", "size", "of", "until"}:
            return None
        until = None if fields["until"] is None else date.fromisoformat(fields["until"])
    except (binascii.Error, ValueError, TypeError, RecursionError):
        return None
    offset, size, of = fields["offset"], fields["size"], fields["of"]
    # type() and not isinstance(): JSON's true is an int to Python.
    if type(offset) is not int or type(size) is not int or type(of) is not str:
        return None
    if not (0 <= offset <= _FARTHEST and 1 <= size <= LARGEST_SIZE):
        return None
    return Cursor(offset, size, of, until)
