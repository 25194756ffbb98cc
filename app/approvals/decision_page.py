"""The page of one request as its reader sees it: whole, or the part alone that is asked for again while it waits."""

from dataclasses import dataclass, field
from typing import Any

from flask import render_template

from app.approvals import queries, rules, step_queries
from app.approvals.forms import AmendForm, DecisionForm, PartForm, TalkForm
from app.approvals.queries import RequestRow
from app.approvals.sheet import Sheet, keeps, sheet_for
from app.kernel.errors import NotFound
from app.kernel.references import parse_ref
from app.kernel.time import utc_now
from app.people import queries as people
from app.people.access import me, my_scope


@dataclass
class Sent:
    """The form that was sent and could not be taken, so that the page shows it again with what was typed."""

    name: str = ""
    form: Any = None
    refusal: str | None = None
    others: dict[str, Any] = field(default_factory=dict)


def row_of(ref: str) -> RequestRow:
    """Read the request inside the reader's scope; outside of it there is nothing, but for what they decide for others."""
    exception_id = parse_ref("exception", ref)
    row = queries.request_row(exception_id) if exception_id else None
    if row is None:
        raise NotFound
    if my_scope("exceptions.read").covers(site_id=row.site_id, team_id=row.team_id, owner_id=row.requested_by_id):
        return row
    if isinstance(queries.standing([row], utc_now()).answer(row.id, me()), rules.Allowed):
        return row
    raise NotFound


def page(row: RequestRow, sent: Sent | None = None) -> str:
    """Show a request with its facts and what this reader may do about it."""
    return render_template("approvals/show.html", **values(row, sent or Sent()))


def part(row: RequestRow) -> str:
    """Show the same without the frame."""
    return render_template("approvals/_task.html", **values(row, Sent()))


def news(row: RequestRow) -> str:
    """Tell on another page how a request ended."""
    name = people.names([row.decided_by_id]).get(row.decided_by_id or 0, "–")
    return render_template("approvals/_news.html", row=row, name=name)


def values(row: RequestRow, sent: Sent) -> dict[str, Any]:
    now, actor = utc_now(), me()
    sheet = sheet_for(row, my_scope("exceptions.read"), actor, now)
    return {
        "sheet": sheet,
        "row": row,
        "forms": {name: _decision(row, name, sent) for name in ("less", "declined")},
        "talk": _other(sent, "talk", TalkForm),
        "amend": _other(sent, "amend", AmendForm, row),
        "refusal": sent.refusal,
        "kinds": {row.kind: sheet.kind},
        "category": sheet.category,
        "is_mine": actor.id == row.requested_by_id,
        "tag": step_queries.tag_of(_mark(row, sheet)),
        "now": now,
    }


def _mark(row: RequestRow, sheet: Sheet) -> step_queries.Mark:
    """The mark of what is shown, as `step_queries.mark` reads it."""
    return step_queries.Mark(
        state=row.state,
        ended_at=row.ended_at,
        terms_hash=row.terms_hash,
        site_id=row.site_id,
        team_id=row.team_id,
        asker_id=row.requested_by_id,
        says=sum(len(step.said) for step in sheet.steps),
        last_line=sheet.lines[-1].id if sheet.lines else None,
    )


def keeps_of(row: RequestRow, *, is_part: bool) -> str:
    """Show what an approval would take and leave: alone, or as a page of its own where no scripts run."""
    return render_template(
        "approvals/_keeps.html" if is_part else "approvals/keeps.html",
        row=row,
        keeps=keeps(row, utc_now()),
        give=PartForm(formdata=None),
        is_mine=me().id == row.requested_by_id,
    )


def _decision(row: RequestRow, name: str, sent: Sent) -> DecisionForm:
    """The form as it was sent, with its mistakes, or an empty one."""
    if isinstance(sent.form, DecisionForm) and sent.form.outcome.data == name:
        return sent.form
    return DecisionForm.about(row.amount, name, is_sent=False)


def _other(sent: Sent, name: str, made: Any, *about: Any) -> Any:
    return sent.form if sent.name == name else made.about(*about, is_sent=False)
