"""`make scan`: every scanner first on an application full of holes, then on the product; the last line says what came of it."""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.counts import count
from tests.scanners import knocking, served, source
from tests.scanners.findings import Finding, Justified, NotRun, justifications, sift

ORDER = ("bandit", "semgrep", "wapiti", "sqlmap")
# What each scanner must see in planted.py; semgrep must see one hole for each of our rules.
BANDIT_SEES = {"B301", "B608", "B704"}
WAPITI_SEES = {"SQL Injection", "Reflected Cross Site Scripting", "Cross Site Request Forgery", "Open Redirect"}
# Whoever may change most comes last, since a scan presses every button.
ROLES = ("auditor", "hr", "frontline", "supervisor", "manager", "admin")
ADDRESSES_MAX = count(30, 18)
SQLMAP_SECONDS_MAX = (
    300  # so that a whole scan ends within twelve minutes; what was not reached is told, and too much of it fails
)


def main() -> int:
    began, report = time.monotonic(), Report(justifications())
    with tempfile.TemporaryDirectory(prefix="makegood-scan-") as name:
        folder = Path(name)
        report.scanner("bandit", lambda: _bandit(report))
        report.scanner("semgrep", lambda: _semgrep(report))
        with served.planted() as hole:
            report.scanner("wapiti", lambda: _sees_wapiti(hole, folder))
            report.scanner("sqlmap", lambda: _sees_sqlmap(hole, folder))
        with served.product(folder) as product:
            report.scanner("wapiti", lambda: _wapiti(report, product, folder))
            report.scanner("sqlmap", lambda: _sqlmap(report, product, folder))
            report.broken = product.broken_answers()
        components = source.bill_of_materials(folder / "bill-of-materials.json")
    print(
        f"bill of materials: {components} components; known vulnerabilities in them: NOT AUDITED (no advisory data here)"
    )
    print(report.closing(time.monotonic() - began))
    return 0 if report.is_green else 1


class Report:
    """Collects what was found and what did not run; a scanner that did not run is never green."""

    def __init__(self, known: list[Justified]) -> None:
        self.known, self.broken = known, 0
        self.open: dict[str, list[Finding]] = {name: [] for name in ORDER}
        self.failed: dict[str, str] = {}
        self.notes: dict[str, str] = {}
        self.justified = self.stale = 0

    def scanner(self, name: str, work: Callable[[], None]) -> None:
        if name in self.failed:
            return
        try:
            work()
        except NotRun as reason:
            self.failed[name] = str(reason)
            print(f"{name} NOT RUN: {reason}", flush=True)

    def judge(self, name: str, found: list[Finding], note: str = "", *, stale_fails: bool = False) -> None:
        """Keep what nothing justifies. stale_fails: a reason that covers nothing any more is a mistake too."""
        own = [one for one in self.known if one.scanner == name]
        open_ones, stale = sift(found, own)
        self.open[name] += open_ones
        self.justified += len(found) - len(open_ones)
        self.notes[name] = note
        for finding in open_ones:
            print(finding, flush=True)
        for one in stale if stale_fails else ():
            self.stale += 1
            print(f"justified.toml: {one.scanner} {one.rule} in {one.place} is found no more; remove it", flush=True)

    @property
    def is_green(self) -> bool:
        return not (self.failed or self.stale or self.broken or any(self.open.values()))

    def closing(self, seconds: float) -> str:
        said = [
            f"{name} NOT RUN" if name in self.failed else f"{name} {len(self.open[name])}{self.notes.get(name, '')}"
            for name in ORDER
        ]
        rest = f"answers with 5xx {self.broken}, justified {self.justified}, {seconds:.0f} s"
        return f"scanners: {', '.join(said)}; {rest}"


def _bandit(report: Report) -> None:
    _sees("bandit", {one.rule for one in source.bandit([source.PLANTED_PYTHON])}, BANDIT_SEES)
    report.judge("bandit", source.bandit(), stale_fails=True)


def _semgrep(report: Report) -> None:
    planted = source.semgrep([source.PLANTED_PYTHON, source.PLANTED_TEMPLATE])
    _sees("semgrep", {one.rule for one in planted}, source.rule_names())
    report.judge("semgrep", source.semgrep(), f" ({len(source.rule_names())} own rules)", stale_fails=True)


def _sees_wapiti(hole: str, folder: Path) -> None:
    _sees("wapiti", {one.rule for one in knocking.wapiti(hole, folder, "planted").findings}, WAPITI_SEES)


def _sees_sqlmap(hole: str, folder: Path) -> None:
    found = knocking.sqlmap(f"{hole}/guests?name=Cleo", folder).findings
    _sees("sqlmap", {one.rule for one in found}, {"injection"})


def _sees(name: str, seen: set[str], planted: set[str]) -> None:
    if planted - seen:
        raise NotRun(
            f"it does not see the planted {', '.join(sorted(planted - seen))}, so its silence would say nothing"
        )


def _wapiti(report: Report, product: served.Served, folder: Path) -> None:
    found: list[Finding] = []
    pages = 0
    for role in ROLES:
        knocked = knocking.wapiti(product.url, folder, role, product.cookie_of(served.ROLES[role]))
        found += knocked.findings
        pages += knocked.looked_at
    if pages < 5 * len(ROLES):
        raise NotRun(f"it saw only {pages} pages, so it was hardly signed in")
    report.judge("wapiti", found, f" ({len(ROLES)} roles, {pages} pages)")


def _sqlmap(report: Report, product: served.Served, folder: Path) -> None:
    asked: dict[str, tuple[str, list[str]]] = {}
    for role in ROLES:
        cookie = product.cookie_of(served.ROLES[role])
        # The ones with the most parameters first: they are the searches and the filters. Each is tried as the first role that sees it.
        new = [url for url in knocking.addresses(product, cookie) if url not in asked]
        new.sort(key=lambda url: (-url.count("="), url))
        asked |= {url: (cookie, []) for url in new[: ADDRESSES_MAX // (len(ROLES) + 1)]}
    token = product.token_of(served.ROLES["manager"])
    api = sorted(knocking.api_addresses(product, token), key=lambda url: (-url.count("="), url))
    bearer = [f"Authorization: Bearer {token}"]
    asked |= dict.fromkeys(api[: ADDRESSES_MAX - len(asked)], ("", bearer))
    until = time.monotonic() + SQLMAP_SECONDS_MAX
    tried = [
        knocking.sqlmap(url, folder, cookie=cookie, headers=headers)
        if time.monotonic() < until
        else knocking.Knocked((), 0, is_cut=True)
        for url, (cookie, headers) in asked.items()
    ]
    cut = sum(one.is_cut for one in tried)
    if cut > len(tried) // 4:
        raise NotRun(f"its time ran out on {cut} of {len(tried)} addresses")
    note = f" ({len(ROLES)} roles, {len(tried) - cut} addresses, {sum(one.looked_at for one in tried)} parameters, {cut} cut short)"
    report.judge("sqlmap", [finding for one in tried for finding in one.findings], note)


if __name__ == "__main__":
    sys.exit(main())
