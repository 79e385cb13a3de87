import base64
import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ninja.errors import HttpError

from api.cursors import LARGEST_SIZE, Cursor, digest, start


def packed(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@given(st.integers(0, 1_000_000), st.integers(1, LARGEST_SIZE), st.text(max_size=300), st.none() | st.dates())
def test_a_cursor_is_read_as_it_was_written(offset: int, size: int, query: str, until: date | None):
    cursor = Cursor(offset, size, digest("search", query), until)
    assert start(str(cursor), 25, digest("search", query)) == cursor


def test_without_a_cursor_the_list_begins():
    assert start(None, 7, "abc") == Cursor(0, 7, "abc")


def test_pages_follow_each_other_without_a_gap_to_the_end():
    first = Cursor(0, 10, "abc")
    following = first.following(21)
    assert following is not None
    second = start(following, 10, "abc")
    assert (first.page, second.page, second.offset) == (1, 2, 10)
    assert second.following(21) is not None
    assert second.following(20) is None


GOOD = {"offset": 25, "size": 25, "of": "abc", "until": None}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "nonsense",
        "é",
        "\x00",
        "=" * 20,
        "a" * 100_000,
        packed(None),
        packed([1, 25, "abc"]),
        packed({"offset": 2}),
        packed(GOOD | {"offset": -1}),
        packed(GOOD | {"offset": 10**30}),
        packed(GOOD | {"offset": True}),
        packed(GOOD | {"offset": 1.5}),
        packed(GOOD | {"offset": "2"}),
        packed(GOOD | {"size": 0}),
        packed(GOOD | {"size": LARGEST_SIZE + 1}),
        packed(GOOD | {"of": None}),
        packed(GOOD | {"more": 1}),
        packed(GOOD | {"until": 20240101}),
        packed(GOOD | {"until": "2024-02-30"}),
        base64.urlsafe_b64encode(b"[" * 140).decode(),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
    ],
)
def test_a_bad_cursor_is_a_bad_request(text: str):
    with pytest.raises(HttpError) as refusal:
        start(text, 25, "abc")
    assert refusal.value.status_code == 400
    assert "cannot be read" in str(refusal.value)


def test_a_part_of_a_paged_list_begins_where_another_ends():
    between = packed(GOOD | {"offset": 3, "size": 2})
    assert start(between, 25, "abc").offset == 3
    with pytest.raises(HttpError, match="cannot be read") as refusal:
        start(between, 25, "abc", paged=True)
    assert refusal.value.status_code == 400
    assert start(packed(GOOD | {"offset": 4, "size": 2}), 25, "abc", paged=True).page == 3


def test_a_cursor_of_another_request_is_a_bad_request():
    with pytest.raises(HttpError, match="another request"):
        start(packed(GOOD), 25, "def")


@given(st.text(max_size=250))
def test_no_text_breaks_the_reader(text: str):
    with pytest.raises(HttpError):  # no random text is a cursor
        start(text, 25, "abc")
