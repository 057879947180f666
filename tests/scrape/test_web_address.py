"""Which addresses the scraper requests and which it never does, in any spelling."""

import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.scrape.pictures import jpeg
from tests.scrape.site import Site, answer, page

GOOD = page(answer(200, jpeg()))
NEVER = {
    "decimal": "http://2130706433:{port}/x",
    "octal": "http://0177.0.0.1:{port}/x",
    "hexadecimal": "http://0x7f000001:{port}/x",
    "short": "http://127.1:{port}/x",
    "another loopback": "http://127.0.0.2:{port}/x",
    "zero": "http://0.0.0.0:{port}/x",
    "mapped": "http://[::ffff:127.0.0.1]:{port}/x",
    "IPv6 loopback": "http://[::1]:{port}/x",
    "by name": "http://localhost:{port}/x",
    "user name": "http://museum.example@127.0.0.1:{port}/x",
    "user and password": "http://a:b@127.0.0.1:{port}/x",
    "private": "http://10.1.2.3/x",
    "metadata": "http://169.254.169.254/latest/meta-data/",
    "wide digits": "http://１２７.0.0.2:{port}/x",
    "port 0": "http://127.0.0.1:0/x",
    "port too large": "http://127.0.0.1:99999/x",
    "no host": "http:///x",
    "dots for a host": "http://../x",
    "broken brackets": "http://[::1/x",
    "javascript": "javascript:alert(1)",
    "ftp": "ftp://museum.example/x",
    "gopher": "gopher://127.0.0.1:{port}/x",
    "data": "data:image/gif;base64,R0lGODlhAQABAAAAACw=",
    "a file nobody opened": "file:///etc/passwd",
    "relative": "x.jpg",
    "scheme missing": "//127.0.0.1:{port}/x",
    "blank": "  ",
    "none": None,
    "another port": "http://127.0.0.1:1/x",
}


@pytest.mark.parametrize("name", NEVER)
def test_forbidden_addresses_are_refused(name: str, site: Site, scrape_url: Callable[..., dict[str, Any]]) -> None:
    site.default = GOOD
    url = NEVER[name]
    row = scrape_url(url.format(port=site.port) if url else url)
    assert row["status"] == "forbidden_address", row
    assert row["detail"]
    assert row["bytes"] is None
    assert not site.visits


ODD = {
    "upper case": "HTTP://127.0.0.1:{port}/x",
    "fragment": "http://127.0.0.1:{port}/x#part",
    "blanks around": "  http://127.0.0.1:{port}/x\n",
    "unicode": "http://127.0.0.1:{port}/Würzburg/été 1.jpg",
    "blanks inside": "http://127.0.0.1:{port}/a b c.jpg",
    "escaped": "http://127.0.0.1:{port}/a%20b%2Fc.jpg?q=%26",
    "wild characters": 'http://127.0.0.1:{port}/a"b<c>|d^e`f.jpg',
    "long": "http://127.0.0.1:{port}/" + "x" * 6000,
}


@pytest.mark.parametrize("name", ODD)
def test_unusual_addresses_are_fetched(name: str, site: Site, scrape_url: Callable[..., dict[str, Any]]) -> None:
    site.default = GOOD
    row = scrape_url(ODD[name].format(port=site.port))
    assert row["status"] == "ok", row["detail"]
    (visit,) = site.images()
    assert "#" not in visit.path and " " not in visit.path


def test_private_addresses_are_refused_by_default(site: Site, scrape_url: Callable[..., dict[str, Any]]) -> None:
    row = scrape_url(f"{site.url}/x", allow_host=())
    assert row["status"] == "forbidden_address"
    assert "non-public" in row["detail"]
    assert not site.visits


def test_a_name_that_resolves_to_a_private_address_is_refused(
    site: Site, scrape_url: Callable[..., Any], resolve: Callable[..., None]
) -> None:
    resolve("museum.example", "127.0.0.1")
    row = scrape_url(f"http://museum.example:{site.port}/x")
    assert row["status"] == "forbidden_address"
    assert "museum.example" in row["detail"]
    assert not site.visits


def test_an_allowed_name_is_fetched(site: Site, scrape_url: Callable[..., Any], resolve: Callable[..., None]) -> None:
    site.default = GOOD
    resolve("museum.example", "127.0.0.1")
    row = scrape_url(f"http://museum.example:{site.port}/x", allow_host=("museum.example",))
    assert row["status"] == "ok"
    assert site.images()[0].headers["host"] == f"museum.example:{site.port}"


def test_an_allowed_host_allows_no_other(
    site: Site, scrape_url: Callable[..., Any], resolve: Callable[..., None]
) -> None:
    site.pages["/x"] = page(answer(302, b"", f"Location: http://inside.example:{site.port}/y"))
    resolve("inside.example", "127.0.0.1")
    row = scrape_url(f"{site.url}/x")
    assert row["status"] == "forbidden_address"
    assert not site.visits_to("/y")


def test_proxy_variables_are_ignored(
    site: Site, scrape_url: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    site.default = GOOD
    assert scrape_url(f"{site.url}/x")["status"] == "ok"


def test_an_unknown_certificate_is_an_error(scrape_url: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(tmp_path / "cert.pem"))
    with Site(tls=context) as secure:
        secure.default = GOOD
        row = scrape_url(f"https://localhost:{secure.port}/x", allow_host=("localhost",))
        assert (row["status"], row["attempts"]) == ("network", 0)
        assert "certificate" in row["detail"].lower()
        assert not secure.visits


def certificate(path: Path) -> Path:
    """Writes a key and a self-signed certificate for localhost; returns the path."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(1), now + timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(private + signed.public_bytes(pem))
    return path
