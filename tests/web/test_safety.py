"""Each line of the page's safety: who may connect, what other sites may do, what hostile texts and files may do."""

import io
import socket
import struct
import zlib
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from artsim.archive import Archive
from artsim.errors import UserError
from artsim.vision.check import BadImage
from artsim.vision.isolated_process import IsolatedProcess
from artsim.web.options import ServeOptions
from artsim.web.safety import is_loopback
from artsim.web.server import password_of, serve
from tests.made import jpeg
from tests.web.conftest import COUNT, HOSTILE, IDS, PROTECTED, STYLES, client_of

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def guarded(shown: Archive) -> TestClient:
    return client_of(shown, password=PASSWORD)


def test_only_this_machine_can_connect_unless_told_otherwise() -> None:
    assert is_loopback(ServeOptions().host)
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.168.1.5", "museum.org")))
    assert all(map(is_loopback, ("127.0.0.1", "127.0.0.2", "::1", "localhost")))


def test_another_host_needs_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"`host` 0\.0\.0\.0.*`password`"):
        password_of(ServeOptions(host="0.0.0.0"))
    with pytest.raises(UserError, match="5 characters"):
        password_of(ServeOptions(host="0.0.0.0", password="short"))
    monkeypatch.setenv("ARTSIM_PASSWORD", PASSWORD)
    assert password_of(ServeOptions(host="0.0.0.0")) == PASSWORD


def test_a_port_that_is_taken_is_a_user_error(shown: Archive, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("preact.js", "openseadragon.js"):
        (tmp_path / "vendor").mkdir(exist_ok=True)
        (tmp_path / "vendor" / name).touch()
    monkeypatch.setattr("artsim.web.app.STATIC", tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(UserError, match="`port`"):
        serve(shown, ServeOptions(port=taken.getsockname()[1]))


def test_missing_files_of_the_page_are_a_user_error(
    shown: Archive, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("artsim.web.app.STATIC", tmp_path)
    with pytest.raises(UserError, match="make page"):
        serve(shown, ServeOptions(port=0))


def test_without_the_password_nothing_is_shown(guarded: TestClient) -> None:
    paths = ["/", "/api/archive", "/api/atlas/0.jpg", "/view.json", "/static/main.js", "/api/openapi.json", "/nothing"]
    for path in paths:
        answer = guarded.get(path)
        assert answer.status_code == 401 and IDS[0] not in answer.text, path
    assert "Log in" in guarded.get("/", headers={"accept": "text/html"}).text


def test_the_password_is_taken_from_a_form_or_a_header(shown: Archive) -> None:
    client = client_of(shown, password=PASSWORD)
    assert client.get("/api/archive", headers={"authorization": f"Bearer {PASSWORD}"}).status_code == 200
    assert client.get("/api/archive", headers={"authorization": f"Bearer {PASSWORD}x"}).status_code == 401
    origin = {"origin": "http://127.0.0.1:8000"}
    wrong = client.post("/login", data={"password": "wrong"}, headers=origin)
    assert wrong.status_code == 403 and "wrong" in wrong.text and not client.cookies
    right = client.post("/login", data={"password": PASSWORD, "next": "/?q=a"}, headers=origin, follow_redirects=False)
    assert right.status_code == 303 and right.headers["location"] == "/?q=a"
    cookie = right.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie and PASSWORD not in cookie
    assert client.get("/api/archive").status_code == 200


@pytest.mark.parametrize("target", ["//evil.org", "https://evil.org", "/\\evil.org", "/a\r\nSet-Cookie: x=1"])
def test_the_login_leads_to_no_other_site(shown: Archive, target: str) -> None:
    client = client_of(shown, password=PASSWORD)
    data = {"password": PASSWORD, "next": target}
    answer = client.post("/login", data=data, headers={"origin": "http://127.0.0.1:8000"}, follow_redirects=False)
    assert answer.headers["location"] == "/"


def test_the_form_escapes_where_it_leads(guarded: TestClient) -> None:
    text = guarded.get("/?q=%22%3E%3Cscript%3E", headers={"accept": "text/html"}).text
    assert "<script" not in text


@pytest.mark.parametrize("host", ["evil.org", "evil.org:8000", "localhost.evil.org", "", "[", "127.0.0.1.evil.org"])
def test_another_name_for_this_machine_is_refused(client: TestClient, host: str) -> None:
    assert client.get("/api/archive", headers={"host": host}).status_code == 403


def test_known_names_of_this_machine_are_allowed(shown: Archive, client: TestClient) -> None:
    for host in ("127.0.0.1", "localhost:8000", "[::1]:8000", "10.1.2.3"):
        assert client.get("/api/lookup?id=x", headers={"host": host}).status_code == 404
    named = client_of(shown, hostnames=("Archive.museum.org",))
    assert named.get("/api/lookup?id=x", headers={"host": "archive.museum.org"}).status_code == 404


def test_other_sites_cannot_write(client: TestClient) -> None:
    for headers in ({}, {"origin": "https://evil.org"}, {"origin": "null"}, {"origin": "http://127.0.0.1:9000"}):
        for path in ("/api/sets", "/api/export", "/api/describe"):
            assert client.post(path, json={"numbers": [1]}, headers=headers).status_code == 403
    same = {"origin": "http://127.0.0.1:8000"}
    assert client.post("/api/sets", json={"numbers": [1]}, headers=same).status_code == 200
    assert client.put("/api/sets").status_code == 405
    assert (
        "access-control-allow-origin" not in client.get("/api/archive", headers={"origin": "https://evil.org"}).headers
    )


def test_every_answer_limits_what_a_page_may_do(client: TestClient) -> None:
    for path in ("/api/archive", "/api/images/4.jpg", "/api/nothing", "/", "/static/style.css"):
        headers = client.get(path).headers
        policy = dict(rule.split(" ", 1) for rule in headers["content-security-policy"].split("; "))
        assert policy["default-src"] == policy["script-src"] == policy["connect-src"] == "'self'"
        assert policy["object-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert "unsafe" not in headers["content-security-policy"] and "http" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"
        assert "server" not in headers


def test_hostile_titles_are_data_and_are_cut(client: TestClient) -> None:
    answer = client.get("/api/artworks?n=0")
    assert "<script" not in answer.text and answer.headers["content-type"] == "application/json"
    assert answer.json()[0]["title"] == HOSTILE[:2000]


def test_addresses_that_are_no_web_pages_are_left_out(client: TestClient) -> None:
    assert client.get("/api/artworks/0").json()["page_url"] is None


@pytest.mark.parametrize("name", ["..", "%00", "..%2f..%2fcatalog", "....//", "%2e%2e%2f", "a\u202eb", "x" * 5000])
def test_hostile_names_are_not_found(client: TestClient, name: str) -> None:
    paths = ("layouts", "clusters", "columns", "duplicates", "sets", "columns/style", "pictures")
    for path in [f"/api/{path}/{name}" for path in paths] + [f"/static/{name}/pyproject.toml"]:
        answer = client.get(path)
        assert answer.status_code in (400, 404) and "Traceback" not in answer.text, path
    assert client.get(f"/api/lookup?id={name}").status_code == 404
    assert client.get(f"/api/similar?n=1&features={name}").status_code == 400


def test_errors_show_no_traceback(shown: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret path /home/anna")

    client = client_of(shown)
    monkeypatch.setattr("artsim.web.artwork_routes.full_record", broken)
    answer = client.get("/api/artworks/1")
    assert answer.status_code == 500 and "secret" not in answer.text and "error" in answer.json()


def _upload(client: TestClient, data: bytes, kind: str = "image/png") -> tuple[int, str]:
    answer = client.post("/api/describe", content=data, headers={"content-type": kind, "x-artsim": "1"})
    return answer.status_code, answer.json()["error"]


def _png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


def test_uploads_that_are_no_images_are_refused(client: TestClient) -> None:
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    assert _upload(client, svg, "image/svg+xml")[0] == 415
    assert _upload(client, svg, "image/png")[0] == 415
    assert _upload(client, b"", "image/png")[0] == 415
    assert _upload(client, b"{}", "application/json")[0] == 415


def test_uploads_that_are_too_large_are_refused(client: TestClient) -> None:
    assert _upload(client, b"\xff" * (20 << 20) + b"\xff")[0] == 413
    status, message = _upload(client, _png(60_000, 60_000))
    assert status == 400 and "60000 x 60000 pixels" in message


def test_a_body_without_a_length_or_too_long_is_refused(client: TestClient) -> None:
    headers = {"x-artsim": "1", "content-type": "application/json"}
    assert client.post("/api/sets", content=iter([b"{}"]), headers=headers).status_code == 411
    for path in ("/api/sets", "/api/describe", "/api/export"):
        assert client.post(path, content=b"{}", headers=headers | {"content-length": "99999999999"}).status_code == 413


def test_a_damaged_upload_is_refused(client: TestClient) -> None:
    assert _upload(client, jpeg(seed=1)[:500], "image/jpeg")[0] == 400


@pytest.mark.slow
def test_a_decoder_that_takes_too_long_or_too_much_is_stopped() -> None:
    isolated = IsolatedProcess(seconds=0.5, memory=1 << 30)
    with pytest.raises(BadImage, match="crashed"):
        isolated(_forever)
    with pytest.raises(BadImage, match="1024 MiB"):
        isolated(bytes, 4 << 30)
    assert isolated(len, b"abc") == 3


def _forever() -> None:
    while True:
        pass


def test_protected_artworks_are_hidden_everywhere(public: TestClient, client: TestClient) -> None:
    shown = [one for one in IDS if one not in PROTECTED]
    rows = public.get("/api/artworks?n=" + ",".join(map(str, range(len(shown))))).json()
    assert [row["id"] for row in rows] == shown and public.get("/api/archive").json()["count"] == len(shown)
    assert public.get(f"/api/artworks/{len(shown)}").status_code == 404
    answers = [
        public.get(path)
        for path in (
            "/api/search?limit=1000&q=forest",
            "/api/search?limit=1000",
            "/view.json",
            f"/view.json?select={PROTECTED[0]}&work={PROTECTED[0]}",
            "/api/similar?n=0&k=100",
            "/api/duplicates/copies",
            "/api/clusters/three/info",
            "/api/reports",
            "/api/pictures",
            "/api/columns/rights/values",
        )
    ]
    exported = public.post(
        "/api/export", json={"numbers": list(range(len(shown))), "as": "csv"}, headers={"x-artsim": "1"}
    )
    for answer in [*answers, exported]:
        assert answer.status_code == 200
        assert not any(one in answer.text.partition('"query"')[0] for one in PROTECTED)
    assert answers[0].json()["total"] == 0 and answers[1].json()["total"] == len(shown)
    assert {hit["n"] for hit in answers[4].json()} == set(range(1, len(shown)))
    counts = [sum(entry["count"] for entry in cluster["styles"]) for cluster in answers[6].json()]
    assert counts == [
        sum(1 for n in range(30) if n % 3 - 1 == cluster and IDS[n] not in PROTECTED and STYLES[n % 4])
        for cluster in (0, 1)
    ]
    assert "Forest" not in answers[6].text
    assert [[member["n"] for member in group["members"]] for group in answers[5].json()] == [[1, 2]]
    assert public.get("/api/lookup", params={"id": PROTECTED[0]}).status_code == 404
    assert len(public.get("/api/colors").content) == 3 * len(shown)
    assert public.get("/api/reports/cluster/20260101T000000.000000Z").status_code == 404
    assert public.get("/api/tables").json() == {"tables": [], "failures": [], "pending": []}


def test_the_atlas_of_public_artworks_has_no_pixel_of_others(public: TestClient) -> None:
    import numpy as np
    from PIL import Image

    shown = [one for one in IDS if one not in PROTECTED]
    pages = np.asarray(Image.open(io.BytesIO(public.get("/api/atlas/0.jpg").content)).convert("RGB"))
    assert len(shown) < COUNT
    assert (pages[:48, 64 * len(shown) + 8 :] > 250).all() and (pages[64 + 8 :] > 250).all()


def test_a_password_is_not_in_a_report(shown: Archive) -> None:
    from jobs.serve import job

    values = job._parse(["--archive", shown.uri, "--password", PASSWORD]).values
    assert PASSWORD not in str(job._parser.by_flag(values)) and job._parser.by_flag(values)["password"] == "(secret)"
