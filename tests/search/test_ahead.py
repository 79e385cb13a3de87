"""The encoder works ahead of what is asked of it."""

import sys
from threading import Event

import numpy as np
import pytest

from search.ahead import SLICE, Ahead, ahead
from search.encoder import Encoder

TEXTS = [f"Bees find their way home by sight. Hive {number} of many." for number in range(SLICE + 3)]


def test_what_was_begun_is_given_as_the_encoder_gives_it_and_in_any_order(encoder: Encoder) -> None:
    alone = encoder.encode(TEXTS)
    interval = sys.getswitchinterval()
    with ahead(encoder) as working:
        for texts in (TEXTS[:2], TEXTS, TEXTS[5:8]):
            working.begin(texts)
        np.testing.assert_allclose(working.encode(TEXTS), alone, atol=1e-6)  # what was begun before is left out
        np.testing.assert_allclose(working.encode(TEXTS[5:8]), alone[5:8], atol=1e-6)
        np.testing.assert_allclose(working.encode(TEXTS[:1]), alone[:1], atol=1e-6)  # nobody has begun that
    assert sys.getswitchinterval() == interval


class Held(Encoder):
    """An encoder that notes how many texts it was given and waits to be let go."""

    def __init__(self) -> None:
        super().__init__("some")
        self.given, self.begun, self.free = 0, Event(), Event()

    def encode(self, texts):
        self.given += len(texts)
        self.begun.set()
        self.free.wait(60)
        return np.zeros((len(texts), 2), np.float32)


def test_the_end_waits_for_no_text_and_no_more_are_encoded() -> None:
    encoder = Held()
    with ahead(encoder) as working:
        working.begin(TEXTS * 10)
        assert encoder.begun.wait(60)
    encoder.free.set()  # only now: the block has ended while the encoder was at work
    working._thread.shutdown(wait=True)
    assert encoder.given == SLICE


def test_an_error_of_the_encoder_reaches_whoever_asks() -> None:
    class Odd(Encoder):
        def encode(self, texts):
            raise ValueError(f"{len(texts)} texts")

    working = Ahead(Odd("some"))
    working.begin(TEXTS[:3])
    with pytest.raises(ValueError, match="3 texts"):
        working.encode(TEXTS[:3])
    working.end()
