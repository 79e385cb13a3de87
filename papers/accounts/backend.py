"""Who a name or an address and a password belong to."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.internal.userkit import filter_users_by_email
from django.http import HttpRequest

from papers.models import Reader


class Door(AuthenticationBackend):
    """By an administrator's name, or by an address; one password is hashed whether there is such an account or not."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> Reader | None:
        """The reader, None where the two do not belong together."""
        login, password = credentials.get("email") or credentials.get("username"), credentials.get("password")
        if not login or not password:
            return None
        found = self._of(login)
        if found is None:
            self._mitigate_timing_attack(password)
            return None
        matched: Reader | None = self._check_password(found, password)
        return matched

    @staticmethod
    def _of(login: str) -> Reader | None:
        by_name = Reader.objects.filter(username=login).first()
        if by_name is not None:
            return by_name
        found = filter_users_by_email(login, prefer_verified=True, for_login=True)
        # Of several who never verified it, the first that came.
        return min(found, key=lambda reader: reader.pk, default=None)
