"""The admin site: who may enter is asked for slowly, so that passwords cannot be tried by the thousand."""

import hashlib
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.cache import cache
from django.core.exceptions import ValidationError

from papers.clients import nearest_address

TRIES, WITHIN = 10, 15 * 60  # wrong passwords for one name from one address, in so many seconds


class SlowLogin(AdminAuthenticationForm):
    """Django's form, which after TRIES wrong passwords takes none for a while, not even the right one."""

    def clean(self) -> dict[str, Any]:
        """Count first and look then: many tries at the same moment count, too."""
        key = self._key()
        if _count(key) > TRIES:
            raise ValidationError("Too many tries. Wait a quarter of an hour and try again.", code="throttled")
        cleaned = super().clean()
        cache.delete(key)
        return dict(cleaned or {})

    def _key(self) -> str:
        name = str(self.cleaned_data.get("username", "")).casefold()
        tried = f"{nearest_address(self.request) if self.request else ''}\n{name}"
        return f"login:{hashlib.sha256(tried.encode()).hexdigest()}"


class Site(AdminSite):
    """Papertide's admin pages."""

    site_header = site_title = "Papertide"
    index_title = "What there is, and what was done"
    login_form = SlowLogin


def _count(key: str) -> int:
    """How many tries there were with this one. A cache that is away lets everybody try: without it nobody could."""
    cache.add(key, 0, WITHIN)
    try:
        return int(cache.incr(key) or 0)
    except ValueError:  # it ran out in between
        return 1
