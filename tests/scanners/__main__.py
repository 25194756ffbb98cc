"""`make scan`: every scanner first on an application full of holes, then on the product; the last line says what came of it."""

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tests.scanners import injecting, knocking, planted, served, source
from tests.scanners.findings import Finding, Incomplete, Justified, NotRun, justifications, sift

ORDER = ("bandit", "semgrep", "wapiti", "sqlmap")
# What each scanner must see in planted.py; semgrep must see one hole for each of our rules.
BANDIT_SEES = {"B301", "B608", "B704"}
WAPITI_SEES = {"SQL Injection", "Reflected Cross Site Scripting", "Cross Site Request Forgery", "Open Redirect"}
# Whoever may change most comes last, since a scan presses every button.
ROLES = ("auditor", "hr", "frontline", "supervisor", "manager", "admin")


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
            self.failed[name] = reason.word
            print(f"{name} {reason.word}: {reason}", flush=True)

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
        said = []
        for name in ORDER:
            word = self.failed.get(name, "" if name in self.notes else NotRun.word)
            found = "" if word == NotRun.word else f"{len(self.open[name])}{self.notes[name]}"
            said.append(" ".join(filter(None, (name, word, found))))
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
    # A few pages, so a longer bound costs nothing where the machine is idle, and a busy one isn't taken for blindness.
    seen: set[str] = set()
    for patience in (1, 4, 16):
        seen |= {one.rule for one in knocking.wapiti(hole, folder, f"planted-{patience}", patience=patience).findings}
        if seen >= WAPITI_SEES:
            break
    _sees("wapiti", seen, WAPITI_SEES)


def _sees_sqlmap(hole: str, folder: Path) -> None:
    """Each planted injection, by the same call as the product's own: text, number, search, and one that only a token opens."""
    token = (f"Authorization: Bearer {planted.TOKEN}",)
    targets = [
        injecting.Target(f"{hole}/guests?name=Cleo", ("name",)),
        injecting.Target(f"{hole}/rooms?room=12&sort=name", ("room", "sort"), cookie=planted.COOKIE),
        injecting.Target(f"{hole}/found?q=leo", ("q",), headers=token),
    ]
    for one in injecting.try_all(targets, folder):
        _sees(
            "sqlmap", {f"{found.rule} in {found.place}" for found in one.findings}, {f"injection in {one.target.place}"}
        )
    # And it finds none where there is none.
    safe = injecting.sqlmap(injecting.Target(f"{hole}/safe?name=Cleo", ("name",)), folder)
    if safe.findings or safe.is_cut:
        raise NotRun("it finds an injection where values are bound")


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
    cookies = {role: product.cookie_of(served.ROLES[role]) for role in ROLES}
    token = product.token_of(served.ROLES["manager"])
    seen = {role: knocking.addresses(product, cookie) for role, cookie in cookies.items()}
    seen["a program"] = knocking.api_addresses(product, token)
    targets = [
        replace(
            one,
            cookie=cookies.get(one.who, ""),
            headers=() if one.who in cookies else (f"Authorization: Bearer {token}",),
        )
        for one in injecting.shared_out(seen)
    ]
    targets = list(
        injecting.with_answer_times(
            targets, lambda one: knocking.page_of(one.url, one.cookie, "" if one.cookie else token)
        )
    )
    tried = injecting.try_all(targets, folder)
    cut = [name for one in tried if one.is_cut for name in one.target.names]
    parameters = sum(len(one.target.names) for one in tried)
    done = len(
        {(injecting.kind_of(one.target.url), name) for one in tried if not one.is_cut for name in one.target.names}
    )
    report.judge(
        "sqlmap",
        [finding for one in tried for finding in one.findings],
        f" ({len({one.who for one in targets} & set(ROLES))} roles and a program, {len(tried)} addresses, "
        f"{done} of {injecting.known(seen)} parameters, level {injecting.LEVEL}, {len(cut)} cut short)",
    )
    if not injecting.is_enough(tried):
        places = ", ".join(sorted({one.target.place for one in tried if one.is_cut}))
        raise Incomplete(f"its time ran out on {len(cut)} of {parameters} parameters: {places}")


if __name__ == "__main__":
    sys.exit(main())
