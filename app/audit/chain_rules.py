"""What makes a chain whole: one pass over seals with what they seal; pure and of constant memory."""

import hashlib
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from operator import itemgetter
from typing import Any

import orjson
from flask_babel import lazy_gettext as _l

from app.audit.rules import GENESIS
from app.kernel.time import parse_instant

# An entry is sealed within 0.1 s; one that waits longer than this means that the sealer stands still or was kept away.
UNSEALED_SECONDS_MAX = 60
EARLY_MAX = timedelta(hours=1)

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
    "root-differs": _l("The hash tree up to this number has another root than its checkpoint says."),
    "block-changed": _l("A stored part of the hash tree is not what the entries hash to."),
    "checkpoint-forged": _l("This checkpoint is not what the trail's own key signed."),
    "checkpoint-differs": _l("The database holds another checkpoint than the one that was kept outside."),
    "checkpoint-missing": _l("A checkpoint is missing."),
    "checkpoints-swapped": _l("Checkpoints stand in another order than they were signed in."),
    "checkpoint-unreadable": _l("A line of the checkpoints kept outside can't be read."),
    "checkpoints-gone": _l("The checkpoints that were kept outside are gone."),
    "keys-missing": _l("There is no public key to verify the checkpoints with."),
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
    """The first thing that is wrong. number: the first bad number, or None when no number is at fault; serial: the checkpoint's."""

    code: str
    number: int | None = None
    entry_id: int | None = None
    serial: int | None = None

    @property
    def sentence(self) -> Any:
        return SENTENCES[self.code]


@dataclass(frozen=True, slots=True)
class Report:
    """What a verification found. erased: entries whose payload was emptied, which is fine.

    early: how many entries claim to be recorded more than EARLY_MAX before the checkpoint that they come after, and the
    first of them: they were put in later, or a clock ran wrong.
    """

    problem: Problem | None
    checked: int
    erased: int
    unsealed: int
    unsealed_seconds: float | None  # age of the oldest
    head: Head
    heads_compared: int
    seconds: float
    checkpoints_compared: int = 0
    early: int = 0
    first_early: int | None = None

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
# payload: entry id, salt, payload. The latter two groups are NULL where the row is gone. Content and payload are the stored
# bytes.
SealedRow = tuple[
    int,
    int,
    str,
    str,
    bytes | None,
    str,
    str,
    int | None,
    int | None,
    int | None,
    str,
    str,
    int | None,
    str | None,
    bytes | None,
]


class Checker:
    """Walks the chain from `after` (GENESIS: from its start); `take` returns the first problem, then stop.

    Instants arrive as text in UTC: YYYY-MM-DDTHH:MM:SS[.ffffff]Z. `leaves` are the hashes of the entries taken last.
    """

    __slots__ = (
        "_earliest",
        "_heads",
        "_next_head",
        "chain",
        "checked",
        "early",
        "erased",
        "first_early",
        "leaves",
        "number",
    )

    def __init__(self, heads: list[Head] | None = None, after: Head | None = None) -> None:
        self.number = after.number if after else 0
        self.chain = after.chain_hash if after else GENESIS
        self.checked = 0
        self.erased = 0
        self.early = 0
        self.first_early: int | None = None
        self.leaves: list[bytes] = []
        self._heads = deque(head for head in heads or [] if head.number > self.number)
        self._next_head = self._heads[0].number if self._heads else -1
        self._earliest = _an_hour_before(after.at) if after else ""

    def take(self, rows: Sequence[SealedRow]) -> Problem | None:
        """Check a batch of rows in rising order of number. Written for speed: it runs once per entry ever recorded."""
        sha256, loads, unhex, columns_of = hashlib.sha256, orjson.loads, bytes.fromhex, _columns_of
        number, chain, next_head, earliest = self.number, self.chain, self._next_head, self._earliest
        self.leaves = leaves = []
        for (
            found, entry_id, sealed, link, content, kind, subject, case_id, site_id, actor_id, at, recorded_at,
            payload_of, salt, payload,
        ) in rows:  # fmt: skip
            number += 1
            if found != number:
                return self._stop("number-missing", number, None)
            if content is None:
                return self._stop("entry-missing", number, entry_id)
            leaf = sha256(b"\x00" + content)
            digest = leaf.hexdigest()
            if digest != sealed:
                return self._stop("content-changed", number, entry_id)
            chain = sha256(f"{chain}:{number}:{entry_id}:{digest}".encode()).hexdigest()
            if chain != link:
                return self._stop("chain-broken", number, entry_id)
            try:
                said = loads(content)
                columns = (kind, subject, case_id, site_id, actor_id, at, recorded_at)
                differs = columns_of(said) != columns and not _is_same(said, columns)
                commitment = said["commitment"]
            except (ValueError, TypeError, LookupError):  # bytes that no version of the product ever wrote
                differs, commitment = True, ""
            if differs:
                return self._stop("columns-changed", number, entry_id)
            if payload_of is None:
                return self._stop("payload-missing", number, entry_id)
            if salt is None and payload is None:
                self.erased += 1
            else:
                try:
                    bound = sha256(unhex(salt) + payload).hexdigest()  # type: ignore[arg-type, operator]
                except (ValueError, TypeError):  # no salt any more, or none that we ever made
                    bound = ""
                if bound != commitment:
                    return self._stop("payload-changed", number, entry_id)
            leaves.append(leaf.digest())
            if recorded_at < earliest:
                self.early += 1
                self.first_early = self.first_early or number
            if number == next_head:
                if not self._is_on(number, chain):
                    return self._stop("rewritten", number, None)
                next_head, earliest = self._next_head, self._earliest
        self.checked += number - self.number
        self.number, self.chain = number, chain
        return None

    def finish(self) -> Problem | None:
        """Tell whether the chain reaches every head that was kept outside."""
        return Problem("tail-cut", self.number + 1) if self._heads else None

    def _is_on(self, number: int, chain: str) -> bool:
        """Tell whether every head kept outside for this number names this link."""
        while self._heads and self._heads[0].number == number:
            head = self._heads.popleft()
            if head.chain_hash != chain:
                return False
            self._earliest = max(self._earliest, _an_hour_before(head.at))
        self._next_head = self._heads[0].number if self._heads else -1
        return True

    def _stop(self, code: str, number: int, entry_id: int | None) -> Problem:
        self._heads.clear()
        self.checked += number - self.number - 1
        return Problem(code, number, entry_id)


_columns_of = itemgetter("type", "subject", "case", "site", "actor_id", "at", "recorded_at")


def _is_same(said: dict[str, Any], columns: tuple[Any, ...]) -> bool:
    """Compare once more where the sealed instants leave a zero fraction out."""
    *plain, at, recorded_at = _columns_of(said)
    return (
        tuple(plain) == columns[:5] and _is_same_instant(at, columns[5]) and _is_same_instant(recorded_at, columns[6])
    )


def _is_same_instant(said: str, column: str) -> bool:
    return said[-1:] == "Z" and column[-1:] == "Z" and _padded(said[:-1]) == _padded(column[:-1])


def _padded(text: str) -> str:
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction:0<6}"


def _an_hour_before(at: str) -> str:
    """Say the instant EARLY_MAX before another one in the form that sorts like rows' texts; nothing where it can't be read."""
    try:
        return (parse_instant(at) - EARLY_MAX).isoformat()[:19]
    except ValueError:
        return ""


def unsealed_problem(unsealed: int, oldest_seconds: float | None) -> Problem | None:
    """An entry that waits longer than the sealer ever needs, or claims to come from the future, is a failure."""
    if unsealed and oldest_seconds is not None and abs(oldest_seconds) > UNSEALED_SECONDS_MAX:
        return Problem("unsealed-too-long")
    return None
