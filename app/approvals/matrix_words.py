"""The matrix in words: who is named, what a row is about, what is wrong with it. For pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.approvals.matrix_document_rules import Finding
from app.approvals.matrix_rules import MatrixRow, StepRule
from app.kernel.money import Money
from app.people.words import ROLE_WORDS
from app.ui.filters import money

FINDINGS = {
    "no-name": _l("Give the row a name."),
    "no-currency": _l("Amounts need a currency."),
    "bad-band": _l("The band ends before it begins."),
    "unknown-site": _l("The site doesn't exist."),
    "team-elsewhere": _l("The team belongs to another site."),
    "unknown-kind": _l("The remedy %(about)s doesn't exist."),
    "unknown-category": _l("The category doesn't exist."),
    "unknown-nature": _l("Goodwill or redress."),
    "unknown-asker": _l("Nobody who may ask is “%(about)s”."),
    "too-many-steps": _l("Five steps at most."),
    "empty-step": _l("A step names nobody."),
    "bad-quorum": _l("A step needs one to five people."),
    "unknown-who": _l("Nobody who may decide is “%(about)s”."),
    "overlap": _l("It speaks about the same amounts as “%(about)s”."),
    "too-many": _l("A matrix has 200 rows at most."),
}


@dataclass(frozen=True, slots=True)
class Names:
    """The names that rows point to."""

    sites: Mapping[int, str]
    teams: Mapping[int, str]
    kinds: Mapping[str, str]
    categories: Mapping[int, str]
    people: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Shown:
    """One row in words."""

    place: int
    name: str
    about: str
    band: str
    steps: list[str]
    wrong: list[str]


def shown(rows: Sequence[MatrixRow], found: Sequence[Finding], names: Names) -> list[Shown]:
    return [
        Shown(
            place=place,
            name=row.name,
            about=about(row, names),
            band=band(row),
            steps=[step_words(step.who, step.needed, names.people) for step in row.steps],
            wrong=[finding_words(one) for one in found if one.place == place],
        )
        for place, row in enumerate(rows)
    ]


def finding_words(finding: Finding) -> str:
    return str(FINDINGS[finding.code]) % {"about": finding.about}


def about(row: MatrixRow, names: Names) -> str:
    """Say where and about what a row speaks."""
    parts = [
        names.teams.get(row.team_id, "–") if row.team_id else names.sites.get(row.site_id, "–") if row.site_id else "",
        ", ".join(names.kinds.get(kind, kind) for kind in row.kinds),
        ", ".join(names.categories.get(one, "–") for one in row.category_ids),
        _("asked by %(who)s", who=_(" or ").join(who_words(name, names.people) for name in row.askers))
        if row.askers
        else "",
    ]
    return " · ".join(part for part in parts if part) or _("Everything, everywhere")


def band(row: MatrixRow) -> str:
    """Say the band: above (exclusive) up to (inclusive)."""
    if row.currency is None:
        return _("Any amount")
    above = money(Money(row.above_minor, row.currency))
    if row.up_to_minor is None:
        return _("above %(above)s", above=above) if row.above_minor else _("any amount in %(unit)s", unit=row.currency)
    top = money(Money(row.up_to_minor, row.currency))
    return _("above %(above)s, up to %(top)s", above=above, top=top) if row.above_minor else _("up to %(top)s", top=top)


def step_words(who: Sequence[str], needed: int, people: Mapping[int, str]) -> str:
    """Say who decides a step, e.g. "2 of: Manager or Duty manager"."""
    names = _(" or ").join(who_words(name, people) for name in who)
    return names if needed == 1 else _("%(count)d of: %(who)s", count=needed, who=names)


def who_words(name: str, people: Mapping[int, str]) -> str:
    what, _sep, value = name.partition(":")
    if what == "role":
        return str(ROLE_WORDS.get(value, value))
    if what == "person":
        return people.get(int(value), "–") if value.isdigit() else value
    return value


def choice(who: Sequence[str]) -> str:
    """One form value for the names of a step."""
    return "|".join(who)


def steps_of(pairs: Sequence[tuple[str | None, int | None]]) -> tuple[StepRule, ...]:
    """Read the steps of a form; a step without a name is none."""
    return tuple(StepRule(tuple(who.split("|")), needed or 1) for who, needed in pairs if who)
