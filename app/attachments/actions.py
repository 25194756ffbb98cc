"""Take files in, and take them away again.

Two moves, so that no slow work holds up the database: `prepare` checks a file, paints a picture anew and writes it into the
folder; `add` gives prepared files to a subject inside the deed's transaction. A file without a row is swept up by a job.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO, Protocol

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from app.attachments import hooks, pictures, queries, rules
from app.attachments.models import Attachment
from app.attachments.store import FILES
from app.audit import actions as audit
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound, NotPermitted
from app.kernel.transactions import in_transaction, transaction
from app.kernel.turns import one_at_a_time
from app.people import permissions

# Names of files are personal data and stand in no entry.
ADDED = audit.declare("attachment:add", "of", "kind", "bytes", "sha256", sentence=_l("attached a file"))
REMOVED = audit.declare("attachment:remove", "of", "sha256", sentence=_l("removed an attached file"))
ERASED = audit.declare("attachment:erase", "of", "sha256", sentence=_l("erased an attached file"))


class NotTaken(BadInput):
    """A file that is not taken, with its name and the reason beside the field `files`."""

    code = "file-refused"

    def __init__(self, name: str, refused: rules.Refused) -> None:
        self.refused = refused
        super().__init__({"files": [_("%(name)s: %(reason)s", name=name, reason=refused.sentence)]})


@dataclass(frozen=True, slots=True)
class Prepared:
    """A checked file in the folder, on its way to a subject."""

    name: str
    kind: str
    byte_count: int
    sha256: str
    stored_as: str
    width: int | None = None
    height: int | None = None


def prepare(stream: IO[bytes], name: str) -> Prepared:
    """Check one file and put it into the folder; outside of any transaction. Raises NotTaken or StoreFull."""
    assert not in_transaction(), "pictures are painted before the deed, not inside it"
    data = stream.read(rules.FILE_BYTES_MAX + 1)
    kind = rules.sniff(data)
    if isinstance(kind, rules.Refused):
        raise NotTaken(rules.clean_name(name, "?").removesuffix(".?"), kind)
    width = height = None
    if kind in ("png", "jpg"):
        picture = pictures.repaint(data, kind)
        if isinstance(picture, rules.Refused):
            raise NotTaken(rules.clean_name(name, kind), picture)
        data, width, height = picture.data, picture.width, picture.height
    stored_as = FILES.put(data)
    return Prepared(
        rules.clean_name(name, kind), kind, len(data), hashlib.sha256(data).hexdigest(), stored_as, width, height
    )


def prepare_own(data: bytes, name: str, kind: str) -> Prepared:
    """Put a file that the product made itself into the folder; outside of any transaction. Raises StoreFull."""
    assert not in_transaction(), "files are written before the deed, not inside it"
    return Prepared(rules.clean_name(name, kind), kind, len(data), hashlib.sha256(data).hexdigest(), FILES.put(data))


class Upload(Protocol):
    """A file as a form or a mail brings it."""

    filename: str | None
    stream: IO[bytes]


@contextmanager
def prepared(uploads: Iterable[Upload] | None) -> Iterator[list[Prepared]]:
    """Prepare what a form sent, for `add` inside; a deed that fails takes its files out of the folder again.

    Entries without a name are passed over (a browser sends one for nothing chosen). Raises BadInput on `files` naming
    every file that is not taken; then none is.
    """
    kept: list[Prepared] = []
    found = chosen(uploads)
    if len(found) > rules.FILES_AT_ONCE_MAX:
        raise BadInput({"files": [_("Send at most %(count)d files at once.", count=rules.FILES_AT_ONCE_MAX)]})
    try:
        refused: list[str] = []
        for upload in found:
            try:
                kept.append(prepare(upload.stream, upload.filename or ""))
            except NotTaken as refusal:
                refused += refusal.errors["files"]
        if refused:
            raise BadInput({"files": refused})
        yield kept
    except BaseException:
        discard(kept)
        raise


def chosen(uploads: Iterable[Upload] | None) -> list[Upload]:
    return [one for one in uploads or () if one and one.filename]


def discard(files: Sequence[Prepared]) -> None:
    """Take prepared files out of the folder again, but for those that a row names by now."""
    if files:
        kept = queries.stored_and_present(one.stored_as for one in files)
        for one in files:
            if one.stored_as not in kept:
                FILES.forget(one.stored_as)


def add(
    *, subject_kind: str, subject_id: int, files: Sequence[Prepared], actor: Actor, now: datetime
) -> list[Attachment]:
    """Give prepared files to a case, an exception or a message; joins the transaction of the deed they came with.

    Raises NotFound and NotPermitted as the subject's room says, BadInput on `files` beyond the shares of `rules`.
    """
    if not files:
        return []
    with transaction():
        place = hooks.place_of(subject_kind, subject_id, actor, "add")
        # Nobody counts a share while another takes from it.
        one_at_a_time("files", f"{subject_kind}:{subject_id}", *([actor.label] if _has_a_day(actor) else []))
        refused = rules.judge_share(
            _share(subject_kind, subject_id, actor, now),
            [one.byte_count for one in files],
            is_customer=actor.kind == "customer",
        )
        if refused is not None:
            raise BadInput({"files": [str(refused.sentence)]})
        rows = [
            Attachment(
                subject_kind=subject_kind,
                subject_id=subject_id,
                name=one.name,
                kind=one.kind,
                byte_count=one.byte_count,
                width=one.width,
                height=one.height,
                sha256=one.sha256,
                stored_as=one.stored_as,
                added_by=actor.label,
                added_by_id=actor.id,
                added_at=now,
            )
            for one in files
        ]
        db.session.add_all(rows)
        db.session.flush()
        audit.record_many(
            [
                audit.Entry(
                    ADDED,
                    row.ref,
                    {"of": place.ref, "kind": row.kind, "bytes": row.byte_count, "sha256": row.sha256},
                    place.case_id,
                    place.site_id,
                )
                for row in rows
            ],
            actor=actor,
            at=now,
        )
        for told in hooks.on_added:
            told(subject_kind, subject_id, place, rows, actor, now)
        return rows


def remove(*, attachment_id: int, actor: Actor, now: datetime) -> None:
    """Take one file away: who added it may, and who leads the place. The row's facts stay; its file and name go.

    What somebody brought to support a request is theirs alone: nobody who decides it removes it. What was sent to a
    customer stays as it was sent.
    """
    with transaction():
        row = db.session.get(Attachment, attachment_id, with_for_update=True)
        if row is None or row.removed_at is not None:
            raise NotFound
        place = hooks.place_of(row.subject_kind, row.subject_id, actor, "add")
        if row.subject_kind == "message":
            raise NotPermitted(_("What was sent to the customer stays as it was sent."))
        is_own = actor.id is not None and row.added_by_id == actor.id
        if not is_own:
            scope = permissions.scope_of(actor, "attachments.remove")
            if row.subject_kind == "exception" or scope is None or not scope.covers(site_id=place.site_id):
                raise NotPermitted(_l("Only who added a file, or who leads the place, can remove it."))
        _take_away([row], REMOVED, place, actor, now)
        stored_as = row.stored_as
    if not in_transaction():
        FILES.forget(stored_as)


def erase(*, subject_kind: str, subject_ids: Sequence[int], actor: Actor, now: datetime) -> int:
    """Take away every file of these subjects, for erasure and retention; returns how many. Files go when the deed is done."""
    with transaction():
        rows = db.session.scalars(
            select(Attachment)
            .where(
                Attachment.subject_kind == subject_kind,
                Attachment.subject_id.in_(list(subject_ids)),
                Attachment.removed_at.is_(None),
            )
            .order_by(Attachment.id)
        ).all()
        names = [row.stored_as for row in rows]
        for row in rows:
            place = hooks.place_of(subject_kind, row.subject_id, actor, "read")
            _take_away([row], ERASED, place, actor, now)
    if not in_transaction():
        for name in names:
            FILES.forget(name)
    return len(names)


def _take_away(
    rows: Sequence[Attachment], entry: audit.EntryType, place: hooks.Place, actor: Actor, now: datetime
) -> None:
    for row in rows:
        row.name, row.removed_at, row.removed_by = None, now, actor.label
        audit.record(
            entry, subject=row.ref, actor=actor, at=now, case_id=place.case_id, site_id=place.site_id,
            of=place.ref, sha256=row.sha256,
        )  # fmt: skip


def _has_a_day(actor: Actor) -> bool:
    """Only people and customers have a daily share; a rule or a command takes from many people's deeds."""
    return actor.kind in ("person", "customer")


def _share(subject_kind: str, subject_id: int, actor: Actor, now: datetime) -> rules.Share:
    what = select(func.count(), func.coalesce(func.sum(Attachment.byte_count), 0))
    subject = db.session.execute(
        what.where(
            Attachment.subject_kind == subject_kind,
            Attachment.subject_id == subject_id,
            Attachment.removed_at.is_(None),
        )
    ).one()
    if not _has_a_day(actor):
        return rules.Share(subject[0], int(subject[1]), 0, 0)
    person = db.session.execute(
        what.where(Attachment.added_by == actor.label, Attachment.added_at > now - timedelta(days=1))
    ).one()
    return rules.Share(subject[0], int(subject[1]), person[0], int(person[1]))
