"""Open a cause, change it, say which cases it explains, mark it as fixed, and take that back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select, update

from app.audit import actions as audit
from app.cases import actions as cases
from app.cases.models import Case, Category
from app.cases.rules import CAUSES
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict, NotFound, Refusal
from app.kernel.references import ref
from app.kernel.transactions import transaction
from app.people import permissions
from app.people import queries as people
from app.problems.models import Cause, CauseCase, CauseFix
from app.problems.rules import LINKS_MAX, REASON_MAX, TEXT_MAX, TITLE_MAX

OPENED = audit.declare(
    "cause:open", "title", "story", "kind", "category", "owner", sentence=_l("opened a root cause")
)  # fmt: skip
CHANGED = audit.declare("cause:change", "before", "after", sentence=_l("changed a root cause"))
LINKED = audit.declare("cause:link", "cause", sentence=_l("put the case to a root cause"))
UNLINKED = audit.declare("cause:unlink", "cause", sentence=_l("took the case from a root cause"))
FIXED = audit.declare("cause:fix", "done", "cases", sentence=_l("marked a root cause as fixed"))
UNDONE = audit.declare("cause:reopen", "fix", "reason", sentence=_l("found that a root cause isn't fixed"))
HANDED = audit.declare("cause:hand-over", "owner", sentence=_l("gave a root cause to somebody else"))
FIELDS = ("title", "story", "kind", "category_id", "owner_id")


class FixedAlready(Refusal):
    """The cause has a fix that stands."""

    code = "fixed-already"
    sentence = _l("This cause is marked as fixed already. Look again at the newest state.")


class NotFixed(Refusal):
    """The cause has no fix that stands."""

    code = "not-fixed"
    sentence = _l("This cause isn't marked as fixed.")


class NobodyOwns(Refusal):
    """Whoever leaves answers for open causes, and nobody leads their site."""

    code = "nobody-owns"
    sentence = _l("Nobody at the site can take over the root causes. Give them to somebody else first.")


def open_cause(
    *, site_id: int | None, category_id: int | None, kind: str, title: str, story: str, actor: Actor, now: datetime
) -> Cause:
    """Open a cause; whoever opens it answers for it until it is given to somebody else. site_id None: the whole company's."""
    _require(actor, "causes.write", site_id)
    said = {"title": title.strip(), "story": story.strip(), "kind": kind, "category_id": category_id}
    with transaction():
        _check(said)
        assert actor.id is not None
        cause = Cause(**said, site_id=site_id, owner_id=actor.id, opened_by_id=actor.id, opened_at=now, version=1)
        db.session.add(cause)
        db.session.flush()
        _record(
            OPENED, cause, actor, now, title=cause.title, story=cause.story, kind=kind,
            category=ref("category", category_id) if category_id else None, owner=ref("employee", actor.id),
        )  # fmt: skip
        return cause


def change(
    *,
    cause_id: int,
    version: int,
    title: str,
    story: str,
    kind: str,
    category_id: int | None,
    owner_id: int,
    actor: Actor,
    now: datetime,
) -> None:
    """Change what a cause says of itself, or who answers for it. Raises Conflict when it was changed elsewhere."""
    said: dict[str, Any] = {
        "title": title.strip(), "story": story.strip(), "kind": kind, "category_id": category_id, "owner_id": owner_id,
    }  # fmt: skip
    with transaction():
        cause = locked(cause_id, actor, "causes.write", version)
        _check(said)
        owner = people.person(owner_id)
        if owner is None or not owner.is_active or not permissions.has(owner.actor, "causes.write"):
            raise BadInput({"owner_id": [str(_l("Choose somebody who can answer for it."))]})
        before = {name: getattr(cause, name) for name in FIELDS if getattr(cause, name) != said[name]}
        for name in before:
            setattr(cause, name, said[name])
        cause.version += 1
        db.session.flush()
        _record(CHANGED, cause, actor, now, before=before, after={name: said[name] for name in before})


def link(*, cause_id: int, case_ids: Sequence[int], actor: Actor, now: datetime) -> int:
    """Say that a cause explains these cases; those that have a cause stay with it. Returns how many were put to it.

    A case out of scope, or of another place than the cause, answers like one that doesn't exist, and then none is linked.
    """
    with transaction():
        cause = locked(cause_id, actor, "causes.write", is_shared=True)
        held = select(func.count()).where(CauseCase.cause_id == cause.id, CauseCase.unlinked_at.is_(None))
        wanted = sorted(set(case_ids))
        if (db.session.scalar(held) or 0) + len(wanted) > LINKS_MAX:
            raise BadInput({"cases": [str(_l("A cause has at most %(count)d cases.", count=LINKS_MAX))]})
        found = db.session.scalars(select(Case).where(Case.id.in_(wanted)).order_by(Case.id).with_for_update()).all()
        for case in found:
            permissions.require(actor, "cases.write", site_id=case.site_id)
        if len(found) != len(wanted) or any(cause.site_id not in (None, case.site_id) for case in found):
            raise NotFound
        taken = set(
            db.session.scalars(
                select(CauseCase.case_id).where(CauseCase.case_id.in_(wanted), CauseCase.unlinked_at.is_(None))
            )
        )
        free = [case for case in found if case.id not in taken]
        for case in free:
            db.session.add(CauseCase(cause_id=cause.id, case_id=case.id, linked_at=now, linked_by_id=actor.id))
            _note(case, "linked", cause, actor, now)
            audit.record(
                LINKED, subject=case.ref, actor=actor, at=now, case_id=case.id, site_id=case.site_id, cause=cause.ref
            )
        if free:
            db.session.flush()
        return len(free)


def unlink(*, cause_id: int, case_id: int, actor: Actor, now: datetime) -> None:
    """Take a case from a cause; that it was linked stays on record. Raises NotFound where it isn't linked."""
    with transaction():
        cause = locked(cause_id, actor, "causes.write", is_shared=True)
        case = db.session.get(Case, case_id)
        if case is None:
            raise NotFound
        permissions.require(actor, "cases.write", site_id=case.site_id)
        done = db.session.execute(
            update(CauseCase)
            .where(
                CauseCase.cause_id == cause.id, CauseCase.case_id == case.id, CauseCase.unlinked_at.is_(None)
            )
            .values(unlinked_at=now, unlinked_by_id=actor.id)
            .execution_options(synchronize_session=False)
        )  # fmt: skip
        if done.rowcount != 1:  # type: ignore[attr-defined]
            raise NotFound
        _note(case, "unlinked", cause, actor, now)
        audit.record(
            UNLINKED, subject=case.ref, actor=actor, at=now, case_id=case.id, site_id=case.site_id, cause=cause.ref
        )


def fix(*, cause_id: int, version: int, done: str, actor: Actor, now: datetime) -> CauseFix:
    """Mark a cause as fixed, with what was done. Nobody outside hears of it by this. Raises FixedAlready, Conflict."""
    with transaction():
        cause = locked(cause_id, actor, "causes.fix", version)
        if standing_fix(cause.id) is not None:
            raise FixedAlready
        said = done.strip()
        if not said or len(said) > TEXT_MAX:
            raise BadInput({"done": [str(_l("Say in at most %(count)d characters what was done.", count=TEXT_MAX))]})
        made = CauseFix(cause_id=cause.id, done=said, at=now, by_id=actor.id)
        db.session.add(made)
        cause.version += 1
        db.session.flush()
        count = select(func.count()).where(CauseCase.cause_id == cause.id, CauseCase.unlinked_at.is_(None))
        _record(FIXED, cause, actor, now, done=said, cases=db.session.scalar(count) or 0)
        return made


def reopen(*, cause_id: int, version: int, reason: str, actor: Actor, now: datetime) -> None:
    """Say that a fix didn't hold; its record stays, and notes that aren't out yet stay in. Raises NotFixed, Conflict."""
    with transaction():
        cause = locked(cause_id, actor, "causes.fix", version)
        standing = standing_fix(cause.id)
        if standing is None:
            raise NotFixed
        said = reason.strip()
        if not said or len(said) > REASON_MAX:
            raise BadInput({"reason": [str(_l("Say why, in at most %(count)d characters.", count=REASON_MAX))]})
        standing.undone_at, standing.undone_by_id, standing.undone_reason = now, actor.id, said
        cause.version += 1
        db.session.flush()
        _record(UNDONE, cause, actor, now, fix=standing.id, reason=said)


def hand_over(*, employee_id: int, actor: Actor, now: datetime) -> None:
    """Give the causes that somebody who leaves answers for, and that aren't fixed, to whom leads there; raises NobodyOwns."""
    stands = select(CauseFix.id).where(CauseFix.cause_id == Cause.id, CauseFix.undone_at.is_(None)).exists()
    wanted = select(Cause).where(Cause.owner_id == employee_id, ~stands).order_by(Cause.id).with_for_update()
    person = people.person(employee_id)
    with transaction():
        for cause in db.session.scalars(wanted).all():
            assert person is not None
            leads = people.supervisors_for(cause.site_id or person.site_id, person.team_id)
            heir = next((one for one in leads if one != employee_id), None)
            if heir is None:
                raise NobodyOwns
            cause.owner_id, cause.version = heir, cause.version + 1
            db.session.flush()
            _record(HANDED, cause, actor, now, owner=ref("employee", heir))


def locked(
    cause_id: int, actor: Actor, permission: str, version: int | None = None, *, is_shared: bool = False
) -> Cause:
    """The cause for a deed on it. is_shared: a deed that any site may do to a cause of the whole company."""
    cause = db.session.get(Cause, cause_id, with_for_update=True, populate_existing=True)
    if cause is None:
        raise NotFound
    if cause.site_id is None and is_shared:
        permissions.require(actor, permission)
    else:
        _require(actor, permission, cause.site_id)
    if version is not None and cause.version != version:
        raise Conflict
    return cause


def standing_fix(cause_id: int) -> CauseFix | None:
    found = select(CauseFix).where(CauseFix.cause_id == cause_id, CauseFix.undone_at.is_(None))
    return db.session.scalars(found).one_or_none()


def _require(actor: Actor, permission: str, site_id: int | None) -> None:
    """Within the site; what is the whole company's asks for a scope that reaches so far."""
    scope = permissions.require(actor, permission, site_id=site_id)
    if site_id is None and scope.kind != "company":
        raise NotFound


def _check(said: dict[str, Any]) -> None:
    errors: dict[str, list[str]] = {}
    if not said["title"] or len(said["title"]) > TITLE_MAX:
        errors["title"] = [str(_l("Name it in at most %(count)d characters.", count=TITLE_MAX))]
    if not said["story"] or len(said["story"]) > TEXT_MAX:
        errors["story"] = [str(_l("Say in at most %(count)d characters what happens.", count=TEXT_MAX))]
    if said["kind"] not in CAUSES:
        errors["kind"] = [str(_l("Choose what caused it."))]
    if said["category_id"] is not None and db.session.get(Category, said["category_id"]) is None:
        errors["category_id"] = [str(_l("Choose from the list."))]
    if errors:
        raise BadInput(errors)


def _note(case: Case, what: str, cause: Cause, actor: Actor, now: datetime) -> None:
    data = {"what": what, "cause": cause.ref, "title": cause.title}
    cases.add_event(case_id=case.id, kind="cause", actor=actor, at=now, data=data)


def _record(entry: audit.EntryType, cause: Cause, actor: Actor, now: datetime, **said: Any) -> None:
    audit.record(entry, subject=cause.ref, actor=actor, at=now, site_id=cause.site_id, **said)
