"""The two scans of `make check`: committed secrets, and packages with known holes. Both would rather say nothing than all's well."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.scanners import advisories, leaks
from tests.scanners.advisories import KNOWN_HOLE, NotRun, pins

ANSWERS: dict[str, object] = {}


class Service(BaseHTTPRequestHandler):
    """Answers as OSV does, from ANSWERS: package -> advisories; or the raw body under "raw"."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
        results = [
            {"vulns": [{"id": one, "modified": "2026-01-01T00:00:00Z"} for one in ANSWERS[query["package"]["name"]]]}  # type: ignore[attr-defined]
            if query["package"]["name"] in ANSWERS
            else {}
            for query in asked
        ]
        body = ANSWERS.get("raw") or json.dumps({"results": results})
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(body).encode())

    def log_message(self, *_words: object) -> None:
        return


@pytest.fixture
def service() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    ANSWERS.clear()
    ANSWERS[KNOWN_HOLE[0]] = ["PYSEC-2014-8"]
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_known_hole_is_named_and_the_rest_is_not(service: str) -> None:
    packages = [("flask", "3.1.3"), ("werkzeug", "3.1.9")]
    assert advisories.advisories(packages, service) == {}
    ANSWERS["flask"] = ["GHSA-2", "GHSA-1"]
    assert advisories.advisories(packages, service) == {"flask 3.1.3": ["GHSA-1", "GHSA-2"]}


def test_a_service_that_is_silent_ignorant_or_odd_is_no_success(
    service: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for answers in ({}, {"raw": '{"results": []}'}, {"raw": "no"}, {"raw": "[]"}):
        ANSWERS.clear()
        ANSWERS.update(answers)
        with pytest.raises(NotRun):
            advisories.advisories([("flask", "3.1.3")], service)
    monkeypatch.setenv("MAKEGOOD_OSV_URL", "http://127.0.0.1:9")
    assert (advisories.main([]), advisories.main(["--strict"])) == (0, 1)
    said = capsys.readouterr().out
    assert said.count("NOT RUN") == 2 and "known holes" not in said


def test_every_package_of_the_lock_is_asked_about() -> None:
    lock = advisories.LOCK.read_text(encoding="utf-8")
    found = pins(lock)
    assert len(found) == len({name for name, _version in found}) == lock.count("==")
    assert pins("psycopg[binary]==3.3.9 ; x\\\n    --hash=sha256:00\nFlask==3.1.3\n") == [
        ("psycopg", "3.3.9"),
        ("flask", "3.1.3"),
    ]


def test_the_search_for_secrets_sees_each_planted_one_and_no_placeholder() -> None:
    for what, text in leaks.planted().items():
        assert [(1, what)] == [one for one in leaks.leaks(text) if one[1] == what]
    for text in ('SECRET_KEY = "change-me-change-me-change-me"', "imaps://USER:PASSWORD@HOST/FOLDER", 'token = "…"'):
        assert list(leaks.leaks(text)) == []


def test_no_secret_is_committed(capsys: pytest.CaptureFixture[str]) -> None:
    assert leaks.main() == 0, capsys.readouterr().out
