"""Wapiti, signed in as each role; and the walk over pages and API description that finds the parameters for sqlmap."""

import html
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from tests.counts import count
from tests.scanners.findings import Finding, NotRun
from tests.scanners.served import Served
from tests.scanners.source import ROOT, run

WAPITI = ROOT / ".venv-scanners" / "web" / "bin" / "wapiti"
MODULES = "sql,xss,permanentxss,csrf,http_headers,cookieflags,redirect,csp,file,exec,crlf"
# Per role: the first bound ends the walk over the pages, the second each of the eleven kinds of attack.
WALK_SECONDS, ATTACK_SECONDS = count(16, 12), count(3, 2)
PAGES_MAX = count(40, 25)
# Leaving would end the scan, and the language switch only sets a cookie.
NEVER = ("/sign-out", "/static/", "/livez", "/readyz")
_LINK = re.compile(r'(?:href|hx-get|action)="(/[^"#]*)"')
_FORM = re.compile(r"<form\b([^>]*)>(.*?)</form>", re.DOTALL)
_FIELD = re.compile(r'<(?:input|select|textarea)\b[^>]*\bname="([^"]+)"(?:[^>]*\bvalue="([^"]*)")?')
_SELECT = re.compile(r'<select\b[^>]*\bname="([^"]+)"[^>]*>(.*?)</select>', re.DOTALL)
_OPTION = re.compile(r'<option\b[^>]*\bvalue="([^"]*)"')
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Knocked:
    """What wapiti found, and how many pages it looked at."""

    findings: tuple[Finding, ...]
    looked_at: int


def wapiti(url: str, folder: Path, who: str, cookie: str = "", *, patience: int = 1) -> Knocked:
    """Walk the pages as one person and try every form and parameter within the bounds, or `patience` times as long."""
    walk, attack = WALK_SECONDS * patience, ATTACK_SECONDS * patience
    report = folder / f"wapiti-{who}.json"
    arguments = [
        str(WAPITI), "-u", f"{url}/", "--scope", "domain", "-m", MODULES, "--max-scan-time", str(walk),
        "--max-attack-time", str(attack), "--max-links-per-page", "60", "-d", "4", "--max-parameters", "15",
        "--no-bugreport", "--flush-session", "--store-session", str(folder / f"wapiti-{who}"), "--drop-set-cookie",
        "-f", "json", "-o", str(report), "-v", "0",
    ]  # fmt: skip
    for path in NEVER:
        arguments += ["-x", f"{url}{path}*"]
    if cookie:
        arguments += ["-H", f"Cookie: {cookie}"]
    run(arguments, good=(0,), seconds_max=walk + 14 * (attack + 12 * patience))
    if not report.is_file():
        raise NotRun(f"wapiti wrote no report as {who}")
    said = json.loads(report.read_text(encoding="utf-8"))
    found = [
        Finding(
            "wapiti", name, f"{one['method']} {one['path']}", f"{one['info']} (as {who}, parameter {one['parameter']})"
        )
        for kind in ("vulnerabilities", "anomalies")
        for name, ones in said[kind].items()
        for one in ones
    ]
    return Knocked(tuple(found), int(said["infos"]["crawled_pages_nbr"]))


def addresses(served: Served, cookie: str, *, pages_max: int = PAGES_MAX) -> list[str]:
    """Walk the pages and return each address that takes parameters once, with values for all of them."""
    waiting, seen, read = ["/"], {"/"}, 0
    shapes: dict[tuple[str, tuple[str, ...]], str] = {}
    while waiting and read < pages_max:
        page = page_of(served.url + waiting.pop(0), cookie)
        read += 1
        found = [html.unescape(link) for link in _LINK.findall(page)] + list(_searches(page))
        for link in found:
            path, _, query = link.partition("?")
            names = tuple(sorted(urllib.parse.parse_qs(query, keep_blank_values=True)))
            if names and not path.startswith(NEVER):
                shapes.setdefault((_NUMBER.sub("N", path), names), served.url + link)
            if _NUMBER.sub("N", path) not in seen and not path.startswith(NEVER):
                seen.add(_NUMBER.sub("N", path))
                waiting.append(link)
    # One that takes all that another of the same path takes stands for both.
    return sorted(
        url
        for (path, names), url in shapes.items()
        if not any(path == other and set(names) < set(more) for other, more in shapes)
    )


def api_addresses(served: Served, token: str) -> list[str]:
    """Every GET of the API that takes parameters, from its own description."""
    said = json.loads(page_of(f"{served.url}/api/v1/openapi.json", "", token))
    found, root = [], urllib.parse.urlsplit(said["servers"][0]["url"]).path
    for path, operations in said["paths"].items():
        names = [one["name"] for one in operations.get("get", {}).get("parameters", []) if one.get("in") == "query"]
        if names:
            full = re.sub(r"\{[^}]+\}", "resolution" if "metrics" in path else "1", path)
            found.append(served.url + root + full + "?" + urllib.parse.urlencode(dict.fromkeys(names, "1")))
    return found


def _searches(page: str) -> list[str]:
    """Addresses that the page's own GET forms would ask for."""
    found = []
    for head, body in _FORM.findall(page):
        action = re.search(r'action="(/[^"]*)"', head)
        if action and 'method="post"' not in head:
            values = {name: html.unescape(value) or "a" for name, value in _FIELD.findall(body)}
            for name, options in _SELECT.findall(body):
                values[name] = next((one for one in _OPTION.findall(options) if one), "a")
            found.append(html.unescape(action.group(1)).partition("?")[0] + "?" + urllib.parse.urlencode(values))
    return found


def page_of(url: str, cookie: str, token: str = "") -> str:
    headers = {"Cookie": cookie} if cookie else {}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=20) as answer:
            kind = answer.headers.get_content_type()
            return answer.read().decode() if kind in ("text/html", "application/json") else ""
    except (urllib.error.HTTPError, UnicodeDecodeError):
        return ""
