"""Reads of attached files; scope is the subject's own."""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Text, cast, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from app.attachments.models import Attachment
from app.kernel.database import db
from app.kernel.references import ref
from app.kernel.time import parse_instant
from app.people.models import Employee


@dataclass(frozen=True, slots=True)
class FileRow:
    """One file that is there."""

    id: int
    subject_kind: str
    subject_id: int
    name: str
    kind: str
    byte_count: int
    width: int | None
    height: int | None
    sha256: str
    stored_as: str
    added_by: str
    added_by_id: int | None
    added_at: datetime
    adder: str | None  # the employee's name; None when nobody of the house added it

    @property
    def ref(self) -> str:
        return ref("attachment", self.id)


_ROWS: Any = (
    select(
        Attachment.id, Attachment.subject_kind, Attachment.subject_id, Attachment.name, Attachment.kind,
        Attachment.byte_count, Attachment.width, Attachment.height, Attachment.sha256, Attachment.stored_as,
        Attachment.added_by, Attachment.added_by_id, Attachment.added_at, Employee.name.label("adder"),
    )
    .outerjoin(Employee, Employee.id == Attachment.added_by_id)
    .where(Attachment.removed_at.is_(None))
    .order_by(Attachment.id)
)  # fmt: skip


_AT = list(FileRow.__dataclass_fields__).index("added_at")
_ISO = "%Y-%m-%dT%H:%M:%fZ"


def files_of(subject_kind: str, subject_id: int) -> tuple[FileRow, ...]:
    """The files of one subject, oldest first; a share bounds how many there can be."""
    found = db.session.execute(
        _ROWS.where(Attachment.subject_kind == subject_kind, Attachment.subject_id == subject_id)
    )
    return tuple(FileRow(*row) for row in found)


def files_as_text(subject_kind: str, subject_id: int | BindParameter[int]) -> Any:
    """The files of one subject as one value of another query, for `files_from`: a page with many cards asks once less."""
    rows = _ROWS.where(Attachment.subject_kind == subject_kind, Attachment.subject_id == subject_id).subquery()
    if db.engine.dialect.name == "sqlite":
        columns = [func.strftime(_ISO, one) if one.key == "added_at" else one for one in rows.c]
        packed: Any = func.json_group_array(func.json_array(*columns))
    else:
        packed = cast(func.json_agg(aggregate_order_by(func.json_build_array(*rows.c), rows.c.id)), Text)
    return select(packed).select_from(rows).scalar_subquery()


def files_from(text: str | None) -> tuple[FileRow, ...]:
    """Read what `files_as_text` gave."""
    found = []
    for row in json.loads(text or "[]"):
        row[_AT] = parse_instant(row[_AT])
        found.append(FileRow(*row))
    return tuple(found)


def files_of_many(subject_kind: str, subject_ids: Iterable[int]) -> dict[int, tuple[FileRow, ...]]:
    """The files of several subjects in one query."""
    found: dict[int, list[FileRow]] = defaultdict(list)
    wanted = list(subject_ids)
    if wanted:
        for row in db.session.execute(
            _ROWS.where(Attachment.subject_kind == subject_kind, Attachment.subject_id.in_(wanted))
        ):
            found[row.subject_id].append(FileRow(*row))
    return {subject_id: tuple(rows) for subject_id, rows in found.items()}


def files_of_all(subject_kind: str, subject_ids: Any) -> tuple[FileRow, ...]:
    """The files of the subjects that another query selects, oldest first, at most 500."""
    found = _ROWS.where(Attachment.subject_kind == subject_kind, Attachment.subject_id.in_(subject_ids)).limit(500)
    return tuple(FileRow(*row) for row in db.session.execute(found))


def file_row(attachment_id: int) -> FileRow | None:
    row = db.session.execute(_ROWS.where(Attachment.id == attachment_id)).first()
    return None if row is None else FileRow(*row)


def stored_and_present(names: Iterable[str]) -> set[str]:
    """Return which of these stored names belong to a row whose file should be there."""
    statement = select(Attachment.stored_as).where(
        Attachment.stored_as.in_(list(names)), Attachment.removed_at.is_(None)
    )
    return set(db.session.scalars(statement))


def removed_since(instant: datetime, limit: int) -> list[str]:
    statement = (
        select(Attachment.stored_as)
        .where(Attachment.removed_at >= instant)
        .order_by(Attachment.removed_at.desc(), Attachment.id.desc())
        .limit(limit)
    )
    return list(db.session.scalars(statement))
