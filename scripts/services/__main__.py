"""`python -m scripts.services`: real servers from the command line."""

import argparse
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from scripts.services import institute
from scripts.services.fleet import NAMES, Fleet, say
from scripts.services.watch import VERBS, NoWatchError, ask, watch

HELP = {
    "serve": "start what this machine allows, print the variables to use, stop it on Ctrl-C",
    "institute": "the whole site on all three servers with two workers; the data is kept",
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scripts.services", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help=HELP["serve"])
    serve.add_argument(
        "servers", nargs="*", default=NAMES, metavar="server", help=f"of {', '.join(NAMES)}; default: all"
    )
    default = Path(os.environ.get("DATA_DIR") or "data") / "institute"
    for verb in ("institute", *VERBS):
        command = commands.add_parser(verb, help=HELP.get(verb, f"{verb} a server of the institute that is running"))
        if verb in VERBS:
            command.add_argument("server", choices=NAMES)
        command.add_argument("--folder", type=Path, default=default, help=f"where the data is (default: {default})")
    return parser


def _serve(names: Sequence[str]) -> int:
    folder = Path(tempfile.mkdtemp(prefix="papertide-services-"))
    folder.chmod(0o755)  # the servers' user passes through; their own folders in it are closed
    try:
        with Fleet(folder) as fleet:
            fleet.start(names)
            if not fleet.servers:
                return 1
            print(fleet.exports, end="", flush=True)
            say("Paste these lines into another terminal. Ctrl-C stops the servers and removes their data.")
            watch(fleet, lambda: any(server.alive for server in fleet.servers.values()))
            return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _end(*_: object) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # once is enough: let us clean up
    raise SystemExit(0)


def main() -> None:
    """Do what the arguments say."""
    arguments = _parser().parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    if arguments.command == "serve":
        if unknown := set(arguments.servers) - set(NAMES):
            sys.exit(f"No such server: {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}.")
        sys.exit(_serve(arguments.servers))
    if arguments.command == "institute":
        sys.exit(institute.serve(arguments.folder))
    try:
        say(ask(arguments.folder.resolve(), arguments.command, arguments.server))
    except NoWatchError as error:
        sys.exit(f"{error}.")


if __name__ == "__main__":
    main()
