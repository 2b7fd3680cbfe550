"""The guard against being sent to our own insides."""

import asyncio

import pytest

from hub.edges.channels.addresses import AddressRefused, AddressUnknown, target_of


def check(url: str, *, allow_loopback: bool = False) -> str:
    """The URL that would be called."""
    return asyncio.run(target_of(url, allow_loopback=allow_loopback)).url


@pytest.mark.parametrize(
    "url",
    [
        "http://93.184.216.34/",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0177.0.0.1/",
        "https://0x7f.0.0.1/",
        "https://127.1/",
        "https://localhost/",
        "https://10.0.0.7/",
        "https://172.16.0.1/",
        "https://192.168.1.1/",
        "https://100.64.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
        "https://[::1]/",
        "https://[::]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[::7f00:1]/",
        "https://[fd00:ec2::254]/",
        "https://[fe80::1]/",
        "https://[fec0::1]/",
        "https://[64:ff9b::a00:1]/",
        "https://[2002:7f00:1::]/",
        "https://someone:secret@93.184.216.34/",
        "ftp://93.184.216.34/",
        "https:///",
        "https://[",
        "",
    ],
)
def test_an_address_inside_is_refused(url: str) -> None:
    """However it is written, nothing but a public https address is called."""
    with pytest.raises(AddressRefused):
        check(url)


def test_a_public_address_is_called_where_it_was_checked() -> None:
    """The checked address stands in the URL; the name is kept for TLS and the host header."""
    target = asyncio.run(target_of("https://93.184.216.34:8443/a?b#c", allow_loopback=False))
    assert ("https://93.184.216.34:8443/a?b", "93.184.216.34") == (target.url, target.host)
    assert "https://[2606:4700::1111]:443/" == check("https://[2606:4700::1111]/")


def test_loopback_is_let_through_only_where_it_is_allowed() -> None:
    """For the demonstration; a private address is still refused."""
    assert "http://127.0.0.1:8080/x" == check("http://127.0.0.1:8080/x", allow_loopback=True)
    with pytest.raises(AddressRefused):
        check("https://10.0.0.7/", allow_loopback=True)


def test_a_name_that_nobody_knows_may_be_known_later() -> None:
    """The name server may be down; that is no refusal."""
    with pytest.raises(AddressUnknown):
        check("https://no-such-name.invalid/")
