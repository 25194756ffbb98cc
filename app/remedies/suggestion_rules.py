"""What may be worth offering, by named rules over precedents and what is known of the failure. Pure: it decides nothing.

Sources: Smith, Bolton & Wagner 1999, JMR 36 (match the failure); Grewal, Roggeveen & Tsiros 2008, J. Retailing 84(4)
(whose doing it was). A rule's number changes with its text, so that the trail of a page can name what it showed.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from app.remedies.precedent_rules import LOSS_PERCENT, Band

KINDS_MAX = 2
ANSWERS_MIN = 10
NOT_OURS = ("customer", "third_party")


@dataclass(frozen=True, slots=True)
class Past:
    """What similar cases got of one kind of money: the band, how customers answered, and cases that the reader may open."""

    kind: str
    band: Band
    accepted: int
    declined: int
    cases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is suggested: the rule by name and version, figures for its sentence, and the cases it rests on."""

    rule: str
    figures: tuple[int, ...] = ()
    cases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One kind of remedy with its reasons; minor units of the site's currency, None for what is no money."""

    kind: str
    minor: int | None
    reasons: tuple[Reason, ...]


def suggest(
    past: Sequence[Past], *, attribution: str, loss_minor: int | None, is_repeated: bool, known: Collection[str]
) -> tuple[Suggestion, ...]:
    """Return what similar cases show, first what customers took most often; kinds that aren't `known` never come up.

    Not ours to answer for: an explanation and an apology, no money (Grewal, Roggeveen & Tsiros 2008). Otherwise at most
    KINDS_MAX kinds of money: the median of what was taken; the upper end of the band after a second failure (Maxham &
    Netemeyer 2002); never more than LOSS_PERCENT of the loss (Haesevoets et al. 2017); with an apology (Boshoff & Leong 1998).
    """
    if attribution in NOT_OURS:
        why = (Reason("not-ours@1"),)
        return tuple(Suggestion(kind, None, why) for kind in ("explanation", "apology") if kind in known)
    found = [one for one in past if one.kind in known]
    found.sort(key=lambda one: (-_taken(one), -one.band.count, one.kind))
    money = tuple(_of(one, loss_minor, is_repeated) for one in found[:KINDS_MAX])
    words = (Suggestion("apology", None, (Reason("say-sorry@1"),)),) if "apology" in known else ()
    return money + words


def _taken(one: Past) -> float:
    """The share that customers accepted; with few answers nothing is made of it."""
    answers = one.accepted + one.declined
    return one.accepted / answers if answers >= ANSWERS_MIN else 0.0


def _of(one: Past, loss_minor: int | None, is_repeated: bool) -> Suggestion:
    minor = one.band.high_minor if is_repeated else one.band.middle_minor
    reasons = [Reason("precedents@1", (one.band.count, one.accepted, one.accepted + one.declined), one.cases)]
    if is_repeated:
        reasons.append(Reason("second-failure@1"))
    most = loss_minor * LOSS_PERCENT // 100 if loss_minor else None
    if most is not None and minor > most:
        minor = most
        reasons.append(Reason("far-above-loss@1", (LOSS_PERCENT,)))
    return Suggestion(one.kind, minor, tuple(reasons))
