"""A loopback arXiv: a real HTTP server with arXiv's three interfaces, invented days of real papers, and every fault
that arXiv has been seen to have.

    world = World.make(date(2026, 9, 21), days=5, per_day=40)
    with serve(world) as server:
        world.now = calendar.feed_from(world.days[0])
        server.faults.set(too_many=2, retry_after="1")
        ...  # ask server.url
        assert server.log.most_open == 1

`python -m tests.arxiv` (or `make arxiv`) serves one by hand.
"""

from tests.arxiv.faults import Faults
from tests.arxiv.server import LoopbackArxiv, serve
from tests.arxiv.world import World

__all__ = ["Faults", "LoopbackArxiv", "World", "serve"]
