"""The trail must be whole."""

from app.audit.checkpoint_keys import BadKeys
from app.audit.checkpoint_queries import outside, verify
from app.kernel import invariants
from app.kernel.time import utc_now


def broken() -> list[str]:
    try:
        report = verify(now=utc_now(), kept=outside())
    except BadKeys as mistake:
        return [str(mistake)]
    return [] if report.is_whole else [str(report.problem)]


invariants.declare("trail", broken)
