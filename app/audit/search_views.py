"""Kept searches of the trail, and the trail as a table."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.audit import queries, search_actions
from app.audit.blueprint import bp
from app.audit.evidence_views import download
from app.audit.forms import TrailForm
from app.audit.search_actions import ROWS_MAX, TooManyRows
from app.audit.trail_sheet import Line, lines_of, my_site_scope, said_of
from app.kernel.errors import BadInput, Refusal
from app.kernel.sheets import csv_bytes
from app.kernel.time import iso, utc_now
from app.people.access import me, needs
from app.people.step_up import require_proof
from app.ui.filters import zone_of

HEADER = ("number", "at", "who", "did", "type", "record", "case", "says", "chain hash")


@dataclass(frozen=True, slots=True)
class Kept:
    """One kept search as the page shows it."""

    id: int
    name: str
    url: str


def searches_of(employee_id: int) -> list[Kept]:
    return [Kept(row.id, row.name, _address(row.asked)) for row in queries.kept_searches(employee_id)]


def _address(narrowed: Mapping[str, str]) -> str:
    args: dict[str, Any] = dict(narrowed)
    return url_for("audit.trail", **args)


@bp.post("/audit/searches")
@needs("audit.read")
def keep_search() -> ResponseReturnValue:
    form = TrailForm(request.form)
    narrowed = form.narrowed() if form.validate() else {}
    try:
        search_actions.keep_search(name=request.form.get("name", ""), asked=narrowed, actor=me(), now=utc_now())
        flash(_("The search is kept."), "good")
    except BadInput as mistake:
        flash(next(iter(mistake.errors.values()))[0], "bad")
    except Refusal as refusal:
        flash(str(refusal), "bad")
    return redirect(_address(narrowed), 303)


@bp.post("/audit/searches/<int:search_id>/removal")
@needs("audit.read")
def forget_search(search_id: int) -> ResponseReturnValue:
    search_actions.forget_search(search_id=search_id, actor=me(), now=utc_now())
    flash(_("The search is given up."), "good")
    return redirect(url_for("audit.trail"), 303)


@bp.post("/audit/exports")
@needs("audit.read")
def export() -> Response:
    """The entries of the page's filters as a table that no spreadsheet reads as formulas."""
    require_proof()
    form, now, site_ids = TrailForm(request.form), utc_now(), my_site_scope()
    if not form.validate():
        raise BadInput({name: [str(text) for text in texts] for name, texts in form.errors.items()})
    filters = form.filters(site_ids, zone_of(None))
    count = queries.count(filters, ROWS_MAX)
    if count > ROWS_MAX:
        raise TooManyRows
    search_actions.record_export(
        count=count,
        form="csv",
        narrowed=form.narrowed(),
        actor=me(),
        now=now,
        site_id=site_ids[0] if site_ids is not None and len(site_ids) == 1 else None,
    )
    found = queries.rows(filters, count)
    lines, names = lines_of(found, with_addresses=False, with_links=False)
    table = csv_bytes(HEADER, (_row(line, row.type, names) for line, row in zip(lines, found, strict=True)))
    return download(table, "text/csv", f"trail-{now:%Y%m%d-%H%M%S}.csv")


def _row(line: Line, entry_type: str, names: dict[int, str]) -> tuple[str | int | None, ...]:
    says = "; ".join(said_of(fact, names) for fact in line.facts)
    return line.number, iso(line.at), line.who, str(line.did), entry_type, line.subject, line.case_ref, says, line.hash
