"""Tables of shadow runs and proposals, and indexes over lower rooms' tables that only measures need."""

from sqlalchemy import Index, text

from app.cases.models import Case
from app.insights import outcome_models as _outcomes  # noqa: F401 - its table
from app.insights import proposal_models as _proposals  # noqa: F401 - its table
from app.insights import pulse_models as _pulses  # noqa: F401 - its tables
from app.insights import report_models as _reports  # noqa: F401 - its tables
from app.insights import risk_models as _risks  # noqa: F401 - its table
from app.insights import rollup_models as _rollups  # noqa: F401 - its tables
from app.insights import shadow_models as _shadows  # noqa: F401 - its tables
from app.sla.models import Clock

_RESOLVED = text("resolved_at IS NOT NULL")
_STOPPED = text("stopped_at IS NOT NULL")

Index(
    "ix_case_measures",
    Case.site_id,
    Case.resolved_at,
    Case.historic,
    Case.team_id,
    sqlite_where=_RESOLVED,
    postgresql_where=_RESOLVED,
)
Index(
    "ix_clock_measures",
    Clock.site_id,
    Clock.stopped_at,
    Clock.historic,
    Clock.milestone,
    Clock.due_at,
    Clock.team_id,
    sqlite_where=_STOPPED,
    postgresql_where=_STOPPED,
)
