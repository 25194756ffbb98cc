"""The product on a port of its own, with a small demo company in a folder that is thrown away, for scanners that knock."""

import http.client
import os
import re
import secrets
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask import Flask

from tests.scanners.findings import NotRun

ROOT = Path(__file__).resolve().parents[2]
DAYS = 12
START_SECONDS = 240  # a server loads for three seconds of processor, and the machine may have much else to do
# One person of each role; whoever may change most comes last, since a scan presses every button.
ROLES = {"auditor": "audra", "hr": "hana", "frontline": "ana", "supervisor": "sam", "manager": "max", "admin": "ada"}
_TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
_FAILED = re.compile(r"^makegood_requests_total\{[^}]*5xx[^}]*\} (\d+)", re.MULTILINE)


def application() -> Flask:
    """What the server loads: the product as it is, but for the limits of requests, behind which no scanner would see much."""
    from app import create_app

    return create_app(API_PER_MINUTE=1_000_000, API_BURST=1_000_000, PAGE_BURST=1_000_000)


@dataclass
class Served:
    url: str
    folder: Path
    phrase: str
    environment: dict[str, str]

    def cookie_of(self, box: str) -> str:
        """Sign a demo person in and return the session's cookie as `name=value`."""
        page, cookies = self._ask("/sign-in", {}, None)
        found = _TOKEN.search(page)
        sent = {
            "email": f"{box}@makegood.example",
            "phrase": self.phrase,
            "csrf_token": found.group(1) if found else "",
        }
        _page, cookies = self._ask("/sign-in", cookies, sent)
        cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
        if "sign-out" not in self._ask("/", cookies, None)[0]:
            raise NotRun(f"{box} could not sign in")
        return cookie

    def _ask(self, path: str, cookies: dict[str, str], sent: dict[str, str] | None) -> tuple[str, dict[str, str]]:
        """One request without following; over plain HTTP a jar would keep the Secure cookie back, so it is carried by hand."""
        host = urllib.parse.urlsplit(self.url).netloc
        connection = http.client.HTTPConnection(host, timeout=20)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
        body = None
        if sent is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urllib.parse.urlencode(sent)
        connection.request("GET" if sent is None else "POST", path, body, headers)
        answer = connection.getresponse()
        page = answer.read().decode()
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = line.partition(";")[0].partition("=")
            cookies = {**cookies, name: value}
        connection.close()
        return page, cookies

    def token_of(self, box: str) -> str:
        said = self.flask("token", "create", "--email", f"{box}@makegood.example", "--name", "scan")
        found = re.search(r"mg_\S+", said)
        if not found:
            raise NotRun(f"no API token for {box}: {said[-200:]}")
        return found.group()

    def flask(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "wsgi", *arguments],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise NotRun(f"flask {' '.join(arguments[:2])}: {(done.stderr or done.stdout).strip()[-300:]}")
        return done.stdout

    def broken_answers(self) -> int:
        """How many answers of this server were 5xx, by its own count."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=20) as answer:
            return sum(int(found) for found in _FAILED.findall(answer.read().decode()))


@contextmanager
def product(folder: Path) -> Iterator[Served]:
    port = free_port()
    environment = {
        **os.environ,
        "MAKEGOOD_ENV": "development",
        "MAKEGOOD_INSTANCE": str(folder),
        "DATABASE_URL": f"sqlite:///{folder / 'scanned.db'}",
        "MAKEGOOD_BASE_URL": f"https://127.0.0.1:{port}",
        "SECRET_KEY": secrets.token_hex(32),
    }
    served = Served(f"http://127.0.0.1:{port}", folder, "", environment)
    served.flask("db", "upgrade")
    served.flask("demo", "--days", str(DAYS))
    served.phrase = (folder / "demo-pass-phrase").read_text(encoding="utf-8").strip()
    command = [
        sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "--bind", f"127.0.0.1:{port}", "--workers", "1",
        "tests.scanners.served:application()",
    ]  # fmt: skip
    with (folder / "served.log").open("w") as log, running(command, f"{served.url}/livez", environment, log.fileno()):
        yield served


@contextmanager
def planted() -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "tests.scanners.planted", str(port)]
    with running(command, f"http://127.0.0.1:{port}/", dict(os.environ), subprocess.DEVNULL):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def running(command: list[str], url: str, environment: dict[str, str], log: int) -> Iterator[None]:
    """Start a server, wait until it answers, and stop it by its own process id."""
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        until = time.monotonic() + START_SECONDS
        while not _answers(url):
            if server.poll() is not None or time.monotonic() > until:
                raise NotRun(f"{command[2]} does not answer on {url}")
            time.sleep(0.1)
        yield
    finally:
        server.terminate()
        try:
            server.wait(timeout=15)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
