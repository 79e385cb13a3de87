"""Serve a loopback arXiv by hand: `python -m tests.arxiv --days 5 --per-day 120 --fault too_many=3`."""

import argparse
import os
import signal
import sys
from datetime import UTC, date, datetime

import django

from tests import SHARED
from tests.arxiv.faults import Faults, described
from tests.arxiv.recorded import NotRecordedError
from tests.arxiv.server import LoopbackArxiv
from tests.arxiv.texts import shelf_records
from tests.arxiv.world import World
from workers import calendar

PORT = 8900


def main() -> None:
    """Make a world and serve it until Ctrl+C."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    signal.signal(signal.SIGINT, signal.default_int_handler)  # started in the background, a shell has it ignored
    django.setup()
    options = _options()
    server = _server(options)
    _tell(server, options)
    try:
        server.serve()
    except KeyboardInterrupt:
        print(f"\n{len(server.log)} requests answered.")
    finally:
        server.stop()


def _day(text: str) -> date | None:
    try:
        return None if text == "today" else date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no date such as 2026-09-24, nor today") from None


def _number(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= 99_999:
        raise argparse.ArgumentTypeError("expected a number from 1 on")
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError("expected a port, or 0 for any that is free")
    return int(text)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.arxiv",
        description="An arXiv on this machine, for trying the site: its feeds, OAI-PMH and query API.",
        epilog=f"faults:\n{described()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=_port, default=PORT, help=f"port to serve on ({PORT})")
    parser.add_argument("--days", type=_number, default=5, help="announcement days (5)")
    parser.add_argument("--per-day", type=_number, default=120, help="new papers a day (120)")
    parser.add_argument("--ends", type=_day, default=None, metavar="DATE", help="the last day (today, or a date)")
    parser.add_argument("--bulk", type=_number, metavar="N", help="in place of days: N papers that are new on one")
    parser.add_argument("--seed", type=int, default=0, help="another seed makes another world (0)")
    parser.add_argument("--oai-page", type=_number, default=1_000, help="records on a page of OAI-PMH (1000)")
    parser.add_argument("--shelf", action="store_true", help="make papers of the sample shelf in any case")
    parser.add_argument("--recorded", action="store_true", help="recorded answers of the query API where they fit")
    parser.add_argument("--fault", action="append", default=[], metavar="NAME[=VALUE]", help="see below; repeatable")
    return parser.parse_args()


def _server(options: argparse.Namespace) -> LoopbackArxiv:
    try:
        faults = Faults()
        for fault in options.fault:
            faults.set_written(fault)
        last = options.ends or calendar.latest_harvest(datetime.now(UTC))
        records = shelf_records() if options.shelf else None
        if options.bulk:
            world = World.bulk(options.bulk, last, options.seed, records)
        else:
            first = last + calendar.ONE
            for _ in range(options.days):
                first = calendar.previous_day(first)
            world = World.make(first, options.days, options.per_day, options.seed, records)
        if options.ends is None:
            world.now = None
        server = LoopbackArxiv(world, options.port, faults, options.oai_page)
        if options.recorded:
            server.recorded.stand_in_for_api()
    except (ValueError, NotRecordedError) as error:
        sys.exit(f"arxiv: {error}")
    except OSError as error:
        sys.exit(f"arxiv: port {options.port} cannot be had: {error.strerror}")
    return server


def _tell(server: LoopbackArxiv, options: argparse.Namespace) -> None:
    world = server.world
    real = SHARED.is_dir() and not options.shelf
    source = f"real records of {SHARED}" if real else "the sample shelf, repeated"
    switched = server.faults.as_json()
    changed = {name: value for name, value in switched.items() if value != Faults().as_json()[name]}
    print(
        f"A loopback arXiv on {server.url}: {len(world.papers):,} papers made of {source},\n"
        f"announced on {', '.join(map(str, world.days))}. Its clock shows {world.now:%Y-%m-%d %H:%M} UTC.\n"
        f"Faults: {changed or 'none'}\n\n"
        f"The site against it:   ARXIV_URL={server.url} ARXIV_DELAY=0 make run\n"
        f"How it stands:         curl {server.url}/control\n"
        f'Faults and clock:      curl {server.url}/control -d \'{{"faults": {{"too_many": 3}}, "now": null}}\'\n'
        "Ctrl+C ends it.",
        flush=True,
    )


if __name__ == "__main__":
    main()
