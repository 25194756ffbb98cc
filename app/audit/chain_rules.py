"""What makes a chain whole: one pass over seals with what they seal; pure and of constant memory."""

import hashlib
from dataclasses import dataclass
from typing import Any

import orjson
from flask_babel import lazy_gettext as _l

from app.audit.rules import GENESIS

# An entry is sealed within 0.1 s; one that waits longer than this means that the sealer stands still or was kept away.
UNSEALED_SECONDS_MAX = 60

# How each problem is told. A problem's name is stable, for scripts.
SENTENCES = {
    "number-missing": _l("A seal is missing: the numbers are not dense."),
    "entry-missing": _l("The entry that this number seals is gone."),
    "content-changed": _l("The entry's stored bytes are not what was sealed."),
    "chain-broken": _l("The link to the number before does not hold."),
    "columns-changed": _l("A column says something else than the sealed bytes."),
    "payload-missing": _l("The payload's row is gone; erasure only empties it."),
    "payload-changed": _l("The readable payload is not what was committed to."),
    "tail-cut": _l("The chain ends before the head that was kept outside."),
    "rewritten": _l(
        "The chain was rewritten at or before this number: it differs from the head that was kept outside."
    ),
    "unsealed-too-long": _l("Entries have been waiting for their seal for more than a minute."),
}


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain at some moment; kept outside the database, it shows a cut tail and a rewritten chain."""

    number: int
    chain_hash: str
    at: str = ""

    def line(self) -> str:
        """One line that `parse_heads` reads again."""
        return f"{self.number} {self.chain_hash} {self.at}".rstrip()


class BadHead(ValueError):
    """A file that should hold heads doesn't; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """The first thing that is wrong. number: the first bad number, or None when no number is at fault."""

    code: str
    number: int | None = None
    entry_id: int | None = None

    @property
    def sentence(self) -> Any:
        return SENTENCES[self.code]


@dataclass(frozen=True, slots=True)
class Report:
    """What a verification found. erased: entries whose payload was emptied, which is fine."""

    problem: Problem | None
    checked: int
    erased: int
    unsealed: int
    unsealed_seconds: float | None  # age of the oldest
    head: Head
    heads_compared: int
    seconds: float

    @property
    def is_whole(self) -> bool:
        return self.problem is None


def parse_heads(text: str) -> list[Head]:
    """Read heads, one a line, as `audit head` or `audit head --json` prints them; ascending by number.

    Raises BadHead for a file without any or with a line that is none.
    """
    heads = [_parse_head(line, place) for place, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not heads:
        raise BadHead("the file holds no head")
    return sorted(heads, key=lambda head: head.number)


def _parse_head(line: str, place: int) -> Head:
    try:
        if line.lstrip().startswith("{"):
            value = orjson.loads(line)
            number, chain, at = value["number"], value["chain_hash"], str(value.get("at", ""))
        else:
            parts = line.split()
            number, chain, at = int(parts[0]), parts[1], " ".join(parts[2:])
    except (ValueError, KeyError, IndexError, TypeError):
        raise BadHead(f"line {place} is no head: a number, 64 hexadecimal digits and an instant are expected") from None
    is_hash = isinstance(chain, str) and len(chain) == 64 and set(chain) <= set("0123456789abcdef")
    if type(number) is not int or number < 0 or not is_hash:
        raise BadHead(f"line {place} is no head: a number, 64 hexadecimal digits and an instant are expected")
    return Head(number, chain, at)


# Seal: number, entry id, content hash, chain hash; entry: content, type, subject, case, site, actor, at, recorded at;
# payload: entry id, salt, payload. The latter two groups are NULL where the row is gone.
SealedRow = tuple[
    int,
    int,
    str,
    str,
    str | None,
    str,
    str,
    int | None,
    int | None,
    int | None,
    str,
    str,
    int | None,
    str | None,
    str | None,
]


class Checker:
    """Walks the chain from `after` (GENESIS: from its start); `take` returns the first problem, then stop.

    Instants arrive as text in UTC: YYYY-MM-DD?HH:MM:SS[.ffffff], whatever stands between date and time.
    """

    __slots__ = ("_heads", "_next_head", "chain", "checked", "erased", "number")

    def __init__(self, heads: list[Head] | None = None, after: Head | None = None) -> None:
        self.number = after.number if after else 0
        self.chain = after.chain_hash if after else GENESIS
        self.checked = 0
        self.erased = 0
        self._heads = [head for head in heads or [] if head.number > self.number]
        self._next_head = self._heads[0].number if self._heads else -1

    def take(self, rows: list[SealedRow]) -> Problem | None:
        """Check a batch of rows in rising order of number."""
        sha256, loads = hashlib.sha256, orjson.loads
        number, chain = self.number, self.chain
        for row in rows:
            number += 1
            if row[0] != number:
                return self._stop(Problem("number-missing", number, None))
            content = row[4]
            if content is None:
                return self._stop(Problem("entry-missing", number, row[1]))
            digest = sha256(b"\x00" + content.encode()).hexdigest()
            if digest != row[2]:
                return self._stop(Problem("content-changed", number, row[1]))
            chain = sha256(f"{chain}:{number}:{row[1]}:{digest}".encode()).hexdigest()
            if chain != row[3]:
                return self._stop(Problem("chain-broken", number, row[1]))
            try:
                said = loads(content)
                differs = (
                    said["type"] != row[5]
                    or said["subject"] != row[6]
                    or said["case"] != row[7]
                    or said["site"] != row[8]
                    or said["actor_id"] != row[9]
                    or not _same_instant(said["at"], row[10])
                    or not _same_instant(said["recorded_at"], row[11])
                )
                commitment = said["commitment"]
            except (ValueError, TypeError, LookupError):  # bytes that no version of the product ever wrote
                differs, commitment = True, ""
            if differs:
                return self._stop(Problem("columns-changed", number, row[1]))
            if row[12] is None:
                return self._stop(Problem("payload-missing", number, row[1]))
            salt, payload = row[13], row[14]
            if salt is None and payload is None:
                self.erased += 1
            elif not _is_committed(commitment, salt, payload):
                return self._stop(Problem("payload-changed", number, row[1]))
            self.checked += 1
            if number == self._next_head and (problem := self._compare_head(number, chain)):
                return self._stop(problem)
        self.number, self.chain = number, chain
        return None

    def finish(self) -> Problem | None:
        """Tell whether the chain reaches every head that was kept outside."""
        return Problem("tail-cut", self.number + 1) if self._heads else None

    def _compare_head(self, number: int, chain: str) -> Problem | None:
        while self._heads and self._heads[0].number == number:
            if self._heads.pop(0).chain_hash != chain:
                return Problem("rewritten", number)
        self._next_head = self._heads[0].number if self._heads else -1
        return None

    def _stop(self, problem: Problem) -> Problem:
        self._heads = []
        return problem


def _same_instant(said: str, column: str) -> bool:
    """Compare the sealed ISO form with a column's text, digit by digit."""
    head, _, fraction = said[:-1].partition(".")
    other_head, _, other_fraction = column.partition(".")
    return (
        said[-1] == "Z"
        and head[:10] == other_head[:10]
        and head[11:19] == other_head[11:19]
        and (fraction or "0").ljust(6, "0") == (other_fraction or "0")[:6].ljust(6, "0")
    )


def _is_committed(commitment: str, salt: str | None, payload: str | None) -> bool:
    if salt is None or payload is None:
        return False
    try:
        return hashlib.sha256(bytes.fromhex(salt) + payload.encode()).hexdigest() == commitment
    except ValueError:
        return False


def unsealed_problem(unsealed: int, oldest_seconds: float | None) -> Problem | None:
    """An entry that waits longer than the sealer ever needs, or claims to come from the future, is a failure."""
    if unsealed and oldest_seconds is not None and abs(oldest_seconds) > UNSEALED_SECONDS_MAX:
        return Problem("unsealed-too-long")
    return None
