"""A review as its page, its PDF and its export show it: the same for HR and for the person. For pages."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from app.insights.measures import MEASURES
from app.kernel.time import iso
from app.kernel.triggers import ERASED
from app.reviews import charter_queries, queries, words
from app.reviews.charter_queries import CharterRow
from app.reviews.figure_rules import Figure
from app.reviews.funnel import Funnel, funnel
from app.reviews.queries import AccessRow, ConductRow, EvidenceRow, ReviewRow, Said, SignatureRow
from app.reviews.recognition_queries import suggestions_for
from app.reviews.recognition_rules import Suggestion
from app.reviews.rules import STATES, Side, may
from app.ui.filters import number, percent


@dataclass(frozen=True, slots=True)
class Card:
    """One figure in words, with its drawing and the employee's newest comment."""

    code: str
    title: str
    unit: str
    quadrant: str
    definition: str
    not_for: str
    conclusion: str
    reliability: str
    facts: list[tuple[str, str]]
    is_enough: bool
    is_flagged: bool
    funnel: Funnel | None
    me: str
    says: str
    comment: Said | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything on the page of one review. reader: whose turn is asked about; None only reads."""

    row: ReviewRow
    reader: Side | None
    overall: str
    cards: list[Card]
    money: list[tuple[str, str]]
    money_comment: Said | None
    said: dict[str, list[Said]]
    evidence: tuple[EvidenceRow, ...]
    conduct: list[tuple[ConductRow, CharterRow | None]]
    signatures: tuple[SignatureRow, ...]
    accesses: tuple[AccessRow, ...]
    suggested: tuple[Suggestion, ...]

    def may(self, deed: str) -> bool:
        return may(self.row.state, deed, self.reader)

    @property
    def notes(self) -> list[Said]:
        """The newest wording of each reviewer's notes: after an appeal there are two, and neither stands for the other."""
        return list({one.author_id: one for one in self.said.get("notes", [])}.values())

    @property
    def earlier_notes(self) -> list[Said]:
        return [one for one in self.said.get("notes", []) if one not in self.notes]

    @property
    def signed(self) -> set[str]:
        """Which sides have signed the round that is open now."""
        return {one.side for one in self.signatures if one.round == self.row.round}

    @property
    def is_erased(self) -> bool:
        """Words that were signed are gone, with the key that sealed them."""
        told = [one.text for some in self.said.values() for one in some] + [
            item.text for item, _charter in self.conduct
        ]
        return ERASED in told

    @property
    def is_cut_short(self) -> bool:
        """Its person left before both had signed."""
        return self.row.state == "closed" and len(self.signed) < 2

    @property
    def steps(self) -> list[tuple[str, str, str]]:
        """(state, words, done | now | ahead) of each step."""
        at = STATES.index(self.row.state)  # type: ignore[arg-type]
        if self.is_cut_short:
            at = -1
        is_over = self.row.state == "closed" and not self.is_cut_short
        return [
            (
                state,
                str(words.STATE_WORDS[state]),
                "done" if place < at or is_over else "now" if place == at else "ahead",
            )
            for place, state in enumerate(STATES)
        ]


def sheet_of(row: ReviewRow, reader: Side | None, now: datetime, *, width: int = 100) -> Sheet:
    """Read one review whole; the number of queries doesn't grow with what stands in it."""
    said: dict[str, list[Said]] = {}
    comments: dict[str, Said] = {}
    for one in queries.texts(row.id):
        said.setdefault(one.kind, []).append(one)
        if one.measure:
            comments[one.measure] = one
    items = queries.conduct(row.id)
    charters = charter_queries.by_ids({item.charter_version_id for item in items})
    first = row.employee.split()[0]
    return Sheet(
        row=row,
        reader=reader,
        overall=words.overall(row.figures),
        cards=[_card(one, comments.get(one.code), first, width) for one in row.figures],
        money=_money(row.money),
        money_comment=comments.get(words.MONEY),
        said=said,
        evidence=queries.evidence(row),
        conduct=[(item, charters.get(item.charter_version_id)) for item in items],
        signatures=queries.signatures(row.id),
        accesses=queries.accesses(row.id),
        suggested=suggestions_for(row.employee_id, now),
    )


def _card(one: Figure, comment: Said | None, first: str, width: int) -> Card:
    measure = MEASURES[one.code]
    drawn = funnel(one, say=lambda value: percent(value, 0), count=lambda value: number(int(value)), width=width)
    of = _("%(k)s of %(n)s", k=number(one.k), n=number(one.n))
    return Card(
        code=one.code,
        title=words.measure_words(one.code),
        unit=words.unit_words(one.code),
        quadrant=str(words.QUADRANT_WORDS[measure.quadrant]),
        definition=str(measure.definition),
        not_for=str(measure.not_for),
        conclusion=words.conclusion(one),
        reliability=words.reliability_words(one),
        facts=facts_of(one),
        is_enough=one.is_enough,
        is_flagged=one.is_flagged,
        funnel=drawn,
        me=f"{first}, {of}",
        says=_says(one, first, of),
        comment=comment,
    )


def _says(one: Figure, first: str, of: str) -> str:
    """The drawing in words, for whoever doesn't see it."""
    where = _("outside the limits of 99.8 %") if one.is_flagged else _("inside the limits of 99.8 %")
    return _(
        "Funnel: share against number of cases. %(who)s, %(of)s, evened out for the mix of cases, lies %(where)s,"
        " among %(count)s colleagues without names.",
        who=first, of=of, where=where, count=number(len(one.peers)),
    )  # fmt: skip


def facts_of(one: Figure) -> list[tuple[str, str]]:
    """What stands beside the drawing: raw, interval, expectation, evened out and drawn in, always together."""
    if not one.is_enough:
        return []
    found = [
        (_("As counted"), _("%(k)s of %(n)s (%(share)s)", k=number(one.k), n=number(one.n), share=_share(one))),
        (_("Interval, 95 %"), _("%(low)s to %(high)s", low=percent(one.low, 0), high=percent(one.high, 0))),
    ]
    if one.expected is not None:
        found.append((_("Expected for these cases"), _("%(k)s of %(n)s", k=number(one.expected, 1), n=number(one.n))))
    if one.is_compared:
        found += [
            (
                _("Counted ÷ expected"),
                _(
                    "%(ratio)s (%(low)s to %(high)s)",
                    ratio=number(one.ratio, 2), low=number(one.ratio_low, 2), high=number(one.ratio_high, 2),
                ),
            ),
            (_("House"), percent(one.house, 0)),
            (_("Drawn towards the house"), percent(one.shrunk, 0)),
            (_("Reliability"), number(one.reliability, 2)),
            (_("Chance to notice 15 points"), percent(one.power, 0)),
        ]  # fmt: skip
    return found


def _share(one: Figure) -> str:
    assert one.k is not None and one.n
    return percent(one.k / one.n, 0)


def _money(money: queries.Money) -> list[tuple[str, str]]:
    if money.n is None:
        return []
    return [
        (_("Inside the policy of its time, with a reason"), _("%(k)s of %(n)s", k=number(money.k), n=number(money.n)))
    ]


def data_of(sheet: Sheet) -> dict[str, Any]:
    """The review as data for the person to take along; single colleagues are left out."""
    row = sheet.row
    return {
        "review": row.ref,
        "employee": row.employee,
        "reviewer": row.reviewer,
        "site": row.site,
        "period": {"since": row.since_on.isoformat(), "until": row.until_on.isoformat()},
        "state": row.state,
        "round": row.round,
        "opened_at": iso(row.opened_at),
        "closed_at": iso(row.closed_at) if row.closed_at else None,
        "method": row.method,
        "figures_hash": row.figures_hash,
        "seed": row.seed,
        "conclusion": sheet.overall,
        "figures": [
            {**one.shared(), "measure": card.title, "conclusion": card.conclusion}
            for one, card in zip(row.figures, sheet.cards, strict=True)
        ],
        "money": {"inside_policy": row.money.k, "decisions": row.money.n} if row.money.n else None,
        "words": [
            {"kind": one.kind, "about": one.measure, "by": one.author, "at": iso(one.at), "round": one.round, "text": one.text}
            for kind in ("self_assessment", "notes", "comment", "appeal")
            for one in sheet.said.get(kind, [])
        ],
        "cases": [
            {"case": one.case_ref, "origin": one.origin, "protected": one.is_protected} for one in sheet.evidence
        ],
        "conduct": [
            {
                "area": item.area, "tone": item.tone, "text": item.text, "by": item.author, "at": iso(item.at),
                "charter": charter.number if charter else None, "clause": item.clause, "cases": list(item.case_refs),
                "withdrawn_at": iso(item.withdrawn_at) if item.withdrawn_at else None,
            }
            for item, charter in sheet.conduct
        ],
        "signatures": [
            {"side": one.side, "by": one.name, "at": iso(one.at), "round": one.round, "content": one.content_hash}
            for one in sheet.signatures
        ],
        "readers": [{"by": one.name, "how": one.how, "at": iso(one.at)} for one in sheet.accesses],
    }  # fmt: skip
