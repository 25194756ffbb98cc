"""How a simulation is said and drawn. For pages."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from babel import Locale, UnknownLocaleError
from flask_babel import gettext as _
from flask_babel import ngettext

from app.insights.equity_rules import AmountGap, Equity, Gap
from app.insights.simulation_rules import SHIFTS, Change, Result, Waiting
from app.kernel.money import Money
from app.kernel.references import ref
from app.people.queries import SiteRow
from app.people.words import ROLE_WORDS
from app.policies.queries import KindRow
from app.ui import charts
from app.ui.filters import NOTHING, duration, locale_name, money, number, percent


@dataclass(frozen=True, slots=True)
class MoneyRow:
    """One currency: as it was, as the other policy would have it, under the draft, and the difference."""

    currency: str
    then: Money
    before: Money
    after: Money
    change: str


@dataclass(frozen=True, slots=True)
class GapRow:
    """One group of customers against all others."""

    group: str
    count: int
    before: str
    after: str
    gap_before: str
    gap_after: str
    is_gap: bool


@dataclass(frozen=True, slots=True)
class AmountRow:
    """What one group of customers typically gets of one currency, against all others."""

    group: str
    currency: str
    count: int
    rest_count: int
    medians: str
    before: str
    after: str
    is_gap: bool


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One answer that differs, with its case."""

    case_ref: str
    remedy_ref: str
    change: Change
    amount: Money
    kind: str
    site: str
    before: str
    after: str
    clause: str


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything on the page."""

    conclusion: str
    answers: charts.BarChart
    at_once: str
    exceptions: str
    spend: str
    spend_note: str
    waiting: str
    waiting_note: str
    money: list[MoneyRow]
    roles: list[tuple[str, list[int]]]
    sites: list[tuple[str, list[int]]]
    equity: list[tuple[str, list[GapRow], list[AmountRow]]]
    faithful: str
    is_faithful: bool


def figures_of(result: Result, sites: Sequence[SiteRow], *, against: str) -> Figures:
    names = {site.id: site.name for site in sites}
    return Figures(
        conclusion=_conclusion(result),
        answers=charts.stacked_bars(
            [_("At once"), _("Needs an approval"), _("Refused")],
            [
                (label, (side.allowed, side.needs_approval, side.refused))
                for label, side in (
                    (_("As it was"), result.then),
                    (against, result.before),
                    (_("Under the draft"), result.after),
                )
            ],
            say=number,
        ),
        at_once=_of(result.after.allowed, result.after.asked),
        exceptions=_signed(result.after.needs_approval - result.before.needs_approval),
        spend=_spend(result),
        spend_note=_spend_note(result),
        waiting=_saved(result.waiting),
        waiting_note=_waiting_note(result.waiting),
        money=[_money_row(result, code) for code in result.spend_change],
        roles=_counted(result.roles, lambda role: str(ROLE_WORDS.get(role, role))),
        sites=_counted(result.sites, lambda site_id: names.get(site_id, ref("site", site_id))),
        equity=[(_by_words(one), _gap_rows(one, names), _amount_rows(one, names)) for one in result.equity],
        faithful=_of(*result.faithful),
        is_faithful=result.faithful[0] == result.faithful[1],
    )


def _of(k: int, n: int) -> str:
    return _("%(k)s of %(n)s", k=number(k), n=number(n))


def _conclusion(result: Result) -> str:
    if not result.after.asked:
        return _("Nobody asked for anything in this part of the past.")
    if not result.is_enough:
        return ngettext(
            "%(num)d answer was replayed: too few for figures. Choose a longer time or more sites.",
            "%(num)d answers were replayed: too few for figures. Choose a longer time or more sites.",
            result.after.asked,
        )
    if not result.changed:
        return _("No answer differs: %(count)s were replayed.", count=number(result.after.asked))
    parts = [shift_words(shift, result.shifts[shift]) for shift in SHIFTS if result.shifts[shift]]
    return _("%(of)s answers differ: %(parts)s.", of=_of(result.changed, result.after.asked), parts=", ".join(parts))


def shift_words(shift: str, count: int) -> str:
    """Say how many answers move in one way."""
    return {
        "freed": ngettext("%(num)d needs nobody's approval any more", "%(num)d need nobody's approval any more", count),
        "restrained": ngettext("%(num)d would need an approval", "%(num)d would need an approval", count),
        "refused": ngettext("%(num)d would be refused", "%(num)d would be refused", count),
        "opened": ngettext("%(num)d is refused no longer", "%(num)d are refused no longer", count),
    }[shift]


def outcome_words(outcome: str) -> str:
    return {"allowed": _("At once"), "needs_approval": _("Needs an approval"), "refused": _("Refused")}[outcome]


def _signed(value: int) -> str:
    return f"+{number(value)}" if value > 0 else number(value).replace("-", "−")


def _signed_money(minor: int, currency: str) -> str:
    sign = "+" if minor > 0 else "−" if minor < 0 else ""
    return sign + money(Money(abs(minor), currency))


def _spend(result: Result) -> str:
    """The difference where there is one currency; amounts of several are never added up."""
    changes = {code: minor for code, minor in result.spend_change.items() if minor}
    if len(changes) == 1:
        return "".join(_signed_money(minor, code) for code, minor in changes.items())
    if not changes:
        return "0"
    return _("more") if min(changes.values()) > 0 else _("less") if max(changes.values()) < 0 else _("mixed")


def _spend_note(result: Result) -> str:
    changes = [_signed_money(minor, code) for code, minor in result.spend_change.items() if minor]
    return ", ".join(changes) if len(changes) > 1 else _("if people ask as they did")


def _money_row(result: Result, currency: str) -> MoneyRow:
    return MoneyRow(
        currency,
        Money(result.then.spend[currency], currency),
        Money(result.before.spend[currency], currency),
        Money(result.after.spend[currency], currency),
        _signed_money(result.spend_change[currency], currency),
    )


def _saved(waiting: Waiting) -> str:
    net = waiting.net_seconds
    if net is None:
        return _("can't tell")
    sign = "−" if net < 0 else ""
    return sign + (duration(abs(net)) if net else "0")


def _waiting_note(waiting: Waiting) -> str:
    parts = []
    if waiting.saved_measured:
        parts.append(_("%(count)s measured", count=number(waiting.saved_measured)))
    guessed = waiting.saved_unmeasured + waiting.added
    if guessed and waiting.typical_seconds is not None:
        each = duration(waiting.typical_seconds)
        parts.append(_("%(count)s at the period's median of %(each)s", count=number(guessed), each=each))
    elif guessed:
        parts.append(_("%(count)s without a known wait", count=number(guessed)))
    return ", ".join(parts) or _("nobody waits longer or shorter")


def _counted(groups: Mapping[Any, Mapping[str, int]], name: Callable[[Any], str]) -> list[tuple[str, list[int]]]:
    """Rows by name, never by how much they are affected."""
    rows = [(name(key), [counts.get(shift, 0) for shift in SHIFTS]) for key, counts in groups.items()]
    return sorted(rows, key=lambda row: row[0])


def _by_words(equity: Equity) -> str:
    return {"site": _("Site"), "language": _("Customer's language"), "segment": _("Customer's segment")}[equity.by]


def _gap_rows(equity: Equity, sites: Mapping[int, str]) -> list[GapRow]:
    rows = []
    for before, after in zip(equity.before, equity.after, strict=True):
        rows.append(
            GapRow(
                group=_group_words(equity, after.group, sites),
                count=after.one.trials,
                before=_share(before),
                after=_share(after),
                gap_before=gap_words(before),
                gap_after=gap_words(after),
                is_gap=after.verdict == "gap",
            )
        )
    return rows


def _amount_rows(equity: Equity, sites: Mapping[int, str]) -> list[AmountRow]:
    before = {(gap.group, gap.currency): gap for gap in equity.amounts_before}
    return [
        AmountRow(
            group=_group_words(equity, gap.group, sites),
            currency=gap.currency,
            count=gap.count,
            rest_count=gap.rest_count,
            medians=_("%(one)s against %(rest)s", **_medians(gap)),
            before=amount_words(before.get((gap.group, gap.currency))),
            after=amount_words(gap),
            is_gap=gap.verdict == "gap",
        )
        for gap in equity.amounts_after
    ]


def _medians(gap: AmountGap) -> dict[str, str]:
    return {
        name: NOTHING if minor is None else money(Money(minor, gap.currency))
        for name, minor in (("one", gap.median_minor), ("rest", gap.rest_median_minor))
    }


def amount_words(gap: AmountGap | None) -> str:
    """Say what may be concluded about a group's amounts: a share of the others' with its interval, or that it can't be told."""
    if gap is None or gap.low is None or gap.high is None:
        return _("too few alike to tell")
    low, high = percent(gap.low), percent(gap.high)
    if gap.verdict == "cannot_tell":
        return _("can't tell (%(low)s to %(high)s)", low=low, high=high)
    return _("%(ratio)s of the others' (%(low)s to %(high)s)", ratio=percent(gap.ratio), low=low, high=high)


def _group_words(equity: Equity, group: str | int, sites: Mapping[int, str]) -> str:
    if isinstance(group, int):
        return sites.get(group, ref("site", group))
    return _language(group) if equity.by == "language" else group


def _language(code: str) -> str:
    try:
        return str(Locale.parse(code, sep="-" if "-" in code else "_").get_display_name(locale_name()) or code)
    except (UnknownLocaleError, ValueError):
        return code


def _share(gap: Gap) -> str:
    return percent(gap.one.ratio) if gap.one.ratio is not None else _("too few")


def gap_words(gap: Gap) -> str:
    """Say what may be concluded about a group and all others: a gap with its interval, or that it can't be told."""
    if gap.low is None or gap.high is None or gap.difference is None:
        return _("too few to tell")
    low, high = _points(gap.low), _points(gap.high)
    if gap.verdict == "cannot_tell":
        return _("can't tell (%(low)s to %(high)s points)", low=low, high=high)
    return _("%(gap)s points (%(low)s to %(high)s)", gap=_points(gap.difference), low=low, high=high)


def _points(ratio: float) -> str:
    return _signed(round(ratio * 100))


def change_rows(changes: Sequence[Change], sites: Sequence[SiteRow], kinds: Sequence[KindRow]) -> list[ChangeRow]:
    names, words = {site.id: site.name for site in sites}, {kind.code: kind.name for kind in kinds}
    return [
        ChangeRow(
            case_ref=ref("case", change.asked.case_id),
            remedy_ref=_("an attempt") if change.asked.is_attempt else ref("remedy", change.asked.id),
            change=change,
            amount=change.asked.offer.amount,
            kind=words.get(change.asked.offer.kind, change.asked.offer.kind),
            site=names.get(change.asked.site_id, ""),
            before=outcome_words(change.before.outcome),
            after=outcome_words(change.after.outcome),
            clause=change.after.decision.clause,
        )
        for change in changes
    ]
