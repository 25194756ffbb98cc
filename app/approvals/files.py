"""Who may see the files of a request, and who may add to them."""

from collections.abc import Sequence
from datetime import datetime

from flask_babel import lazy_gettext as _l

from app.approvals import actions as approvals
from app.approvals import queries, rules, writing
from app.approvals.models import ExceptionRequest
from app.approvals.step_models import ExceptionMessage
from app.attachments import hooks
from app.attachments.models import Attachment
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import NotFound, NotPermitted, Refusal
from app.kernel.references import ref
from app.kernel.time import utc_now
from app.notifications.rules import declare
from app.people import permissions

FILES_NOTICE = declare("exception:files", _l("%(name)s added files about %(amount)s in %(case)s"))


class RequestEnded(Refusal):
    """Nothing is added to what has been decided: the deciders saw what was there."""

    code = "already-ended"
    sentence = _l("This has been decided. Files can be added to the case itself.")


def register() -> None:
    hooks.subjects["exception"] = place_of
    if tell_of_files not in hooks.on_added:
        hooks.on_added.append(tell_of_files)


def place_of(exception_id: int, actor: Actor, deed: hooks.Deed) -> hooks.Place:
    """A request's files are its readers'; the asker and whoever may decide it add while it waits."""
    row = queries.request_row(exception_id)
    if row is None:
        raise NotFound
    scope = permissions.scope_of(actor, "exceptions.read")
    is_decider = actor.is_person and isinstance(queries.standing([row], utc_now()).answer(row.id, actor), rules.Allowed)
    is_seen = scope is not None and scope.covers(site_id=row.site_id, team_id=row.team_id, owner_id=row.requested_by_id)
    if not is_seen and not is_decider:
        raise NotFound
    if deed == "add":
        if not permissions.has(actor, "exceptions.ask"):
            raise NotPermitted
        if not row.is_waiting:
            raise RequestEnded
    return hooks.Place(ref("exception", exception_id), row.site_id, row.case_id)


def tell_of_files(
    kind: str, subject_id: int, _place: hooks.Place, files: Sequence[Attachment], actor: Actor, now: datetime
) -> None:
    """Put files that were added later into the talk about a request, so that open pages show them."""
    if kind != "exception":
        return
    request = db.session.get(ExceptionRequest, subject_id)
    if request is not None and request.asked_at != now:
        db.session.add(
            ExceptionMessage(
                exception_id=subject_id, kind="answer", author_id=actor.id, at=now, text="", said={"files": len(files)}
            )
        )
        others = {request.requested_by_id, *approvals.asked_ids(request, now)} - {actor.id}
        writing.tell(sorted(others), FILES_NOTICE, request, request.amount, actor, now)
