"""Sign-in by an institute's OpenID Connect, as the options name it."""

from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured


def institute(issuer: str, client: str, secret: str, name: str) -> dict[str, Any]:
    """allauth's setting for the one provider; empty without `issuer`.

    Raises ImproperlyConfigured for an issuer without client.
    """
    if not issuer:
        return {}
    if not client:
        raise ImproperlyConfigured("OIDC_ISSUER needs OIDC_CLIENT_ID, the name that the issuer knows this site by.")
    app = {
        "provider_id": "institute",
        "name": name,
        "client_id": client,
        "secret": secret,
        "settings": {"server_url": issuer},
    }
    return {"openid_connect": {"APPS": [app], "OAUTH_PKCE_ENABLED": True}}


def origin(address: str) -> list[str]:
    """The origin of an address, in a list; an empty one for none."""
    parts = urlsplit(address)
    return [f"{parts.scheme}://{parts.netloc}"] if address else []
