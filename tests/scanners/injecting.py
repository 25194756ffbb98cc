"""sqlmap on each parameter of each kind of address, as somebody who sees it, within bounds that follow how fast the product answers.

The served database is SQLite, and sqlmap is told so. Below level 3 and risk 2 it knows two techniques for it, and both are used: a
condition that changes the answer (B) and UNION (U). Its errors, stacked queries and waiting times for SQLite begin above, the last with
queries that are heavy on purpose; so no answer is ever timed, and a slow page can't be taken for a hole.
"""

import hashlib
import re
import statistics
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from tests.counts import count
from tests.scanners.findings import Finding, NotRun, TooSlow
from tests.scanners.source import run

LEVEL = count(2, 1)
PARAMETERS_MAX = count(160, 40)
AT_ONCE = 2
# Of one parameter without a hole: 19 at level 1 and 78 at level 2 were counted, and a page that changes is asked more often.
REQUESTS_MAX = {1: 40, 2: 160}
START_SECONDS, OWN_SECONDS = 25, 0.08  # sqlmap's own: to begin, and to compare one answer
PATIENCE = 4  # how much longer a second try may take, alone
CUT_MAX = 0.1  # of all parameters; beyond it the scan is no scan
_NUMBER = re.compile(r"\d+")
_SAID_NO = "do not appear to be injectable"
_SAID_YES = "identified the following injection point"


@dataclass(frozen=True, slots=True)
class Target:
    """One address, who asks for it, and which of its parameters are tried. seconds: how long one answer takes."""

    url: str
    names: tuple[str, ...]
    who: str = ""
    cookie: str = ""
    headers: tuple[str, ...] = ()
    seconds: float = 0.1

    @property
    def place(self) -> str:
        return urllib.parse.urlsplit(self.url).path

    def bound(self, level: int = LEVEL) -> int:
        """How many seconds it may take while as many others are tried as may be at once."""
        return round(START_SECONDS + len(self.names) * REQUESTS_MAX[level] * (self.seconds + OWN_SECONDS) * AT_ONCE)


@dataclass(frozen=True, slots=True)
class Tried:
    target: Target
    findings: tuple[Finding, ...] = ()
    is_cut: bool = False


def kind_of(url: str) -> str:
    """The address without its numbers: what leads to the same code."""
    return _NUMBER.sub("N", urllib.parse.urlsplit(url).path)


def names_of(url: str) -> tuple[str, ...]:
    return tuple(sorted(urllib.parse.parse_qs(urllib.parse.urlsplit(url).query, keep_blank_values=True)))


def shared_out(seen: Mapping[str, Sequence[str]], *, parameters_max: int = PARAMETERS_MAX) -> list[Target]:
    """Give each parameter of each kind of address to one who sees it, turn by turn, and each of them their widest search anyway.

    seen: the addresses with parameters that each of them found. Ends at parameters_max, the widest addresses first.
    """
    taken: set[tuple[str, str]] = set()
    waiting = {who: sorted(set(urls), key=lambda url: (-len(names_of(url)), url)) for who, urls in seen.items()}
    found = [Target(urls[0], names_of(urls[0])[:2], who) for who, urls in waiting.items() if urls]
    taken |= {(kind_of(one.url), name) for one in found for name in one.names}
    room = parameters_max - sum(len(one.names) for one in found)
    while room > 0 and any(waiting.values()):
        for who, urls in waiting.items():
            while urls:
                url = urls.pop(0)
                new = tuple(name for name in names_of(url) if (kind_of(url), name) not in taken)[: max(0, room)]
                if new:
                    taken |= {(kind_of(url), name) for name in new}
                    room -= len(new)
                    found.append(Target(url, new, who))
                    break
    return found


def known(seen: Mapping[str, Sequence[str]]) -> int:
    """How many parameters of how many kinds of addresses there are."""
    return len({(kind_of(url), name) for urls in seen.values() for url in urls for name in names_of(url)})


def timed(ask: Callable[[], object]) -> float:
    """The middle of three answers, in seconds."""
    took = []
    for _ in range(3):
        began = time.monotonic()
        ask()
        took.append(time.monotonic() - began)
    return statistics.median(took)


def sqlmap(target: Target, folder: Path, *, seconds_max: int | None = None) -> Tried:
    """Try the named parameters of one address. Its notes lie in a folder of its own, so that several may run at once."""
    own = hashlib.sha256(f"{target.who} {target.url}".encode()).hexdigest()[:16]
    arguments = [
        "sqlmap", "-u", target.url, "-p", ",".join(target.names), "--batch", "--level", str(LEVEL), "--risk", "1",
        "--technique", "BU", "--dbms", "SQLite", "--threads", "1", "--keep-alive", "--flush-session", "--disable-coloring",
        "--output-dir", str(folder / "sqlmap" / own), "--tmp-dir", str(folder / "sqlmap" / f"{own}-tmp"), "--timeout", "30",
        "--retries", "0", "--skip-waf", "-v", "1",
    ]  # fmt: skip
    if target.cookie:
        arguments += ["--cookie", target.cookie]
    for header in target.headers:
        arguments += ["-H", header]
    (folder / "sqlmap" / f"{own}-tmp").mkdir(parents=True, exist_ok=True)
    try:
        said = run(arguments, good=(0, 1), seconds_max=seconds_max or target.bound())
    except TooSlow:
        return Tried(target, is_cut=True)
    if _SAID_YES in said:
        words = f"{said.partition(_SAID_YES)[2][:300]} (as {target.who})"
        return Tried(target, (Finding("sqlmap", "injection", target.place, words),))
    if _SAID_NO not in said:
        raise NotRun(f"sqlmap did not finish with {target.place}: {said.strip().splitlines()[-3:]}")
    return Tried(target)


def try_all(targets: Sequence[Target], folder: Path) -> list[Tried]:
    """Try them, the longest first and two at once; what was cut short gets more time, alone."""
    longest_first = sorted(targets, key=lambda one: -one.bound())
    with ThreadPoolExecutor(AT_ONCE) as pool:
        tried = list(pool.map(lambda one: sqlmap(one, folder), longest_first))
    return [
        sqlmap(one.target, folder, seconds_max=PATIENCE * one.target.bound()) if one.is_cut else one for one in tried
    ]


def with_answer_times(targets: Sequence[Target], ask: Callable[[Target], object]) -> Iterator[Target]:
    for one in targets:
        yield replace(one, seconds=timed(lambda one=one: ask(one)))  # type: ignore[misc]


def is_enough(tried: Sequence[Tried]) -> bool:
    """Whether so few parameters were cut short that the scan says something."""
    cut = sum(len(one.target.names) for one in tried if one.is_cut)
    return cut <= CUT_MAX * sum(len(one.target.names) for one in tried)
