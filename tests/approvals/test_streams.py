"""Pages that listen: one watcher for all of them, a bound, a clean end; with real web workers on both databases."""

import http.client
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.approvals import actions as approvals
from app.approvals import live
from app.kernel.database import db
from app.kernel.time import utc_now
from tests.approvals.builders import make_request
from tests.ops.test_serve import ROOT, free_port, wait_until
from tests.people.builders import Company, make_company, sign_in

WORKERS, STREAMS = 2, 3


@pytest.fixture
def company(app: Flask) -> Company:
    return make_company()


def approve(company: Company, exception_id: int) -> None:
    approvals.decide(
        exception_id=exception_id, outcome="approved", amount=None, reason="", actor=company.sam.actor, now=utc_now()
    )


def test_one_watcher_reads_once_a_tick_for_all_and_rests_when_nobody_listens(app: Flask, company: Company) -> None:
    first, second = make_request(company.ana).id, make_request(company.ana).id
    db.session.remove()
    hub = live.Hub(app, most=3, tick_seconds=0.02)
    streams = [hub.open(first, None), hub.open(second, None), hub.open(first, "older")]
    assert hub.open(first, None) is None, "no more than the bound"
    assert streams[2] is not None
    assert streams[2].box.get(timeout=5), "a page that shows something older is told at once"
    ticks = hub.tick_count
    approve(company, first)
    assert streams[0] is not None
    assert streams[0].box.get(timeout=5)
    assert streams[1] is not None
    assert streams[1].box.empty(), "another request's pages are left alone"
    assert hub.tick_count > ticks
    hub.is_leaving = True
    assert [stream.box.get(timeout=5) for stream in streams if stream and stream.box.empty()][:1] == [None]
    assert hub.open(second, None) is None
    for stream in streams:
        assert stream is not None
        hub.close(stream)
    wait_until(lambda: hub._watcher is None, "the watcher stayed")


def test_a_watcher_that_meets_trouble_goes_on_and_pages_that_learn_nothing_are_let_go(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[Exception | None] = [ValueError("a mark that nobody understands"), None]

    def marks(_ids: object) -> dict[int, object]:
        trouble = said[0] if len(said) == 1 else said.pop(0)
        if trouble:
            raise trouble
        return {}

    monkeypatch.setattr(live.step_queries, "marks", marks)
    hub = live.Hub(app, most=3, tick_seconds=0.01)
    stream = hub.open(1, "older")
    assert stream is not None
    assert stream.box.get(timeout=5) is not None, "told by the tick after the trouble"
    said[0] = ValueError("for good")
    assert stream.box.get(timeout=5) is None, "it ends, and its page asks by itself"
    hub.close(stream)


def test_a_watcher_that_dies_ends_its_streams_and_the_next_page_begins_another(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = live.Hub(app, most=3, tick_seconds=0.01)
    with monkeypatch.context() as deadly:
        deadly.setattr(hub, "_tell", lambda _streams: sys.exit())
        stream = hub.open(1, None)
        assert stream is not None
        assert stream.box.get(timeout=5) is None
        wait_until(lambda: hub._watcher is None, "the watcher is still said to be there")
        hub.close(stream)
    # Also one that could say nothing before it died.
    dead = threading.Thread(target=lambda: None)
    dead.start()
    dead.join()
    hub._watcher = dead
    again = hub.open(2, "older")
    assert again is not None
    assert again.box.get(timeout=5) is not None
    hub.close(again)
    wait_until(lambda: hub._watcher is None, "the watcher stayed")


def test_a_stream_beats_tells_and_ends() -> None:
    stream = live.Stream(1, "a")
    said = live.events(stream, beat_seconds=0.01, life_seconds=5)
    assert next(said) == "retry: 2000\n\nevent: beat\ndata: 0\n\n"
    assert next(said) == "event: beat\ndata: 0\n\n"
    stream.box.put("b")
    assert next(said) == "event: changed\ndata: b\n\n"
    stream.box.put(None)
    assert list(said) == []


def test_nobody_listens_to_what_they_may_not_see_or_to_what_is_over(app: Flask, company: Company) -> None:
    request = make_request(company.ana)
    assert sign_in(app.test_client(), company.nia).get(f"/exceptions/{request.ref}/live").status_code == 404  # type: ignore[arg-type]
    approve(company, request.id)
    ana = sign_in(app.test_client(), company.ana)
    assert ana.get(f"/exceptions/{request.ref}/live").status_code == 204
    assert 'data-live="' not in ana.get(f"/exceptions/{request.ref}").text


@contextmanager
def web(url: str, folder: Path) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
    """gunicorn as it is deployed, with two processes."""
    port = free_port()
    own = {
        "MAKEGOOD_ENV": "test", "MAKEGOOD_INSTANCE": str(folder), "DATABASE_URL": url,
        "MAKEGOOD_LIVE_STREAMS": str(STREAMS), "MAKEGOOD_BASE_URL": "http://localhost",
    }  # fmt: skip
    server = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "gunicorn",
            "-c",
            "gunicorn.conf.py",
            "-b",
            f"127.0.0.1:{port}",
            "-w",
            str(WORKERS),
            "wsgi:app",
        ],
        cwd=ROOT,
        env={**os.environ, **own},
    )
    try:
        wait_until(lambda: _ask(port, "/livez", "").status == 200, "no page was answered")
        yield port, server
    finally:
        if server.poll() is None:
            server.kill()
            server.wait()


class _Nobody:
    status = 0


def _ask(port: int, path: str, cookie: str) -> "http.client.HTTPResponse | _Nobody":
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path, headers={"Cookie": cookie, "Host": "localhost", "Connection": "close"})
        return connection.getresponse()
    except OSError:
        return _Nobody()


def _cookie(client: FlaskClient) -> str:
    found = client.get_cookie("makegood")
    assert found is not None
    return f"makegood={found.value}"


def _read_until(stream: http.client.HTTPResponse, word: bytes) -> bool:
    while line := stream.readline():
        if word in line:
            return True
    return False


@pytest.mark.slow
def test_pages_on_several_workers_are_told_at_once_and_let_go_on_a_signal(
    app: Flask, company: Company, database_url: str, tmp_path: Path
) -> None:
    asked_for = make_request(company.ana).id
    request, other = f"EX-{asked_for}", make_request(company.ana).ref
    cookies = [_cookie(sign_in(app.test_client(), person)) for person in (company.ana, company.bo)]
    db.session.remove()
    with web(database_url, tmp_path) as (port, server):
        asked: list[http.client.HTTPResponse | _Nobody] = []
        streams: list[http.client.HTTPResponse] = []
        with ThreadPoolExecutor(
            8
        ) as many:  # until both workers have some; where the system favours one, that one is enough
            while len(streams) <= STREAMS and len(asked) < 120:
                urls = [(f"/exceptions/{request}/live", cookies[number % 2]) for number in range(8)]
                asked += many.map(lambda one: _ask(port, *one), urls)
                streams = [one for one in asked if isinstance(one, http.client.HTTPResponse) and one.status == 200]
        assert STREAMS <= len(streams) <= WORKERS * STREAMS
        assert {answer.status for answer in asked} == {200, 204}, "beyond the bound a page asks by itself"
        assert streams[0].headers["Content-Type"].startswith("text/event-stream")
        assert all(_read_until(stream, b"event: beat") for stream in streams)
        approve(company, asked_for)
        assert all(_read_until(stream, b"event: changed") for stream in streams)
        assert _ask(port, f"/exceptions/{other}/state", cookies[0]).status == 200, "threads are left for pages"
        server.send_signal(signal.SIGTERM)
        assert not any(_read_until(stream, b"event: changed") for stream in streams)
        assert server.wait(60) == 0
