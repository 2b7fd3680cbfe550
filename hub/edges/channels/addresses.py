"""Which network addresses a webhook may reach: the guard against being sent to our own insides.

An endpoint's name is resolved afresh for each attempt, every address it has must be public, and
the connection goes to the address that was checked, not to the name: a name whose answer flips
between the check and the connection gains nothing (engine notes, section 10).
"""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import urlsplit

from hub.ops import limits

NAT64: Final = IPv6Network("64:ff9b::/96")
"""RFC 6052: an IPv4 address in the last 32 bits, which a gateway would call for us."""

IPV4_COMPATIBLE: Final = IPv6Network("::/96")
"""RFC 4291: deprecated, but some systems still take the last 32 bits for an IPv4 address."""

MOST_LOOKUPS: Final = limits.NAMES.value

_lookups: Final = ThreadPoolExecutor(MOST_LOOKUPS, thread_name_prefix="names")
"""A name server that does not answer holds a thread for up to half a minute.  On the loop's own
threads, on which the database is asked too, a few such names would stop every delivery."""

PORTS: Final = {"https": 443, "http": 80}


class AddressRefused(Exception):  # noqa: N818  it says what was decided
    """The endpoint may not be called.

    Operator action: correct the endpoint in the directory; it must be https and public.
    """


class AddressUnknown(Exception):  # noqa: N818  it says what is so
    """The endpoint's name cannot be resolved now.

    Operator action: see whether its name server answers; attempts go on by themselves.
    """


@dataclass(frozen=True, slots=True)
class Target:
    """Where to connect, and what to say there."""

    url: str
    """The endpoint's URL with the checked address in place of the name."""
    host: str
    """The name, for TLS (SNI and certificate)."""
    host_header: str


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address lies on the public internet, and hides no IPv4 address that does not."""
    if isinstance(address, IPv6Address):
        inside = _ipv4_inside(address)
        if inside is not None:
            return is_public(inside)
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not (isinstance(address, IPv6Address) and address.is_site_local)
    )


def _ipv4_inside(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for: mapped, 6to4, Teredo, NAT64."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in NAT64 or address in IPV4_COMPATIBLE:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return None


async def target_of(url: str, *, allow_loopback: bool) -> Target:
    """Check an endpoint's URL and resolve it.  Raises AddressRefused, AddressUnknown.

    With `allow_loopback` (the demonstration and tests) plain http and loopback are let through,
    and still nothing else that is not public.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise AddressRefused("not an address") from None
    if parts.scheme not in PORTS or not host or parts.username or parts.password:
        raise AddressRefused("not an https address")
    port = port or PORTS[parts.scheme]
    addresses = await _resolve(host, port)
    loopback = allow_loopback and all(each.is_loopback for each in addresses)
    if not loopback:
        if parts.scheme != "https":
            raise AddressRefused("not an https address")
        if not all(is_public(each) for each in addresses):
            raise AddressRefused("not a public address")
    first = addresses[0]
    pinned = f"[{first}]" if isinstance(first, IPv6Address) else str(first)
    return Target(
        url=parts._replace(netloc=f"{pinned}:{port}", fragment="").geturl(),
        host=host,
        host_header=parts.netloc,
    )


async def _resolve(host: str, port: int) -> list[IPv4Address | IPv6Address]:
    ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    try:
        found = await asyncio.get_running_loop().run_in_executor(_lookups, ask)
    except (OSError, UnicodeError):
        raise AddressUnknown("the name cannot be resolved") from None
    # An IPv6 answer may carry a scope ("%eth0"), which ip_address would keep as part of it.
    return [ip_address(str(each[4][0]).partition("%")[0]) for each in found]
