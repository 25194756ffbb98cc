"""Totals, groups, people's counts and the cases behind every share of the registry, for a part and a time.

People's counts serve reviews of one person alone: nothing here orders or compares people, and no page lists them.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, select

from app.cases.models import Case
from app.insights import fact_queries, pattern_queries
from app.insights.band_queries import Band, in_band
from app.insights.fact_queries import STATEMENTS
from app.insights.measures import MEASURES
from app.insights.queries import CaseRow, Part
from app.insights.rules import Share, share
from app.kernel.database import db
from app.kernel.paging import Page, Slice, slice_of

# What makes cases alike for an expectation. Source: Zaslavsky 2001, Int. J. Quality in Health Care 13(6).
MIX = ("severity", "attribution", "channel", "site_id", "segment")
GROUPS = ("site_id", "team_id", "stage", "cause", "segment", "severity", "channel", "category_id")
SHARES = (*STATEMENTS, *pattern_queries.PATTERNS)

Stratum = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Counts:
    """k of n; nothing is said about whether that is enough."""

    k: int
    n: int

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.k + other.k, self.n + other.n)


NOTHING = Counts(0, 0)


@dataclass(frozen=True, slots=True)
class Tally:
    """One measure in a part and time by whom it is credited to (None: to nobody) and by what makes cases alike (MIX)."""

    name: str
    cells: Mapping[tuple[int | None, Stratum], Counts]

    @property
    def total(self) -> Counts:
        return _sum(self.cells.values())

    @property
    def people(self) -> dict[int, Counts]:
        """k of n of each person; in no order."""
        found: dict[int, Counts] = defaultdict(lambda: NOTHING)
        for (person_id, _stratum), counts in self.cells.items():
            if person_id is not None:
                found[person_id] += counts
        return dict(found)

    @property
    def strata(self) -> dict[object, tuple[int, int]]:
        """(k, n) of everybody for each stratum, as `statistics_rules.expected` takes them."""
        found: dict[object, Counts] = defaultdict(lambda: NOTHING)
        for (_person, stratum), counts in self.cells.items():
            found[stratum] += counts
        return {stratum: (counts.k, counts.n) for stratum, counts in found.items()}

    def mix_of(self, person_id: int) -> dict[object, int]:
        """How many of one person's lie in each stratum."""
        return {stratum: counts.n for (person, stratum), counts in self.cells.items() if person == person_id}


def tally(name: str, part: Part, now: datetime) -> Tally:
    """Count one share by person and stratum, in one query (patterns: a fixed number)."""
    rows = _grouped(name, part, now, ("person_id", *MIX))
    return Tally(name, {(key[0], key[1:]): counts for key, counts in rows.items()})


def total(name: str, part: Part, now: datetime) -> Share:
    """k of n over all."""
    counts = _grouped(name, part, now, ()).get((), NOTHING)
    return share(counts.k, counts.n)


def by(group: str, name: str, part: Part, now: datetime) -> dict[Any, Share]:
    """k of n for each site, team, stage, cause, segment, severity, channel or category; None where it isn't known."""
    assert group in GROUPS, group
    return {key[0]: share(counts.k, counts.n) for key, counts in _grouped(name, part, now, (group,)).items()}


def over_time(name: str, part: Part, now: datetime, starts: Sequence[datetime]) -> list[Share]:
    """k of n in each stretch of time; starts: ascending, the last stretch ends with the part."""
    ends = [*starts[1:], part.until]
    counts = [NOTHING] * len(starts)
    if name in pattern_queries.PATTERNS:
        for fact in pattern_queries.facts(name, part, now):
            place = bisect_right(starts, fact.at) - 1
            if place >= 0:
                counts[place] += Counts(fact.hit, 1)
    else:
        facts = fact_queries.statement(name, part, now).subquery()
        stretch: Any = case(*((facts.c.at < end, index) for index, end in enumerate(ends)), else_=len(starts) - 1)
        wanted = select(stretch, func.sum(facts.c.hit), func.count()).where(facts.c.at >= starts[0])
        for index, k, n in db.session.execute(wanted.group_by(stretch)):
            counts[index] = Counts(int(k or 0), n)
    return [share(one.k, one.n) for one in counts]


def _grouped(name: str, part: Part, now: datetime, columns: tuple[str, ...]) -> dict[tuple[Any, ...], Counts]:
    if name in pattern_queries.PATTERNS:
        found: dict[tuple[Any, ...], Counts] = defaultdict(lambda: NOTHING)
        for fact in pattern_queries.facts(name, part, now):
            found[tuple(getattr(fact, column) for column in columns)] += Counts(fact.hit, 1)
        return dict(found)
    facts = fact_queries.statement(name, part, now).subquery()
    groups = [facts.c[column] for column in columns]
    rows = db.session.execute(select(*groups, func.sum(facts.c.hit), func.count()).group_by(*groups))
    return {tuple(row[:-2]): Counts(int(row[-2] or 0), row[-1]) for row in rows}


def case_ids(name: str, part: Part, now: datetime, *, person_id: int, limit: int = 2_000) -> list[int]:
    """The cases behind one person's n, newest first: what evidence is drawn and chosen from."""
    if name in pattern_queries.PATTERNS:
        rows: Iterable[int] = (
            fact.case_id for fact in pattern_queries.facts(name, part, now) if fact.person_id == person_id
        )
    else:
        facts = fact_queries.statement(name, part, now).subquery()
        wanted = select(facts.c.case_id).where(facts.c.person_id == person_id)
        rows = db.session.scalars(wanted.order_by(facts.c.at.desc(), facts.c.key.desc()).limit(limit))
    return list(dict.fromkeys(rows))[:limit]


def behind(
    name: str, part: Part, now: datetime, page: Page, *, hit: bool | None = None, band: Band | None = None, **of: Any
) -> Slice[CaseRow]:
    """List what a share counts, the newest first. hit: only hits, or only the others; of: a group, e.g. cause="process"."""
    assert name in SHARES and name in MEASURES and all(group in GROUPS for group in of)
    after = page.after[0] if page.after and isinstance(page.after[0], int) else None
    if name in pattern_queries.PATTERNS:
        return _behind_pattern(name, part, now, page, after, hit, of)
    facts = fact_queries.statement(name, part, now).subquery()
    wanted = select(
        facts.c.key, Case.id, Case.summary, Case.severity, facts.c.site_id, facts.c.team_id, facts.c.at, facts.c.hit
    ).join(Case, Case.id == facts.c.case_id)
    for group, value in of.items():
        column = facts.c[group]
        wanted = wanted.where(column.is_(None) if value is None else column == value)
    if band is not None:
        wanted = wanted.where(in_band(name, band, facts.c.key))
    if hit is not None:
        wanted = wanted.where(facts.c.hit == int(hit))
    if after is not None:
        wanted = wanted.where(facts.c.key < after)
    rows = db.session.execute(wanted.order_by(facts.c.key.desc()).limit(page.size + 1))
    found = [CaseRow(*row[:-1], "counted" if row[-1] else "") for row in rows]  # type: ignore[call-arg]
    return slice_of(found, page, key=lambda row: (row.key,))


def _behind_pattern(
    name: str, part: Part, now: datetime, page: Page, after: int | None, hit: bool | None, of: Mapping[str, Any]
) -> Slice[CaseRow]:
    facts = [
        fact
        for fact in pattern_queries.facts(name, part, now)
        if (hit is None or fact.hit == int(hit))
        and (after is None or fact.key < after)
        and all(getattr(fact, group) == value for group, value in of.items())
    ]
    facts = sorted(facts, key=lambda fact: -fact.key)[: page.size + 1]
    rows = db.session.execute(
        select(Case.id, Case.summary, Case.severity).where(Case.id.in_([fact.case_id for fact in facts]))
    )
    cases = {row.id: row for row in rows}
    found = [
        CaseRow(
            fact.key, fact.case_id, cases[fact.case_id].summary, cases[fact.case_id].severity, fact.site_id,
            fact.team_id, fact.at, "counted" if fact.hit else "",
        )
        for fact in facts
    ]  # fmt: skip
    return slice_of(found, page, key=lambda row: (row.key,))


def _sum(found: Iterable[Counts]) -> Counts:
    answer = NOTHING
    for counts in found:
        answer += counts
    return answer
