"""`python -m tests.bench [--cases N ...] [--db sqlite|postgresql] [--seconds S]`: the pages beside the floor, in one run."""

import argparse
import http.cookiejar
import re
import secrets
import tempfile
import urllib.parse
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests import postgres
from tests.bench import fill, floor
from tests.bench.load import emit, load, served

DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "shared_buffers": "512MB"}


def signed_in(port: int, email: str, pass_phrase: str) -> tuple[dict[str, str], str]:
    """Sign in over HTTP as a person would; returns the headers of later requests and a CSRF token."""
    jar = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    base = f"http://127.0.0.1:{port}"

    def token(page: str) -> str:
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        assert found, "the page has no CSRF token"
        return found.group(1)

    page = opener.open(base + "/sign-in").read().decode()
    form = {"email": email, "phrase": pass_phrase, "csrf_token": token(page)}
    opener.open(base + "/sign-in", urllib.parse.urlencode(form).encode())
    page = opener.open(base + "/cases/new").read().decode()
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)
    return {"Cookie": cookies, "Accept-Encoding": "identity"}, token(page)


def one_size(database: str, cases: int, seconds: float, url_of: Any) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        product_url, floor_url = url_of(folder, "product"), url_of(folder, "floor")
        known = fill.fill(product_url, folder, cases)
        floor.fill(floor_url, cases)
        workers = 1 if database == "sqlite" else 2
        product_env = {
            "DATABASE_URL": product_url,
            "MAKEGOOD_ENV": "test",
            "MAKEGOOD_INSTANCE": str(folder),  # and with it the keys that the customers are sealed with
        }
        product = stack.enter_context(served("wsgi:app", product_env, workers))
        raw = stack.enter_context(served("tests.bench.floor:app", {"FLOOR_URL": floor_url}, workers))
        headers, csrf = signed_in(product, known["email"], known["pass_phrase"])
        posted = {**headers, "Content-Type": "application/x-www-form-urlencoded"}

        def new_case() -> str:
            return urllib.parse.urlencode(
                {"csrf_token": csrf, "customer": "Cleo Marchetti", "email": "cleo@example.org", "category_id": known["category_id"],
                 "severity": "2", "summary": f"Late parcel {secrets.token_hex(4)}", "description": "It is late", "channel": "desk",
                 "intent": secrets.token_urlsafe(12)}
            )  # fmt: skip

        for clients in (1, 8):
            pairs = {
                "1 open a case": (("POST", "/cases", posted, new_case, 303), ("POST", "/cases", {}, None, 303)),
                "2 queue page": (("GET", "/cases", headers, None, 200), ("GET", "/cases", {}, None, 200)),
                "3 case page": (("GET", "/cases/MG-7", headers, None, 200), ("GET", "/cases/7", {}, None, 200)),
            }
            for name, (ours, theirs) in pairs.items():
                figures = {}
                for who, port, (method, path, sent, body, ok) in (("product", product, ours), ("floor", raw, theirs)):
                    load(port, method, path, clients=clients, seconds=0.5, headers=sent, body=body, ok=ok)
                    figures[who] = load(
                        port, method, path, clients=clients, seconds=seconds, headers=sent, body=body, ok=ok
                    )
                ratio = figures["product"]["rps"] / figures["floor"]["rps"]
                emit(name, database=database, cases=cases, clients=clients, ratio_to_floor=ratio, **figures)
        rare = load(product, "GET", "/search?q=zephyr", clients=1, seconds=seconds, headers=headers)
        emit("2b search, rare word", database=database, cases=cases, clients=1, product=rare)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--db", choices=("sqlite", "postgresql"), nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    for database in options.db:
        for cases in options.cases:
            if database == "sqlite":
                one_size(database, cases, options.seconds, lambda folder, name: f"sqlite:///{folder}/{name}.db")
                continue
            with postgres.server(**DURABLE) as server:

                def url_of(folder: Path, name: str, server: str = server) -> str:
                    from tests.conftest import _admin, _database

                    _admin(server, f'CREATE DATABASE "{name}"')
                    return _database(server, name)

                one_size(database, cases, options.seconds, url_of)


if __name__ == "__main__":
    main()
