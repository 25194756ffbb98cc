"""The last simulations, kept in memory: turning a page replays nothing, and nothing is written."""

from collections import OrderedDict
from collections.abc import Hashable, Sequence
from threading import Lock

from flask import current_app
from sqlalchemy import func, select

from app.approvals.models import ExceptionDecision
from app.budgets.models import LedgerTransfer
from app.insights.simulation_queries import Span, simulate
from app.insights.simulation_rules import Result
from app.kernel.database import db
from app.policies.rules import Rule
from app.remedies.models import RefusedOffer, Remedy

KEPT_MAX = 8


class Kept:
    """A few results, the oldest forgotten first."""

    def __init__(self) -> None:
        self._results: OrderedDict[Hashable, Result] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable) -> Result | None:
        with self._lock:
            if key in self._results:
                self._results.move_to_end(key)
            return self._results.get(key)

    def put(self, key: Hashable, result: Result) -> None:
        with self._lock:
            self._results[key] = result
            while len(self._results) > KEPT_MAX:
                self._results.popitem(last=False)


def simulated(draft: Sequence[Rule], span: Span, *, against: Sequence[Rule] | None) -> Result:
    """Simulate, unless exactly this was asked a moment ago and nothing has happened since."""
    kept: Kept = current_app.extensions.setdefault("makegood_simulations", Kept())
    key = (tuple(draft), tuple(against) if against is not None else None, span, _newest())
    result = kept.get(key)
    if result is None:
        result = simulate(draft, span, against=against)
        kept.put(key, result)
    return result


def _newest() -> tuple[int, ...]:
    """What moves on with everything that a replay reads."""
    statement = select(
        *(
            select(func.max(table.id)).scalar_subquery()
            for table in (Remedy, RefusedOffer, LedgerTransfer, ExceptionDecision)
        )
    )
    return tuple(newest or 0 for newest in db.session.execute(statement).one())
