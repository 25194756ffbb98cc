"""What recovery returns, and when it can't be said. Pure."""

from dataclasses import dataclass

from app.insights.approval_rules import Difference


@dataclass(frozen=True, slots=True)
class Return:
    """The return of goodwill in one currency; None without a comparison group. helped, others: how many were compared."""

    currency: str
    helped: int
    others: int
    value: float | None
    low: float | None
    high: float | None


def recovery_return(
    currency: str, stayed: Difference, *, worth_minor: float, remedy_minor: float, handling_minor: float = 0.0
) -> Return:
    """(Δ share who stayed × value that remains − remedy − handling) ÷ (remedy + handling), with Δ's interval carried over.

    stayed: how many more of the helped stayed than of matched customers who got nothing. worth, remedy, handling: means
    for one customer. No comparison group, or nothing paid: no figure.
    Worked value: 10 points more stay, worth 2,000, remedy 50, handling 30: (200 − 80) ÷ 80 = 1.5.
    """
    cost = remedy_minor + handling_minor
    if stayed.value is None or stayed.low is None or stayed.high is None or cost <= 0:
        return Return(currency, stayed.waited, stayed.others, None, None, None)
    value, low, high = ((delta * worth_minor - cost) / cost for delta in (stayed.value, stayed.low, stayed.high))
    return Return(currency, stayed.waited, stayed.others, value, low, high)
