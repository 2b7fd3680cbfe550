"""Where the gateway may listen: beyond this machine only with credentials of its own."""

import ipaddress
from hashlib import sha256

from hub.edges.directory import Directory
from hub.ops.settings import Settings
from hub.web.auth import DEMO_KEY_PREFIX


class RefusesToListen(Exception):  # noqa: N818  it says what the gateway does
    """The gateway would be open to the network without a lock.

    Operator action: do one of the things that the text names.
    """


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_listening(settings: Settings, directory: Directory) -> None:
    """Raise RefusesToListen when the gateway would be reachable with demonstration credentials."""
    host = settings.gateway_host
    if is_loopback(host):
        return
    way_out = f"listen on 127.0.0.1 instead of {host}, or "
    if settings.demo_logins:
        raise RefusesToListen(
            "HUB_DEMO_LOGINS is on, and everybody on the network could sign in as an invented "
            f"person: {way_out}set HUB_DEMO_LOGINS=false"
        )
    demo_keys = {
        sha256(f"{DEMO_KEY_PREFIX}{ods}".encode()).hexdigest() for ods in directory.organisations
    }
    if demo_keys & directory.publishers.keys():
        raise RefusesToListen(
            "the directory holds the key of a demonstration, which anybody can read in the "
            f"documents: {way_out}give each publisher a key of its own (key_sha256 in "
            "[[publisher]])"
        )
    has_people = any(member.password_hash for member in directory.staff_members.values())
    if not directory.publishers and not has_people:
        raise RefusesToListen(
            f"no credentials are configured: {way_out}add [[publisher]] rows with key_sha256, or "
            f"[[staff]] rows with password_hash, to {settings.directory.name}"
        )
