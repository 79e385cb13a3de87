"""The places papers come from; each yields `PaperRecord`s and says in one line what went wrong."""


class SourceError(Exception):
    """A source gave no usable answer. The text is one clear line for log, row and reader."""
