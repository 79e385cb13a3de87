"""What can go wrong."""


class Unavailable(Exception):  # noqa: N818 -- not a fault of the program
    """A server that this machine cannot give: what is missing and how to get it."""
