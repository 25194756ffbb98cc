"""What a scanner found, and which of it was looked at and left, each with its reason."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

JUSTIFIED = Path(__file__).with_name("justified.toml")


class NotRun(Exception):
    """A scanner could not do its work; its words say why. Never the same as finding nothing."""

    word = "NOT RUN"


class TooSlow(NotRun):
    """It was stopped at its bound."""


class Incomplete(NotRun):
    """It ran, and so much of its work was cut short that its silence about the rest says nothing."""

    word = "INCOMPLETE"


@dataclass(frozen=True, slots=True)
class Finding:
    """place: a path from the project's folder, or an address of the served product; text: the line, or the scanner's words."""

    scanner: str
    rule: str
    place: str
    text: str
    line: int = 0

    def __str__(self) -> str:
        where = f"{self.place}:{self.line}" if self.line else self.place
        return f"{self.scanner} {self.rule} {where}: {self.text.strip()[:160]}"


@dataclass(frozen=True, slots=True)
class Justified:
    """A finding that stays. place: a pattern with *; text: a part of the line, empty for any; reason: why it is no hole."""

    scanner: str
    rule: str
    place: str
    reason: str
    text: str = ""

    def covers(self, finding: Finding) -> bool:
        return (
            (self.scanner, self.rule) == (finding.scanner, finding.rule)
            and fnmatch(finding.place, self.place)
            and self.text in finding.text
        )


def justifications(path: Path = JUSTIFIED) -> list[Justified]:
    """Read the file of reasons; one without a reason is refused."""
    found = [Justified(**one) for one in tomllib.loads(path.read_text(encoding="utf-8"))["justified"]]
    for one in found:
        if len(one.reason.split()) < 4:
            raise NotRun(f"{path.name}: say why {one.rule} in {one.place} is no hole")
    return found


def sift(findings: Iterable[Finding], known: list[Justified]) -> tuple[list[Finding], list[Justified]]:
    """Return the findings that nothing justifies, and the justifications that cover nothing (of these scanners)."""
    findings = list(findings)
    open_ones = [finding for finding in findings if not any(one.covers(finding) for one in known)]
    stale = [one for one in known if not any(one.covers(finding) for finding in findings)]
    return open_ones, stale
