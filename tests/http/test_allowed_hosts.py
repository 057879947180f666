"""Which IP addresses are public, range by range, and which hosts the user has allowed."""

import pickle

import pytest

from artsim.archive import UserError
from artsim.http.allowed_hosts import AllowedHosts, is_public


@pytest.mark.parametrize(
    "ip",
    [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",  # carrier-grade NAT
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",  # cloud metadata services
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::8.8.8.8",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "0:0:0:0:0:ffff:0a00:0001",
        "64:ff9b::10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::8.8.8.8",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::1",
        "2002:c0a8:101::",
        "3fff::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "",
        "example.org",
        "127.1",
        "0x7f000001",
        "2130706433",
        "8.8.8.8.",
        "8.8.8.8 ",
    ],
)
def test_private_addresses_are_not_public(ip: str) -> None:
    assert not is_public(ip)


@pytest.mark.parametrize(
    "ip",
    [
        "8.8.8.8",
        "1.1.1.1",
        "100.63.255.255",
        "100.128.0.1",
        "172.15.0.1",
        "172.32.0.1",
        "193.225.190.5",
        "2606:4700:4700::1111",
        "2a00:1450:4001:800::200e",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
        "2002:808:808::1",
    ],
)
def test_public_addresses_are_public(ip: str) -> None:
    assert is_public(ip)


def test_a_host_with_a_port_allows_only_that_port() -> None:
    hosts = AllowedHosts(["127.0.0.1:8000", "Museum.Intra.", "[::1]:9000", "fd00::7"])
    assert hosts.allows("127.0.0.1", 8000)
    assert not hosts.allows("127.0.0.1", 8001)
    assert hosts.allows("museum.intra", 80) and hosts.allows("MUSEUM.intra.", 8443)
    assert hosts.allows("::1", 9000) and hosts.allows("[0:0:0:0:0:0:0:1]", 9000)
    assert not hosts.allows("::1", 80)
    assert hosts.allows("[fd00::7]", 443)


def test_hosts_match_by_exact_name() -> None:
    hosts = AllowedHosts(["127.0.0.1:8000"])
    for other in ("localhost", "127.0.0.2", "127.0.0.1.evil.org", "evil.org", "::ffff:127.0.0.1"):
        assert not hosts.allows(other, 8000)
    assert not AllowedHosts().allows("127.0.0.1", 80)


def test_allowed_hosts_can_be_pickled() -> None:
    assert pickle.loads(pickle.dumps(AllowedHosts(["a:1"]))).allows("a", 1)


@pytest.mark.parametrize("text", ["", ":80", "a:", "a:b", "a:0", "a:70000", "http://a", "a/b", "u@a", "*", "[::1]:x"])
def test_invalid_input_is_a_user_error(text: str) -> None:
    with pytest.raises(UserError, match="`allow_host`"):
        AllowedHosts([text])
