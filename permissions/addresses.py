"""From where an account may be used: networks as clerks write them, and the address that a request comes from.

The address is the connection's; what a proxy reports (``X-Forwarded-For``) counts only where the connection comes from
a proxy that the settings trust, and of a chain the nearest address that is no trusted proxy.
"""

from __future__ import annotations

import functools
import re
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from settings import Settings

Network = IPv4Network | IPv6Network


def networks(text: str | None) -> list[Network]:
    """The networks of an account's list. Raises ValueError with the part that is none."""
    found = []
    for word in re.split(r"[\s,;，；、]+", text or ""):
        if not word:
            continue
        try:
            found.append(ip_network(word))
        except ValueError:
            raise ValueError(word[:60]) from None
    return found


def tidy(text: str | None) -> str | None:
    """The list as it is stored: networks with spaces between, None for none. Raises ValueError as ``networks``."""
    return " ".join(str(network) for network in networks(text)) or None


@functools.lru_cache(1000)
def _known(text: str) -> tuple[Network, ...]:
    return tuple(networks(text))


def may_come_from(listed: str | None, ip: str | None, *, needs_list: bool = False) -> bool:
    """Whether an account with this list may be used from the address. Without a list it may, unless it needs one."""
    if not listed:
        return not needs_list
    try:
        address = ip_address(ip or "")
        if isinstance(address, IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        return any(address in network for network in _known(listed))
    except ValueError:
        return False  # no address, or a list that was written past the commands: nobody


def proxy_options(settings: Settings) -> dict[str, Any]:
    """uvicorn's options for who is believed about a client's address."""
    return {"proxy_headers": bool(settings.trusted_proxies), "forwarded_allow_ips": settings.trusted_proxies}
