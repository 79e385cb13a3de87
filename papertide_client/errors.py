"""What can go wrong, and with which status the program then ends."""

from enum import IntEnum


class Status(IntEnum):
    """The program's exit status."""

    OK = 0
    REFUSED = 1
    """The site did not do it, or failed; or a file cannot be written."""
    USAGE = 2
    """The command is not one; argparse's own number."""
    UNREACHABLE = 3
    """Nothing answers at the site's address, or what answers is no Papertide site."""
    NOT_THERE = 4
    """None of the papers is on the site."""
    BUSY = 5
    """The site asked to wait for longer than we may."""
    INTERRUPTED = 130
    BROKEN_PIPE = 141
    """Who was to read has gone, as after `| head`."""


class ClientError(Exception):
    """A reason to end, as a sentence for people, and the status to end with."""

    def __init__(self, message: str, status: Status = Status.REFUSED) -> None:
        super().__init__(message)
        self.status = status
