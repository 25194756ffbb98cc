"""The trail must be whole."""

from app.audit import queries
from app.kernel import invariants
from app.kernel.time import utc_now


def broken() -> list[str]:
    report = queries.verify(now=utc_now())
    return [] if report.is_whole else [str(report.problem)]


invariants.declare("trail", broken)
