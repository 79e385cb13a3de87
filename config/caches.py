"""The cache of a site without Redis: what limits count is not pushed out by what readers look at."""

from typing import Any, Final

from django.core.cache.backends.locmem import LocMemCache

# Tried passwords and mails (allauth's), the admin pages' door, new visitors, papers asked for, mails for trial.
COUNTED: Final = ("allauth:rl:", "login:", "new-visitors:", "wanted:", "test-mails:")
MOST: Final = 50_000


class TwoShelves(LocMemCache):
    """Django's cache in memory, in which counters have a place of their own.

    It drops what was not asked for longest once it holds MAX_ENTRIES: whoever tries passwords could else search for
    this and that until the count of his tries is gone.
    """

    def __init__(self, name: str, params: dict[str, Any]) -> None:
        super().__init__(name, params)
        self._counters = LocMemCache(f"{name}-counters", params | {"OPTIONS": {"MAX_ENTRIES": MOST}})

    def add(self, key: str, value: Any, *args: Any, **kwargs: Any) -> bool:
        """Put in what is not there."""
        return bool(
            self._counters.add(key, value, *args, **kwargs)
            if _counts(key)
            else super().add(key, value, *args, **kwargs)
        )

    def get(self, key: str, *args: Any, **kwargs: Any) -> Any:
        """What is there."""
        return self._counters.get(key, *args, **kwargs) if _counts(key) else super().get(key, *args, **kwargs)

    def set(self, key: str, value: Any, *args: Any, **kwargs: Any) -> None:
        """Put in."""
        if _counts(key):
            self._counters.set(key, value, *args, **kwargs)
        else:
            super().set(key, value, *args, **kwargs)

    def incr(self, key: str, *args: Any, **kwargs: Any) -> int:
        """Count. Raises ValueError for what is not there."""
        return int(self._counters.incr(key, *args, **kwargs) if _counts(key) else super().incr(key, *args, **kwargs))

    def delete(self, key: str, *args: Any, **kwargs: Any) -> bool:
        """Take out; whether it was there."""
        return bool(
            self._counters.delete(key, *args, **kwargs) if _counts(key) else super().delete(key, *args, **kwargs)
        )

    def clear(self) -> None:
        """Empty both."""
        self._counters.clear()
        super().clear()


def _counts(key: str) -> bool:
    return key.startswith(COUNTED)
