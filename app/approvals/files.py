"""Who may see the files of a request, and who may add to them."""

from flask_babel import lazy_gettext as _l

from app.approvals import queries, rules
from app.attachments import hooks
from app.kernel.actor import Actor
from app.kernel.errors import NotFound, NotPermitted, Refusal
from app.kernel.references import ref
from app.kernel.time import utc_now
from app.people import permissions


class RequestEnded(Refusal):
    """Nothing is added to what has been decided: the deciders saw what was there."""

    code = "already-ended"
    sentence = _l("This has been decided. Files can be added to the case itself.")


def register() -> None:
    hooks.subjects["exception"] = place_of


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
