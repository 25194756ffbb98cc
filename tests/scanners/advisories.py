"""Known holes in the packages of the production lock, asked of an OSV service. `python -m tests.scanners.advisories`

Never a false success: where nobody answers, or the service doesn't know a hole that everybody knows, it says NOT RUN.
`--strict` makes that an error too. MAKEGOOD_OSV_URL names another service than the public one.
"""

import json
import os
import re
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements.txt"
SERVICE = "https://api.osv.dev"
SECONDS_MAX = 10
BYTES_MAX = 20_000_000
KNOWN_HOLE = ("jinja2", "2.4.1")  # CVE-2014-1402 and later ones
# Advisory -> why it doesn't touch us, and until when that holds. Empty: nothing is waved through.
JUSTIFIED: Mapping[str, str] = {}
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)


class NotRun(Exception):
    """Nothing can be said about the packages; the text says why."""


def pins(lock: str) -> list[tuple[str, str]]:
    """Return (name, version) of every pinned package."""
    return [(name.lower(), version) for name, version in _PIN.findall(lock)]


def advisories(packages: Sequence[tuple[str, str]], service: str) -> dict[str, list[str]]:
    """Return package -> advisories, for those that have any; raises NotRun."""
    asked = [*packages, KNOWN_HOLE]
    queries = [{"package": {"name": name, "ecosystem": "PyPI"}, "version": version} for name, version in asked]
    results = _ask(service, {"queries": queries}).get("results")
    if not isinstance(results, list) or len(results) != len(asked):
        raise NotRun("the service did not answer for every package")
    said = [sorted(str(one["id"]) for one in (result or {}).get("vulns") or []) for result in results]
    if any((result or {}).get("next_page_token") for result in results):
        raise NotRun("the service has more to say than was read")
    if not said[-1]:
        raise NotRun(f"the service doesn't know of {KNOWN_HOLE[0]} {KNOWN_HOLE[1]}, so its silence means nothing")
    return {f"{name} {version}": ids for (name, version), ids in zip(packages, said[:-1], strict=True) if ids}


def _ask(service: str, body: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(
        f"{service.rstrip('/')}/v1/querybatch", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=SECONDS_MAX) as answer:
            found = json.loads(answer.read(BYTES_MAX))
    except (OSError, ValueError) as failure:
        raise NotRun(f"no answer ({type(failure).__name__})") from None
    if not isinstance(found, dict):
        raise NotRun("the answer is not what was asked for")
    return found


def main(arguments: Sequence[str]) -> int:
    packages = pins(LOCK.read_text(encoding="utf-8"))
    try:
        found = advisories(packages, os.environ.get("MAKEGOOD_OSV_URL", SERVICE))
    except NotRun as why:
        print(f"dependencies: NOT RUN, {why}; nothing is known about {len(packages)} packages, which is no success")
        return 1 if "--strict" in arguments else 0
    open_ones = {package: [one for one in ids if one not in JUSTIFIED] for package, ids in found.items()}
    for package, ids in open_ones.items():
        if ids:
            print(f"{package}: {', '.join(ids)}")
    count = sum(map(len, open_ones.values()))
    print(f"dependencies: {count} known holes in {len(packages)} packages")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
