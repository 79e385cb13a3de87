"""What may be told to everybody: our own texts without addresses, users and folders of this site's machines."""

import re

LONGEST = 300  # characters

_HIDDEN = re.compile(
    r"""
      [a-z][a-z0-9+.-]*://\S+                                    # an address, which may hold a password
    | [\w.+-]+@[\w.-]+                                           # a mail address
    | \b(?:password|passwd|user|host|hostaddr|dbname|api_key|token|port)\s*=\s*\S+
    | \b(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?                         # IPv4
    | \[?(?:[0-9a-f]{0,4}:){2,}:?[0-9a-f]{0,4}\]?(?=\W|$)        # IPv6, or a clock with seconds
    | \b[a-z][\w.-]*:\d{2,5}\b                                   # a server with its port
    | (?<![\w/])/[\w.-]+(?:/[\w.-]+)+                            # a file
    """,
    re.VERBOSE | re.IGNORECASE,
)
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_OF_SERVERS = re.compile(r"\b(server|host|user|role|password|database)\b", re.IGNORECASE)


def public(text: str) -> str:
    """One line of at most LONGEST characters. What names a server, a user or a file becomes “…”, and so does all that
    a message about servers and users quotes."""
    line = " ".join(text.split())
    if _OF_SERVERS.search(line):
        line = _QUOTED.sub("…", line)
    line = _HIDDEN.sub("…", line)
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
