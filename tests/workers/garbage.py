"""Bodies as no server should send them, for property tests."""

from hypothesis import strategies as st

_ODD = [b"", b"<", b">", b"&", b"&lt;", b"</", b"\x00", b"\xff", b"]]>", b"<x/>", b"-", b"9" * 5000, b"v0", b"&#xd800;"]


def garbage(good: bytes) -> st.SearchStrategy[bytes]:
    """Any bytes, and a good document with a piece cut out of it, put in its place, or written twice."""
    place = st.integers(0, len(good))
    pieces = st.sampled_from(_ODD) | st.text(max_size=20).map(lambda text: text.encode("utf-8", "replace"))

    def mend(first: int, second: int, piece: bytes) -> bytes:
        start, end = sorted((first, second))
        return good[:start] + piece + good[end:]

    short = st.tuples(place, st.integers(0, 30), pieces).map(lambda cut: mend(cut[0], cut[0] + cut[1], cut[2]))
    doubled = st.tuples(place, place).map(lambda cut: good[: max(cut)] + good[min(cut) :])
    return st.binary(max_size=300) | st.builds(mend, place, place, pieces) | short | doubled
