"""How likely a customer may be lost, as points that anybody can add up: to choose whom to turn to first, never whom to refuse.

Each term counts one thing that was known at an instant and gives points for it; the score is their sum, 0 to SCORE_MAX. The
points are a declared beginning (WEIGHTS), set by hand from what the field reports and fitted to nothing: `calibration_rules`
says whether they hold here. Direction of the terms: complaints raise churn and earlier ones weigh more (Knox & van Oest 2014,
J. Marketing 78(5)); a second failed recovery outweighs the first (Maxham & Netemeyer 2002, J. Marketing 66(4)). Pure. No rule
of authority may read this; an architecture test sees to it.

Worked value: two failures, the second 20 days old and 12 days after the first was resolved, still open, with one promise broken:
14 (recent) + 8 (earlier) + 8 (open) + 15 (again) + 5 (broken) = 50 of 100, which is raised.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

WEIGHTS = "risk@1"
LOOK_BACK = timedelta(days=365)
SOON_AFTER = timedelta(days=30)
WORD_BACK = timedelta(days=180)

# Days since the last failure (at most, inclusive) → points; older than the last step gives none.
RECENT_STEPS = ((7, 20), (30, 14), (90, 8), (365, 3))
EARLIER_EACH, EARLIER_MAX = 8, 24
OPEN_EACH, OPEN_MAX = 8, 16
AGAIN_EACH, AGAIN_MAX = 15, 25
BROKEN_EACH, BROKEN_MAX = 5, 15
TERMS = ("recent", "earlier", "open", "again", "broken")
MOST = {
    "recent": RECENT_STEPS[0][1],
    "earlier": EARLIER_MAX,
    "open": OPEN_MAX,
    "again": AGAIN_MAX,
    "broken": BROKEN_MAX,
}
SCORE_MAX = sum(MOST.values())
assert SCORE_MAX == 100

LEVELS = ("usual", "raised", "high")
RAISED_MIN, HIGH_MIN = 40, 60
REASONS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Turn:
    """A case was resolved, or (is_end false) opened again."""

    at: datetime
    is_end: bool


@dataclass(frozen=True, slots=True)
class Told:
    """One case of a customer. severity: now; was: (when it was changed, what it had been), the oldest change first."""

    case_id: int
    received_at: datetime
    logged_at: datetime
    severity: int
    turns: tuple[Turn, ...] = ()
    was: tuple[tuple[datetime, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Situation:
    """What was known of a customer at an instant. recent_days: whole days since the last failure, None for none in a year."""

    recent_days: int | None = None
    earlier: int = 0
    open: int = 0
    again: int = 0
    broken: int = 0


@dataclass(frozen=True, slots=True)
class Term:
    """One term: what it counted (days for `recent`) and the points that this gave, 0 to MOST[code]."""

    code: str
    count: int
    points: int


@dataclass(frozen=True, slots=True)
class Score:
    """points: 0 to SCORE_MAX. terms: all of them in the order of TERMS."""

    points: int
    terms: tuple[Term, ...]

    @property
    def level(self) -> str:
        return "high" if self.points >= HIGH_MIN else "raised" if self.points >= RAISED_MIN else "usual"

    @property
    def reasons(self) -> tuple[Term, ...]:
        """The terms that gave most, at most REASONS_SHOWN of them, without those that gave nothing."""
        given = sorted((term for term in self.terms if term.points), key=lambda term: -term.points)
        return tuple(given[:REASONS_SHOWN])


def recent(days: int | None) -> int:
    """Points for how long ago the last failure was. days >= 0; None: none within LOOK_BACK."""
    return next((points for most, points in RECENT_STEPS if days is not None and days <= most), 0)


def earlier(count: int) -> int:
    """Points for failures within LOOK_BACK before the last one."""
    return min(EARLIER_MAX, EARLIER_EACH * count)


def still_open(count: int) -> int:
    """Points for failures that aren't resolved."""
    return min(OPEN_MAX, OPEN_EACH * count)


def again(count: int) -> int:
    """Points for second failures within SOON_AFTER of a recovery."""
    return min(AGAIN_MAX, AGAIN_EACH * count)


def broken(count: int) -> int:
    """Points for promises broken and deadlines missed within WORD_BACK."""
    return min(BROKEN_MAX, BROKEN_EACH * count)


def score(of: Situation) -> Score:
    """Add up the terms."""
    terms = (
        Term("recent", of.recent_days or 0, recent(of.recent_days)),
        Term("earlier", of.earlier, earlier(of.earlier)),
        Term("open", of.open, still_open(of.open)),
        Term("again", of.again, again(of.again)),
        Term("broken", of.broken, broken(of.broken)),
    )
    return Score(sum(term.points for term in terms), terms)


def situation(cases: Iterable[Told], missed: Iterable[datetime], at: datetime) -> Situation:
    """What was known just before `at`; whatever happened at or after it changes nothing.

    cases: of one customer. missed: when promises were broken and deadlines passed. A kind gesture (severity 0) is no failure.
    """
    known = [case for case in cases if case.logged_at < at and case.received_at < at and severity_at(case, at) > 0]
    fresh = sorted(case.received_at for case in known if case.received_at > at - LOOK_BACK)
    return Situation(
        recent_days=(at - fresh[-1]).days if fresh else None,
        earlier=max(0, len(fresh) - 1),
        open=sum(_is_open(case, at) for case in known),
        again=_again(known, at),
        broken=sum(at - WORD_BACK < missed_at < at for missed_at in missed),
    )


def severity_at(case: Told, at: datetime) -> int:
    """The severity as it stood then: what the first later change took away, else what it is now."""
    return next((before for changed_at, before in case.was if changed_at >= at), case.severity)


def _turns(case: Told, at: datetime) -> list[Turn]:
    return sorted((turn for turn in case.turns if turn.at < at), key=lambda turn: (turn.at, not turn.is_end))


def _is_open(case: Told, at: datetime) -> bool:
    turns = _turns(case, at)
    return not turns or not turns[-1].is_end


def _again(known: Sequence[Told], at: datetime) -> int:
    """Second failures within LOOK_BACK: a case opened again, or another one that came in, within SOON_AFTER of a recovery."""
    turns = {case.case_id: _turns(case, at) for case in known}
    ends = sorted((turn.at, number) for number, theirs in turns.items() for turn in theirs if turn.is_end)
    found = 0
    for case in known:
        theirs = turns[case.case_id]
        own = [(turn.at, case.case_id) for turn in theirs if turn.is_end]
        found += sum(not turn.is_end and turn.at > at - LOOK_BACK and _soon(own, turn.at, 0) for turn in theirs)
        found += case.received_at > at - LOOK_BACK and _soon(ends, case.received_at, case.case_id)
    return found


def _soon(ends: Sequence[tuple[datetime, int]], failed_at: datetime, but: int) -> bool:
    """Whether a recovery of any case but one ended at most SOON_AFTER before. ends: ascending; only that stretch is looked at."""
    for end, number in ends[bisect_left(ends, (failed_at - SOON_AFTER, 0)) :]:
        if end >= failed_at:
            return False
        if number != but:
            return True
    return False
