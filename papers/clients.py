"""Whose request it is, as far as bounds go."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The connection's address. Behind a proxy all readers share it; where the site trusts one (`PROXY_HEADER`) there
    is none, and only bounds of the whole site count."""
    return "" if settings.SECURE_PROXY_SSL_HEADER else str(request.META.get("REMOTE_ADDR", ""))


def nearest_address(request: HttpRequest) -> str:
    """The address of who came to the site, or to the proxy in front that it trusts: what that one added last to
    `X-Forwarded-For`, since all before it is the client's own word. An IPv6 address as its network of 64 bits, which is
    what one subscriber has. Empty where a trusted proxy names nobody.
    """
    peer, forwarded = (str(request.META.get(name, "")) for name in ("REMOTE_ADDR", "HTTP_X_FORWARDED_FOR"))
    return nearest(peer, forwarded, settings.OPTION["PROXY_HEADER"])


def nearest(peer: str, forwarded: str, behind: bool) -> str:
    """`nearest_address` of a connection's address and an `X-Forwarded-For`, with or without a trusted proxy in front.

    >>> nearest("192.0.2.7", "198.51.100.1, 198.51.100.2", True), nearest("192.0.2.7", "198.51.100.1", False)
    ('198.51.100.2', '192.0.2.7')
    """
    return network(forwarded.rpartition(",")[2].strip() if behind else peer)


def network(text: str) -> str:
    """An address as bounds count it, without a port that some proxies add; empty for what is none.

    >>> network("192.0.2.7:4711"), network("[2001:db8::1]:80"), network("unknown")
    ('192.0.2.7', '2001:db8::/64', '')
    """
    bare = text.partition("]")[0].removeprefix("[") if text.startswith("[") else text
    if bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(address) >> 64 << 64, 64)))
