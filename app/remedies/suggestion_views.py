"""What may be worth offering in a case, with the rules and precedents behind it; off for who said no to it."""

from typing import Any

from flask import render_template, request
from flask_babel import lazy_gettext as _l

from app.cases import queries as cases
from app.cases.queries import CasePage
from app.customers import care_queries
from app.customers.care_rules import consents
from app.customers.merge_queries import members_of
from app.customers.sheet import FlagLine, flag_lines
from app.kernel.errors import NotFound
from app.kernel.money import Money
from app.kernel.time import utc_now
from app.people.access import my_scope, needs
from app.policies import queries as policies
from app.remedies import precedent_queries as precedents
from app.remedies.blueprint import bp
from app.remedies.precedent_queries import Stratum
from app.remedies.precedent_rules import COUNT_MIN
from app.remedies.suggestion_rules import Past, suggest

SHOWN_CASES = 3
REASON_WORDS: dict[str, Any] = {
    "precedents@1": _l(
        "The middle of what %(count)d similar cases got; %(accepted)d of %(answered)d customers took it."
    ),
    "second-failure@1": _l("It went wrong for them before: the upper end of what is usual."),
    "far-above-loss@1": _l("Not more than %(percent)d %% of what they lost."),
    "say-sorry@1": _l("In person or by telephone, before anything else."),
    "not-ours@1": _l("It wasn't ours to prevent: money changes little, an explanation does."),
}


@bp.get("/cases/<ref>/suggestions")
@needs("decisions.ask")
def suggestions(ref: str) -> str:
    """What similar cases show: alone on a page, or as a part of the case's own."""
    page = cases.case_page(ref, my_scope("decisions.ask"))
    if page is None:
        raise NotFound
    is_part = request.headers.get("HX-Request") and not request.headers.get("HX-Boosted")
    template = "remedies/_suggestions.html" if is_part else "remedies/suggestions.html"
    return render_template(template, page=page, **_found(page), count_min=COUNT_MIN, reason_words=REASON_WORDS)


def _found(page: CasePage) -> dict[str, Any]:
    """Nothing is looked up for a customer who said no, neither precedents nor what happened to her before."""
    case = page.case
    numbers = members_of(case.customer_id) if case.customer_id else ()
    stands = {one.purpose: one for one in consents(care_queries.said_by(numbers))} if numbers else {}
    if numbers and not stands["suggestions"].holds:
        return {"is_off": True, "since": stands["suggestions"].last, "flags": [], "found": []}
    flags = flag_lines(numbers, my_scope("cases.read"), utc_now()) if numbers else []
    return {"is_off": False, "since": None, "flags": flags, "found": _lines(page, flags)}


def _lines(page: CasePage, flags: list[FlagLine]) -> list[dict[str, Any]]:
    case, kinds = page.case, policies.kinds(active_only=True)
    strata = [Stratum(case.category_id, case.severity, kind.code, page.currency) for kind in kinds if kind.monetary]
    past = [
        Past(one.stratum.kind, one.band, one.accepted, one.declined, tuple(row.case_ref for row in one.latest))
        for one in precedents.similar_of(strata, my_scope("cases.read"))
        if one.band is not None
    ]
    found = suggest(
        past, attribution=case.attribution, loss_minor=case.loss_minor, known={kind.code for kind in kinds},
        is_repeated=any(flag.code == "repeated" and flag.is_up for flag in flags),
    )  # fmt: skip
    names = {kind.code: kind.name for kind in kinds}
    return [
        {
            "name": names[one.kind],
            "amount": Money(one.minor, page.currency) if one.minor is not None else None,
            "reasons": [
                (reason.rule, _said(reason.rule, reason.figures), reason.cases[:SHOWN_CASES]) for reason in one.reasons
            ],
        }
        for one in found
    ]


def _said(rule: str, figures: tuple[int, ...]) -> str:
    """A rule's sentence with its figures in it."""
    names = {"precedents@1": ("count", "accepted", "answered"), "far-above-loss@1": ("percent",)}.get(rule, ())
    return str(REASON_WORDS[rule]) % dict(zip(names, figures, strict=True)) if names else str(REASON_WORDS[rule])
