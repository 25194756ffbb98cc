"""The matrix as a document: read from stored rows, and what is wrong with it. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.approvals.matrix_rules import NATURES, NEEDED_MAX, STEPS_MAX, MatrixRow, StepRule

ROWS_MAX = 200
WHO_FORMS = ("role", "title", "person")


def rows_of(stored: Sequence[Mapping[str, Any]]) -> tuple[MatrixRow, ...]:
    """Read rows as they are stored."""
    return tuple(
        MatrixRow(
            name=row["name"],
            steps=tuple(StepRule(tuple(step["who"]), step["needed"]) for step in row["steps"]),
            currency=row["currency"],
            above_minor=row["above"],
            up_to_minor=row["up_to"],
            site_id=row["site"],
            team_id=row["team"],
            kinds=tuple(row["kinds"]),
            category_ids=tuple(row["categories"]),
            natures=tuple(row["natures"]),
            askers=tuple(row["askers"]),
        )
        for row in stored
    )


@dataclass(frozen=True, slots=True)
class Known:
    """What rows may name."""

    roles: Collection[str]  # the roles that hold the right to decide
    asking_roles: Collection[str]
    titles: Collection[str]  # job titles in use
    person_ids: Collection[int]
    site_ids: Collection[int]
    team_sites: Mapping[int, int]
    kinds: Collection[str]
    category_ids: Collection[int]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with a row; `place` counts rows from 0, `code` is turned into words by the page."""

    place: int
    code: str
    about: str = ""


def findings(rows: Sequence[MatrixRow], known: Known) -> list[Finding]:
    """List what keeps a draft from being published: unknown names, impossible bands, rows that say the same."""
    found: list[Finding] = []
    for place, row in enumerate(rows):
        found += [Finding(place, code, about) for code, about in _of_row(row, known)]
        for other in rows[:place]:
            if _same_scope(row, other) and _overlap(row, other):
                found.append(Finding(place, "overlap", other.name))
    if len(rows) > ROWS_MAX:
        found.append(Finding(ROWS_MAX, "too-many"))
    return found


def _of_row(row: MatrixRow, known: Known) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if not row.name.strip():
        found.append(("no-name", ""))
    if row.has_band and row.currency is None:
        found.append(("no-currency", ""))
    if row.above_minor < 0 or (row.up_to_minor is not None and row.up_to_minor <= row.above_minor):
        found.append(("bad-band", ""))
    if row.site_id is not None and row.site_id not in known.site_ids:
        found.append(("unknown-site", str(row.site_id)))
    if row.team_id is not None and known.team_sites.get(row.team_id) != row.site_id:
        found.append(("team-elsewhere", ""))
    found += [("unknown-kind", kind) for kind in row.kinds if kind not in known.kinds]
    found += [("unknown-category", str(one)) for one in row.category_ids if one not in known.category_ids]
    found += [("unknown-nature", nature) for nature in row.natures if nature not in NATURES]
    found += [("unknown-asker", name) for name in row.askers if not _is_known(name, known, known.asking_roles)]
    if len(row.steps) > STEPS_MAX:
        found.append(("too-many-steps", ""))
    for step in row.steps:
        if not step.who:
            found.append(("empty-step", ""))
        if not 1 <= step.needed <= NEEDED_MAX:
            found.append(("bad-quorum", str(step.needed)))
        found += [("unknown-who", name) for name in step.who if not _is_known(name, known, known.roles)]
    return found


def _is_known(name: str, known: Known, roles: Collection[str]) -> bool:
    what, _, value = name.partition(":")
    if what == "role":
        return value in roles
    if what == "title":
        return value.strip().casefold() in {title.casefold() for title in known.titles}
    return what == "person" and value.isascii() and value.isdigit() and int(value) in known.person_ids


def _same_scope(one: MatrixRow, other: MatrixRow) -> bool:
    def scope(row: MatrixRow) -> tuple[Any, ...]:
        parts = (row.kinds, row.category_ids, row.natures, row.askers)
        return (row.site_id, row.team_id, row.currency, *(tuple(sorted(map(str, part))) for part in parts))

    return scope(one) == scope(other)


def _overlap(one: MatrixRow, other: MatrixRow) -> bool:
    def begins_below_end(row: MatrixRow, end_minor: int | None) -> bool:
        return end_minor is None or row.above_minor < end_minor

    return begins_below_end(one, other.up_to_minor) and begins_below_end(other, one.up_to_minor)
