"""Where the labels of a map stand: beside their dots, over no dot and no other label, else nowhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal
from unicodedata import east_asian_width

# In the map's units, as static/css/paper.css draws them.
DOT: Final = 10.0
SIZE: Final = 7.5  # of the letters
_SPACE: Final = 2.5  # between a dot and its label
_LETTER: Final = 0.56  # widths of a letter as shares of its size: a little more than most have
_WIDE_LETTER: Final = 1.05

Box = tuple[float, float, float, float]  # left, top, right, bottom
Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True, slots=True)
class Label:
    """A text, where its baseline begins, is in the middle or ends, and the room it takes."""

    text: str
    x: float
    y: float
    anchor: Anchor
    box: Box


def place(dots: Sequence[tuple[float, float]], texts: Sequence[str], width: float, height: float) -> list[Label | None]:
    """For each dot the label of its text, or None where there is no room or no text; earlier ones choose first."""
    taken: list[Box] = [(x - DOT, y - DOT, x + DOT, y + DOT) for x, y in dots]
    labels: list[Label | None] = []
    for at, (dot, text) in enumerate(zip(dots, texts, strict=True)):
        others = taken[:at] + taken[at + 1 :]
        fitting = (label for label in _ways(text, *dot) if _is_free(label.box, others, width, height))
        label = next(fitting, None) if text else None
        labels.append(label)
        if label:
            taken.append(label.box)
    return labels


def _ways(text: str, x: float, y: float) -> list[Label]:
    """Right, left, below and above of the dot."""
    long = sum(_WIDE_LETTER if east_asian_width(letter) in "WF" else _LETTER for letter in text) * SIZE
    beside, rise = DOT + _SPACE, 0.35 * SIZE
    below, above = y + DOT + SIZE + 0.5, y - DOT - 0.3 * SIZE - 0.5
    return [
        _label(text, x + beside, y + rise, "start", x + beside, long),
        _label(text, x - beside, y + rise, "end", x - beside - long, long),
        _label(text, x, below, "middle", x - long / 2, long),
        _label(text, x, above, "middle", x - long / 2, long),
    ]


def _label(text: str, x: float, y: float, anchor: Anchor, left: float, long: float) -> Label:
    box = (left, y - SIZE, left + long, y + 0.3 * SIZE)
    return Label(text, round(x, 1), round(y, 1), anchor, box)


def _is_free(box: Box, others: Sequence[Box], width: float, height: float) -> bool:
    left, top, right, bottom = box
    inside = left >= 0 and top >= 0 and right <= width and bottom <= height
    return inside and not any(
        left < other[2] and other[0] < right and top < other[3] and other[1] < bottom for other in others
    )
