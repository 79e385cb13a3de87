"""One bar in bytes for steps of different sizes; nothing where nobody looks."""

from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

from papers.backup.manifest import Progress


@contextmanager
def bar() -> Iterator[Progress]:
    """A Progress that is shown on a terminal while the block runs."""
    with tqdm(unit="B", unit_scale=True, disable=None) as shown:
        current = ""

        def tell(what: str, done: int, total: int) -> None:
            nonlocal current
            if what != current or done < shown.n:
                current = what
                shown.reset(total or None)
                shown.set_description(what, refresh=False)
            shown.update(done - shown.n)

        yield tell
