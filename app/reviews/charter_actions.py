"""Writing the charter: a draft, a round of comments, agreement on both sides, and publication by somebody else."""

from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from app.audit import actions as audit
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, Conflict, NotFound, NotPermitted, Refusal
from app.kernel.transactions import transaction
from app.people import permissions
from app.policies.clause_queries import possible_owners
from app.reviews import charter_queries as queries
from app.reviews import charter_rules as rules
from app.reviews.charter_models import CharterApproval, CharterComment, CharterVersion
from app.reviews.charter_rules import Clause

DRAFTED = audit.declare("charter:draft", "number", "content", sentence=_l("began a new version of the charter"))
WROTE = audit.declare("charter:write", "number", "code", "content", sentence=_l("wrote a clause of the charter"))
STRUCK = audit.declare("charter:strike", "number", "code", "content", sentence=_l("took a clause out of the charter"))
ASKED = audit.declare("charter:ask-comments", "number", "until", sentence=_l("opened the charter for comments"))
COMMENTED = audit.declare("charter:comment", "number", "code", "length", sentence=_l("commented on the charter"))
AGREED = audit.declare("charter:agree", "number", "side", "content", sentence=_l("agreed to the charter"))
PUBLISHED = audit.declare("charter:publish", "number", "content", sentence=_l("published the charter"))


class DraftExists(Refusal):
    code = "charter-draft-exists"
    sentence = _l("There is a version of the charter that isn't published yet. Go on with that one.")


class CharterPublished(Refusal):
    code = "charter-published"
    sentence = _l("This version is published: it stays as it is. Begin a new one.")


class RoundOpen(Refusal):
    code = "charter-round-open"
    sentence = _l("The round of comments isn't over. What people say until its last day has to be read first.")


class AgreementMissing(Refusal):
    code = "charter-agreement-missing"
    sentence = _l(
        "A leader and an employee who didn't write it have to agree to it as it stands. A change makes earlier agreement void."
    )


class OwnWords(Refusal):
    code = "charter-own-words"
    sentence = _l("You wrote in this version. Somebody else agrees to it and publishes it.")


class AgreedAlready(Refusal):
    code = "charter-agreed"
    sentence = _l("You have agreed to it as it stands.")


def draft_charter(*, actor: Actor, now: datetime) -> CharterVersion:
    """Begin a version with the words of the one in force; one draft at a time."""
    permissions.require(actor, "charter.write")
    with transaction():
        number = db.session.scalar(select(func.max(CharterVersion.number))) or 0
        unfinished = select(CharterVersion.id).where(CharterVersion.state != "published").limit(1)
        if db.session.scalar(unfinished) is not None:
            raise DraftExists
        before = queries.in_force()
        clauses = before.clauses if before else ()
        row = CharterVersion(
            number=number + 1, clauses=[one.plain() for one in clauses], authors=[actor.id] if actor.id else [],
            drafted_at=now, content_hash=rules.content_hash(clauses),
        )  # fmt: skip
        db.session.add(row)
        db.session.flush()
        _record(DRAFTED, row, actor, now, content=row.content_hash)
        return row


def write_clause(*, number: int, clause: Clause, version: int, actor: Actor, now: datetime) -> None:
    """Add or change a clause; whoever agreed to other words has to read these."""
    with transaction():
        row = _editable(number, version, actor)
        errors = {}
        if not rules.CODE.fullmatch(clause.code):
            errors["code"] = [_("Small letters, digits and dashes, 2 to 40 of them.")]
        if not 3 <= len(clause.title.strip()) <= rules.TITLE_MAX:
            errors["title"] = [_("Write 3 to 120 characters.")]
        if not 3 <= len(clause.text.strip()) <= rules.TEXT_MAX:
            errors["text"] = [_("Write 3 to 2,000 characters.")]
        if clause.owner_id is None or clause.owner_id not in dict(possible_owners()):
            errors["owner"] = [_("Choose who cares for it.")]
        if clause.review_by is None or clause.review_by <= now.date():
            errors["review_by"] = [_("Choose a day ahead on which it is looked at again.")]
        if errors:
            raise BadInput(errors)
        kept = [one for one in queries.row_of(row).clauses if one.code != clause.code]
        _put(row, [*kept, clause], actor)
        _record(WROTE, row, actor, now, code=clause.code, content=row.content_hash)


def strike_clause(*, number: int, code: str, version: int, actor: Actor, now: datetime) -> None:
    """Take a clause out of an unpublished version; published ones keep it."""
    with transaction():
        row = _editable(number, version, actor)
        before = queries.row_of(row).clauses
        kept = [one for one in before if one.code != code]
        if len(kept) == len(before):
            raise NotFound
        _put(row, kept, actor)
        _record(STRUCK, row, actor, now, code=code, content=row.content_hash)


def ask_comments(*, number: int, until: date, version: int, actor: Actor, now: datetime) -> None:
    """Open the round in which everybody may say something; until: its last day, at least a week ahead."""
    with transaction():
        row = _editable(number, version, actor)
        if until < now.date() + timedelta(days=rules.COMMENT_DAYS_MIN):
            raise BadInput({"until": [_("Give people at least a week.")]})
        if not row.clauses:
            raise BadInput({"until": [_("Write a clause first.")]})
        row.state, row.comments_until, row.version = "comments", until, row.version + 1
        _record(ASKED, row, actor, now, until=until.isoformat())


def comment(*, number: int, code: str, text: str, actor: Actor, now: datetime) -> None:
    """Say something about a clause during the round."""
    permissions.require(actor, "charter.read")
    with transaction():
        row = _row(number)
        if row.state != "comments" or row.comments_until is None or now.date() > row.comments_until or actor.id is None:
            raise NotFound
        if queries.row_of(row).clause(code) is None:
            raise NotFound
        if not 3 <= len(text.strip()) <= rules.TEXT_MAX:
            raise BadInput({"text": [_("Write 3 to 2,000 characters.")]})
        db.session.add(CharterComment(version_id=row.id, code=code, author_id=actor.id, text=text.strip(), at=now))
        _record(COMMENTED, row, actor, now, code=code, length=len(text.strip()))


def agree(*, number: int, version: int, actor: Actor, now: datetime) -> None:
    """Agree to a version as it stands, as one who leads or as one who works at the desk."""
    permissions.require(actor, "charter.read")
    side = rules.side_of(actor.role)
    if side is None or actor.id is None:
        raise NotPermitted
    with transaction():
        row = _row(number)
        if row.state == "published":
            raise CharterPublished
        if row.version != version:
            raise Conflict
        if actor.id in row.authors:
            raise OwnWords
        mark = f"{row.content_hash}:{row.id}:{actor.id}"
        if db.session.scalar(select(CharterApproval.id).where(CharterApproval.mark == mark)) is not None:
            raise AgreedAlready
        db.session.add(
            CharterApproval(
                version_id=row.id, content_hash=row.content_hash, employee_id=actor.id, side=side, mark=mark, at=now
            )
        )
        _record(AGREED, row, actor, now, side=side, content=row.content_hash)


def publish_charter(*, number: int, version: int, actor: Actor, now: datetime) -> None:
    """Publish a version for good, after its round and with agreement on both sides; who wrote in it may not."""
    permissions.require(actor, "charter.write")
    with transaction():
        row = _row(number)
        if row.state == "published":
            raise CharterPublished
        if row.version != version:
            raise Conflict
        if actor.id in row.authors:
            raise OwnWords
        if row.state != "comments" or row.comments_until is None or now.date() <= row.comments_until:
            raise RoundOpen
        agreed = [
            one.side for one in queries.approvals(row.id)
            if one.content_hash == row.content_hash and one.employee_id not in row.authors
        ]  # fmt: skip
        if rules.missing_sides(agreed):
            raise AgreementMissing
        row.state, row.published_at, row.published_by_id, row.version = "published", now, actor.id, row.version + 1
        _record(PUBLISHED, row, actor, now, content=row.content_hash)


def _row(number: int) -> CharterVersion:
    row = db.session.scalars(select(CharterVersion).where(CharterVersion.number == number).with_for_update()).first()
    if row is None:
        raise NotFound
    return row


def _editable(number: int, version: int, actor: Actor) -> CharterVersion:
    permissions.require(actor, "charter.write")
    row = _row(number)
    if row.state == "published":
        raise CharterPublished
    if row.version != version:
        raise Conflict
    return row


def _put(row: CharterVersion, clauses: list[Clause], actor: Actor) -> None:
    ordered = sorted(clauses, key=lambda one: one.code)
    row.clauses = [one.plain() for one in ordered]
    row.content_hash = rules.content_hash(ordered)
    if actor.id is not None and actor.id not in row.authors:
        row.authors = [*row.authors, actor.id]
    row.version += 1


def _record(entry: audit.EntryType, row: CharterVersion, actor: Actor, now: datetime, **said: Any) -> None:
    audit.record(entry, subject=f"charter:{row.number}", actor=actor, at=now, number=row.number, **said)
