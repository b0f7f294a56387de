"""Which addresses may be reached, and the one name resolution that a connection is made from.

An address is judged by what it leads to: IPv4-mapped, 6to4, Teredo, NAT64 and ISATAP addresses by the IPv4 address that
they carry. Sources: IANA IPv4 and IPv6 Special-Purpose Address Registries, RFC 4291, 3056, 4380, 6052, 8215, 5214.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence

from archiver.config import Network
from archiver.errors import CaptureError, RefusedError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
#: Address family and what `socket.connect` takes.
Endpoint = tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int]]

# Beyond `is_global`, whose table differs between Python releases: every one of these is refused on all of them.
_SPECIAL: tuple[Network, ...] = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",
        "100.64.0.0/10",  # shared space behind carriers' NAT
        "192.0.0.0/24",
        "192.88.99.0/24",  # 6to4 relays, withdrawn by RFC 7526
        "198.18.0.0/15",
        "240.0.0.0/4",
        "64:ff9b:1::/48",  # NAT64 of a local network's own
        "100::/64",
        "2001::/23",
        "3fff::/20",
        "5f00::/16",
        "fec0::/10",  # site-local: withdrawn, still routed by some
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")
_LOW_32_BITS = 0xFFFFFFFF
_ISATAP = (0x00005EFE, 0x02005EFE)


def judge(address: str | Address, allow_net: Sequence[Network] = ()) -> None:
    """Raise RefusedError `address-not-global` unless `address` is global or in a network that is allowed.

    `address` is in the spelling of `getaddrinfo`; a zone such as `%eth0` makes it local.
    """
    try:
        # A text is judged as given; an address object was parsed by us.
        parsed = ipaddress.ip_address(address) if isinstance(address, str) else address
    except ValueError:
        raise _refusal(str(address)) from None
    for target in _targets(parsed):
        if any(target in network for network in allow_net if network.version == target.version):
            continue
        if not _is_global(target):
            raise _refusal(str(address))


def resolve(host: str, port: int, allow_net: Sequence[Network] = ()) -> list[Endpoint]:
    """Every endpoint of `host`, from one look-up. A connection is to be made to exactly one of these.

    Raises RefusedError if any answer is not allowed: a name that answers with a public and a private address is an
    attack (rebinding), not a choice. Raises CaptureError `name-not-resolved` if there is none.
    """
    try:
        answers = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
    except socket.gaierror as error:
        # EAI_AGAIN: the resolver did not answer; everything else says that there is no such name.
        raise CaptureError(
            f"the name {host} is not resolved: {error.strerror}",
            code="name-not-resolved",
            passing=error.errno == socket.EAI_AGAIN,
        ) from None
    except (UnicodeError, OverflowError, ValueError) as error:
        raise CaptureError(f"{host!r} is no name that can be looked up: {error}", code="name-not-resolved") from None
    endpoints: list[Endpoint] = []
    for family, _kind, _protocol, _name, place in answers:
        if family not in (socket.AF_INET, socket.AF_INET6):
            raise _refusal(str(place))
        judge(str(place[0]), allow_net)
        endpoints.append((family, place))  # type: ignore[arg-type]  # AF_INET and AF_INET6 places have these shapes
    if not endpoints:
        raise CaptureError(f"the name {host} has no address", code="name-not-resolved")
    return endpoints


def _targets(address: Address) -> list[Address]:
    """What packets to `address` reach in the end: itself, or the IPv4 addresses that it carries."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.scope_id:
        return [ipaddress.IPv6Address("fe80::")]  # an address with a zone is of a local link, whatever it says
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    if address.sixtofour is not None:
        return [address.sixtofour]
    if address.teredo is not None:
        return [*address.teredo]
    number = int(address)
    carried = ipaddress.IPv4Address(number & _LOW_32_BITS)
    if address in _NAT64 or (address in _COMPATIBLE and number > 1):
        return [carried]
    if (number >> 32) & _LOW_32_BITS in _ISATAP:
        return [address, carried]
    return [address]


def _is_global(address: Address) -> bool:
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    return not any(address in network for network in _SPECIAL if network.version == address.version)


def _refusal(address: str) -> RefusedError:
    return RefusedError(
        f"{address} is not a public address",
        code="address-not-global",
        next_step="ARCHIVER_ALLOW_NET names networks that may be reached all the same",
    )
