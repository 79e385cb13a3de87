"""`python -m papertide_client COMMAND …`: reads the command line, and ends with a status that says how it went."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from datetime import date
from io import TextIOWrapper

from papertide_client import VERSION, exporting
from papertide_client.commands import COMMANDS, say
from papertide_client.errors import ClientError, Status
from papertide_client.site import Site

_EPILOG = """\
exit status:
  0  done
  1  the site refused or failed, or a file cannot be written
  2  the command is written wrongly
  3  nothing answers at the site's address, or no Papertide site does
  4  none of the papers is on the site
  5  the site asks to wait for longer than --patience

environment:
  PAPERTIDE_URL    in the place of --site
  PAPERTIDE_TOKEN  in the place of --token; other users of a machine can read a command line
"""
_EXPORT = """\
examples:
  papertide_client export --query "graph neural networks" --format bibtex --output graphs.bib
  papertide_client export --category cs.CL-cs.LG --from 2025-01-01 --to 2025-01-31 --format csv
  papertide_client export --id 1706.03762 1810.04805 --format ris | tee two.ris
"""


def _number(least: int, most: int | None = None) -> Callable[[str], int]:
    """A reader of whole numbers within bounds, for argparse."""

    def read(text: str) -> int:
        number = int(text)
        if number < least or (most is not None and number > most):
            raise argparse.ArgumentTypeError(f"{text} is not {least} to {most}" if most else f"{text} is below {least}")
        return number

    read.__name__ = "number"  # argparse calls it so
    return read


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day such as 2025-01-31") from None


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(
        prog="papertide_client",
        description="Search a Papertide site, and take papers along.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"papertide_client {VERSION}")
    common = argparse.ArgumentParser(add_help=False)
    site = common.add_argument_group("site")
    site.add_argument(
        "--site", metavar="URL", help="address of the site (else PAPERTIDE_URL, else http://127.0.0.1:8000)"
    )
    site.add_argument(
        "--token", metavar="TOKEN", help="an API token, made on the site's account page (else PAPERTIDE_TOKEN)"
    )
    site.add_argument(
        "--patience", metavar="SECONDS", type=_number(0, 86_400), default=120,
        help="how long to wait altogether where the site asks for it (default: %(default)s)",
    )  # fmt: skip
    shown = argparse.ArgumentParser(add_help=False)
    shown.add_argument("--json", action="store_true", help="JSON in the place of a table")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def add(name: str, about: str, *parents: argparse.ArgumentParser, epilog: str = "") -> argparse.ArgumentParser:
        return commands.add_parser(
            name,
            help=about[0].lower() + about[1:],
            description=f"{about}.",
            parents=[*parents, common],
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    search = add("search", "Find papers by words and by meaning", shown)
    search.add_argument(
        "query", nargs="+", help="what the search box takes, several words without quotes; -- before it for -words"
    )
    search.add_argument("--limit", type=_number(1, 1000), default=20, help="papers wanted (default: %(default)s)")
    search.add_argument("--verbatim", action="store_true", help="correct no slips of the finger")
    search.add_argument("--words", action="store_true", help="match by words alone, not by meaning too")

    related = add("related", "List the papers most related to one", shown)
    related.add_argument("id", help="an arXiv id, with or without a version")
    related.add_argument("--limit", type=_number(1, 100), default=20, help="papers wanted (default: %(default)s)")

    get = add("get", "Show papers with their abstracts", shown)
    get.add_argument("ids", metavar="id", nargs="+", help="arXiv ids, with or without a version")

    classify = add("classify", "Suggest arXiv categories for a text", shown)
    classify.add_argument(
        "text", nargs="*", help="title and abstract; from the standard input where there is none, or -"
    )

    export = add("export", "Write papers to a file", epilog=_EXPORT)
    what = export.add_mutually_exclusive_group(required=True)
    what.add_argument("--query", help="what a search finds")
    what.add_argument("--category", help="papers of categories, newest first: cs.CL, cs.AI+cs.LG-cs.CY, math")
    what.add_argument("--all", action="store_true", help="papers of all categories, newest first")
    what.add_argument("--id", dest="ids", metavar="ID", nargs="+", help="these papers")
    what.add_argument("--related", metavar="ID", help="the relatives of a paper, 100 at most")
    export.add_argument(
        "--from", dest="since", metavar="DAY", type=_day, help="with --category or --all: first day of publication"
    )
    export.add_argument(
        "--to", dest="until", metavar="DAY", type=_day, help="with --category or --all: last day of publication"
    )
    export.add_argument("--format", choices=exporting.FORMATS, default="bibtex", help="(default: %(default)s)")
    export.add_argument("--output", metavar="FILE", default="-", help="where to (default: the standard output)")
    export.add_argument("--limit", type=_number(1), help="at most so many papers (default: all that can be reached)")
    export.add_argument("--quiet", action="store_true", help="tell no progress")
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    top = parser()
    asked = top.parse_args(arguments)
    if asked.command == "export" and (asked.since or asked.until) and asked.category is None and not asked.all:
        top.error("--from and --to go with --category or --all; in a query say date:2025-01..2025-03")
    url = asked.site or os.environ.get("PAPERTIDE_URL") or "http://127.0.0.1:8000"
    token = asked.token or os.environ.get("PAPERTIDE_TOKEN", "")
    try:
        status = COMMANDS[asked.command](Site(url, token, asked.patience, say), asked)
        sys.stdout.flush()
    except ClientError as error:
        say(f"papertide_client: {error}")
        return error.status
    except (KeyError, TypeError, ValueError, AttributeError):
        say("papertide_client: The site answers in a way that this version of the client does not know.")
        return Status.UNREACHABLE
    except BrokenPipeError:
        # Python flushes at its end, and would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Status.BROKEN_PIPE
    except KeyboardInterrupt:
        return Status.INTERRUPTED
    return status


if __name__ == "__main__":
    sys.exit(main())
