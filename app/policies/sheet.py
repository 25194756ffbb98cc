"""A policy as its pages show it: clause by clause, each rule said once for all the sites it is written for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from app.kernel.references import parse_ref
from app.people import queries as people
from app.people.words import ROLE_WORDS
from app.policies.clause_rules import Care
from app.policies.document_rules import Clause, Document, clause_order, limit_of
from app.policies.finding_words import limit_words
from app.policies.known_rules import GIVING_ROLES, Known
from app.policies.rules import UNITS, Rule, is_valid
from app.policies.words import unit_words
from app.ui.filters import date


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule in words, at its place."""

    place: int
    clause: str
    who: str
    what: str
    where: str
    per: str
    limit: str
    hard: bool
    when: str

    @property
    def sentence(self) -> str:
        """The rule as one sentence, e.g. for a button that removes it."""
        return ", ".join(part for part in (self.who, self.what, self.where, self.per, self.limit, self.when) if part)


@dataclass(frozen=True, slots=True)
class SheetRow:
    """Rules that differ only in place and limit, read together. limits: (limit, where) pairs."""

    who: str
    what: str
    per: str
    hard: bool
    when: str
    limits: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ClauseSheet:
    """A clause with its words and what it allows."""

    code: str
    title: str
    text: str
    rows: tuple[SheetRow, ...]
    care: Care | None = None


def rule_line(rule: Rule, known: Known) -> RuleLine:
    """Say a rule part by part; a part that names nothing says so."""
    return RuleLine(
        place=rule.id,
        clause=rule.clause,
        who=who_words(rule, known),
        what=what_words(rule, known),
        where=where_words(rule, known),
        per=unit_words(rule.unit, rule.days),
        limit=limit_words(limit_of(rule)),
        hard=rule.hard,
        when=when_words(rule),
    )


def rule_lines(rules: Iterable[Rule], known: Known) -> tuple[RuleLine, ...]:
    return tuple(rule_line(rule, known) for rule in rules)


def who_words(rule: Rule, known: Known) -> str:
    parts = [str(ROLE_WORDS.get(rule.role, rule.role)) if rule.role else _("Anyone")]
    if rule.level_min is not None:
        parts.append(_("level %(level)d and above", level=rule.level_min))
    if rule.certificate is not None:
        parts.append(_("with the certificate %(code)s", code=rule.certificate))
    if rule.team_id is not None:
        team = known.teams.get(rule.team_id)
        parts.append(_("team %(name)s", name=team.name if team else f"TE-{rule.team_id}"))
    return ", ".join(parts)


def what_words(rule: Rule, known: Known) -> str:
    kind = known.kinds.get(rule.kind) if rule.kind else None
    anything = _("Any remedy") if rule.measure == "count" else _("Any remedy in money")
    parts = [kind.name if kind else rule.kind or anything]
    if rule.category_id is not None:
        category = known.categories.get(rule.category_id)
        parts.append(category.name if category else f"CT-{rule.category_id}")
    if rule.severity_max == 0:
        parts.append(_("kind gestures (severity 0)"))
    elif rule.severity_min == rule.severity_max:
        parts.append(_("severity %(level)d", level=rule.severity_min))
    elif (rule.severity_min, rule.severity_max) != (0, 4):
        parts.append(_("severity %(low)d to %(high)d", low=rule.severity_min, high=rule.severity_max))
    if rule.segment is not None:
        parts.append(_("customers of %(segment)s", segment=rule.segment))
    return ", ".join(parts)


def where_words(rule: Rule, known: Known) -> str:
    if rule.site_id is None:
        return ""
    site = known.sites.get(rule.site_id)
    return site.name if site else f"SI-{rule.site_id}"


def when_words(rule: Rule) -> str:
    if rule.valid_from and rule.valid_to:
        return _("from %(start)s until %(end)s", start=date(rule.valid_from), end=date(rule.valid_to))
    if rule.valid_from:
        return _("from %(start)s", start=date(rule.valid_from))
    return _("until %(end)s", end=date(rule.valid_to)) if rule.valid_to else ""


def clause_sheets(
    document: Document,
    known: Known,
    *,
    rules: Sequence[Rule] | None = None,
    cares: Mapping[str, Care] | None = None,
) -> tuple[ClauseSheet, ...]:
    """The document in the order of its clauses; rules (default all) that name a clause without words get one.

    cares: clause → how it is cared for, where that is shown.
    """
    shown = document.rules if rules is None else rules
    clauses = {clause.code: clause for clause in document.clauses}
    codes = {rule.clause for rule in shown} | (set(clauses) if rules is None else set())
    return tuple(
        ClauseSheet(
            code,
            clauses.get(code, Clause(code)).title,
            clauses.get(code, Clause(code)).text,
            _rows([rule for rule in shown if rule.clause == code], known),
            (cares or {}).get(code),
        )
        for code in sorted(codes, key=clause_order)
    )


def rules_for(document: Document, at: datetime, *, site_id: int, team_id: int | None) -> tuple[Rule, ...]:
    """The rules that hold at a site for a team at an instant, as they read there: without the site's name."""
    return tuple(
        replace(rule, site_id=None)
        for rule in document.rules
        if rule.site_id in (None, site_id) and rule.team_id in (None, team_id) and is_valid(rule, at)
    )


def rules_at(document: Document, *, site_id: int | None, team_id: int | None) -> tuple[Rule, ...]:
    """The rules that were ever meant for a site and a team, as they read there: without the site's name."""
    return tuple(
        replace(rule, site_id=None)
        for rule in document.rules
        if rule.site_id in (None, site_id) and rule.team_id in (None, team_id)
    )


def _rows(rules: Sequence[Rule], known: Known) -> tuple[SheetRow, ...]:
    grouped: dict[tuple[Any, ...], list[tuple[str, str]]] = {}
    for rule in sorted(rules, key=_order):
        line = rule_line(rule, known)
        key = (line.who, line.what, line.per, line.hard, line.when)
        grouped.setdefault(key, []).append((line.limit, line.where))
    return tuple(
        SheetRow(who, what, per, hard, when, tuple(limits)) for (who, what, per, hard, when), limits in grouped.items()
    )


def _order(rule: Rule) -> tuple[Any, ...]:
    role = GIVING_ROLES.index(rule.role) if rule.role in GIVING_ROLES else -1
    return rule.hard, UNITS.index(rule.unit), rule.days or 0, role, rule.severity_min, rule.site_id or 0, rule.id


def by_code(known: Known) -> Known:
    """The same names with each site called by its code, so that a line of limits fits a page."""
    return replace(known, sites={key: replace(site, name=site.code) for key, site in known.sites.items()})


def doers(labels: Iterable[str]) -> Mapping[str, str]:
    """Names for the labels of people; a command is called what it is."""
    wanted = {label: parse_ref("employee", label) for label in labels if label}
    names = people.names(wanted.values())
    return {label: names.get(identity or 0) or _called(label) for label, identity in wanted.items()}


def _called(label: str) -> str:
    kind, _colon, name = label.partition(":")
    return _("the command “%(name)s”", name=name) if kind == "command" else label
