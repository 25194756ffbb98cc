"""What each finding says: what is the matter, why it matters, and what to do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from app.people.words import ROLE_WORDS
from app.policies.check_rules import Finding
from app.policies.document_rules import Document, limit_of
from app.policies.known_rules import Known
from app.policies.reach_rules import ANY_KIND
from app.ui.filters import money

# code → what is the matter, and what to do.
SENTENCES: dict[str, tuple[Any, Any]] = {
    "no-rules": (
        _l("The policy has no rule, so nobody may give anything."),
        _l("Add a rule, or start from a pack."),
    ),
    "no-single": (
        _l("No rule limits a single remedy, incident or day, so nobody gets any authority."),
        _l("Add a rule per incident; limits per period only bound what is given in sum."),
    ),
    "no-cap": (
        _l("There is no hard cap: an exception of any amount could be approved."),
        _l("Add a rule that nobody may go beyond, or leave it if that is meant."),
    ),
    "no-rationale": (
        _l("Nobody says why this version is needed."),
        _l("Write the reason under Words: those who live under the rules read it."),
    ),
    "clause-silent": (
        _l("Clause %(clauses)s has no words."),
        _l("Write what it says. Staff see the clause beside every answer."),
    ),
    "no-clause": (
        _l("%(rule)s names no clause."),
        _l("Give it one, so that every answer can say where it stands."),
    ),
    "unknown-clause": (
        _l("%(rule)s names clause %(clause)s, which the policy doesn't have."),
        _l("Add the clause, or correct the number."),
    ),
    "role-gives-nothing": (
        _l("%(rule)s is for the role %(role)s, which never gives remedies."),
        _l("Choose frontline, supervisor or manager, or remove the rule."),
    ),
    "unknown-site": (_l("%(rule)s names a site that doesn't exist."), _l("Choose a site, or every site.")),
    "unknown-team": (_l("%(rule)s names a team that doesn't exist."), _l("Choose a team, or every team.")),
    "team-elsewhere": (
        _l("%(rule)s names the team %(team)s, which belongs to another site: it can never apply."),
        _l("Choose a team of the rule's site."),
    ),
    "unknown-category": (_l("%(rule)s names a category that doesn't exist."), _l("Choose a category, or any.")),
    "category-retired": (
        _l("%(rule)s is for the category %(category)s, which is retired."),
        _l("It still holds for old cases. Remove it when they are closed."),
    ),
    "unknown-certificate": (
        _l("%(rule)s asks for the certificate “%(certificate)s”, which doesn't exist: nobody can hold it."),
        _l("Add the certificate under Settings, or choose another."),
    ),
    "unknown-kind": (
        _l("%(rule)s names the remedy “%(kind)s”, which the catalogue doesn't have."),
        _l("Add it to the catalogue under Settings, or choose another."),
    ),
    "kind-not-money": (
        _l("%(rule)s limits an amount of %(kind)s, which isn't money: it can never apply."),
        _l("Count it instead (so many remedies), or choose a remedy in money."),
    ),
    "kind-retired": (
        _l("%(rule)s is for %(kind)s, which can't be offered any more."),
        _l("Remove the rule, or offer the remedy again."),
    ),
    "unknown-currency": (_l("%(rule)s has the currency %(currency)s, which doesn't exist."), _l("Correct it.")),
    "currency-by-rate": (
        _l("%(rules)s: the limit in %(currency)s also holds at %(sites)s, by the stored rate of the day."),
        _l("Write one in the site's own money if it should stay round. Without a stored rate nothing can be given there."),
    ),
    "twins": (
        _l("Rules %(places)s limit the same window for the same people and cases, so the lower one always wins."),
        _l("Keep one of them."),
    ),
    "equally-narrow": (
        _l("Rules %(places)s are equally narrow where they meet: there the lower limit, %(low)s, decides."),
        _l("Name one more part in the rule that should win."),
    ),
    "above-cap": (
        _l("%(rule)s allows %(limit)s, above the hard cap of %(cap_limit)s in rule %(cap)d (clause %(cap_clause)s)."),
        _l("Lower it to %(cap_limit)s or less: nobody can go beyond a cap, not even by exception."),
    ),
    "cap-widened": (
        _l("The cap of %(rule)s, %(limit)s, is wider than the company's cap of %(cap_limit)s in rule %(cap)d."),
        _l("A site may narrow the company's cap, never widen it. Lower it, or raise rule %(cap)d."),
    ),
    "unreachable": (
        _l("%(rule)s never decides anything: narrower rules (%(by)s) stand before it everywhere."),
        _l("Remove it, or take a part out of those rules."),
    ),
    "period-below-single": (
        _l("%(rule)s stops at %(limit)s in sum, below the %(single_limit)s that rule %(single)d allows at once."),
        _l("Raise the limit of the period, or lower rule %(single)d: in full it can never be used."),
    ),
    "gap-site": (
        _l("Nobody at %(sites)s may give anything without asking."),
        _l("Add a rule per incident for it, or one for every site."),
    ),
    "gap": (
        _l("At %(sites)s, %(roles)s may give nothing%(where)s. Silence means no."),
        _l("Add a rule for it, or leave it if that is meant."),
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FindingRow:
    """A finding as people read it."""

    code: str
    is_error: bool
    places: tuple[int, ...]
    text: str
    advice: str


def finding_rows(findings: Sequence[Finding], document: Document, known: Known) -> tuple[FindingRow, ...]:
    return tuple(finding_row(finding, document, known) for finding in findings)


def finding_row(finding: Finding, document: Document, known: Known) -> FindingRow:
    """Say a finding with the numbers, limits and names that it is about."""
    text, advice = SENTENCES[finding.code]
    values = {**_places(finding, document), **_said(finding.values, document, known)}
    return FindingRow(finding.code, finding.is_error, finding.places, str(text) % values, str(advice) % values)


def _places(finding: Finding, document: Document) -> dict[str, Any]:
    values: dict[str, Any] = {"places": _join([str(place) for place in finding.places])}
    if finding.places:
        values["rules"] = ngettext("Rule %(places)s", "Rules %(places)s", len(finding.places), places=values["places"])
        first = document.rule(finding.places[0])
        values["rule"] = _("Rule %(place)d", place=finding.places[0])
        values["limit"] = limit_words(limit_of(first)) if first else ""
    return values


def _said(values: Mapping[str, Any], document: Document, known: Known) -> dict[str, Any]:
    said = dict(values)
    for part in ("cap", "single", "low"):
        rule = document.rule(said[part]) if part in said else None
        if rule:
            said[f"{part}_limit"], said[f"{part}_clause"] = limit_words(limit_of(rule)), rule.clause
    if "low" in said:
        said["low"] = said["low_limit"]
    if "by" in said:
        said["by"] = _join([str(place) for place in said["by"]])
    if "sites" in said:
        said["sites"] = _join(said["sites"])
    if "role" in said:
        said["role"] = str(ROLE_WORDS.get(said["role"], said["role"]))
    if "roles" in said:
        said["roles"] = _join([str(ROLE_WORDS.get(role, role)) for role in said["roles"]])
        said["where"] = _where(said, known)
    return said


def _where(values: Mapping[str, Any], known: Known) -> str:
    """The part of a gap that is missing: " for severity 3 and 4", or nothing when all of it is."""
    severities, kinds, categories = values["severities"], values["kinds"], values["category_ids"]
    parts = []
    if severities is not None and len(severities) < 5:
        parts.append(_("of severity %(severities)s", severities=_join([str(one) for one in severities])))
    if kinds:
        names = [known.kinds[kind].name for kind in kinds if kind in known.kinds]
        if ANY_KIND in kinds:
            names.append(_("other remedies"))
        parts.append(_("as %(kinds)s", kinds=_join(names)))
    if categories:
        names = [known.categories[one].name for one in categories if one in known.categories]
        parts.append(_("in %(categories)s", categories=_join(names)))
    return "".join(f" {part}" for part in parts)


def limit_words(limit: Any) -> str:
    """Say a limit: money as people write it, or a number of remedies."""
    if isinstance(limit, int):
        return _("%(count)d remedies", count=limit) if limit != 1 else _("1 remedy")
    return str(money(limit))


def _join(parts: Sequence[str]) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return _("%(first)s and %(last)s", first=", ".join(parts[:-1]), last=parts[-1])
