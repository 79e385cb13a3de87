"""Which of the site's processes this one is: its entry point claims it before the settings are read.

Only a web process pools its connections and stops its queries after a time.
"""

from typing import Literal

Kind = Literal["web", "worker", "command"]

_claimed: list[Kind] = []


def claim(kind: Kind) -> None:
    """Say what this process is. The first word counts: a web process imports what workers are made of, too."""
    _claimed.append(kind)


def kind() -> Kind:
    """What this process is; a script without an entry point of ours is a command."""
    return _claimed[0] if _claimed else "command"
