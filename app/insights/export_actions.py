"""Taking the figures of a period away, named in the trail."""

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from flask_babel import lazy_gettext as _l

from app.audit import actions as audit
from app.insights.export_tables import HEADER, Cell, rows_of, workbook
from app.insights.figure_queries import Figure, figures
from app.insights.measures import MEASURES, Measure
from app.insights.queries import Part
from app.kernel.actor import Actor
from app.kernel.references import ref
from app.kernel.sheets import csv_bytes
from app.kernel.time import iso
from app.kernel.transactions import transaction
from app.people import permissions

Form = Literal["csv", "xlsx", "pdf"]
EXPORTED = audit.declare(
    "metrics:export", "form", "since", "until", "sites", "team", "rows", sentence=_l("exported the figures of a period")
)


def export_figures(
    *, part: Part, form: Form, said_of: Callable[[Measure], Callable[[Figure], str]], actor: Actor, now: datetime
) -> bytes:
    """Write every measure of a part and a time, with its definition, as a file; what is too few to say stays empty.

    said_of: what each figure of a measure is about, in the reader's words.
    """
    scope = permissions.require(actor, "metrics.read")
    assert all(scope.covers(site_id=site_id) for site_id in part.site_ids), "the part was cut down to the scope"
    since, until = iso(part.since), iso(part.until)
    rows: list[list[Cell]] = []
    for name, measure in MEASURES.items():
        rows += rows_of(measure, figures(name, part, now), since, until, said_of(measure))
    note_export(part=part, form=form, rows=len(rows), actor=actor, now=now)
    return csv_bytes(HEADER, rows) if form == "csv" else workbook(HEADER, rows)


def note_export(*, part: Part, form: Form, rows: int, actor: Actor, now: datetime) -> None:
    """Name in the trail who takes figures away, of where and how many."""
    permissions.require(actor, "metrics.read")
    with transaction():
        audit.record(
            EXPORTED, subject=ref("employee", actor.id or 0), actor=actor, at=now, form=form, since=iso(part.since),
            until=iso(part.until), site_id=part.site_ids[0] if len(part.site_ids) == 1 else None,
            sites=[ref("site", site_id) for site_id in part.site_ids], team=part.team_id, rows=rows,
        )  # fmt: skip
