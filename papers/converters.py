"""How arXiv ids stand in addresses: one id, or several joined by commas.

To import this module is to make the converters `paper` and `papers` known.
"""

from django.urls import register_converter

from papers.identifiers import ArxivId, parse_id

_ID = r"(?:[0-9]{4}\.[0-9]{4,5}|[A-Za-z][A-Za-z-]+(?:\.[A-Za-z-]{2,10})?/[0-9]{7})(?:[vV][0-9]{1,4})?"


def _read(text: str) -> ArxivId:
    found = parse_id(text)
    if found is None:
        raise ValueError(f"not an arXiv id: {text[:60]}")
    return found


class PaperIdConverter:
    """`2401.00001`, `hep-th/9108020`, `math.GT/0309136v2`."""

    regex = _ID

    def to_python(self, value: str) -> ArxivId:
        """The id that the address names; ValueError (no match) for what only looks like one."""
        return _read(value)

    def to_url(self, value: ArxivId | str) -> str:
        """The id as the address carries it."""
        return str(value)


class PaperIdsConverter:
    """Two or more ids joined by commas."""

    regex = rf"{_ID}(?:,{_ID})+"

    def to_python(self, value: str) -> tuple[ArxivId, ...]:
        """The ids in the order of the address; ValueError (no match) if one of them is none."""
        return tuple(_read(part) for part in value.split(","))

    def to_url(self, value: tuple[ArxivId | str, ...] | list[str] | str) -> str:
        """The ids joined by commas."""
        return value if isinstance(value, str) else ",".join(map(str, value))


register_converter(PaperIdConverter, "paper")
register_converter(PaperIdsConverter, "papers")
