"""Put "[erased]" in place of somebody's words, table by table, as the data map says. Inside the caller's transaction."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, Text, case, delete, func, literal, or_, select, type_coerce, update

from app.attachments import actions as attachments
from app.attachments.models import Attachment
from app.cases.actions import index_case
from app.cases.models import Case, CaseEvent
from app.kernel import personal
from app.kernel.actor import Actor
from app.kernel.database import JSONText, db
from app.kernel.references import ref
from app.kernel.transactions import in_transaction
from app.messages.mail_models import MailIn
from app.privacy.data_map import HOLDINGS
from app.privacy.subject_queries import FILE_SUBJECTS, Subject, cases_of, rows_of
from app.privacy.tag_rules import Holding
from app.privacy.word_rules import ERASED, blanked, sure_part, without

# Texts of rows that the database holds frozen: there the whole text goes, since it takes no other change.
FROZEN = frozenset(
    {
        "exception_request",
        "exception_decision",
        "exception_vote",
        "exception_message",
        "kudos",
        "letter",
        "review_text",
        "conduct_item",
    }
)
# Nothing in these is a text that somebody wrote about a person, or it goes with the trail's own erasure.
_NOT_SWEPT = frozenset(
    {"audit_entry", "audit_payload", "audit_seal", "audit_block", "audit_checkpoint", "employee", "erasure"}
)
# What may only be empty afterwards, by its trigger or because a word would be taken for a contact.
_EMPTIED = frozenset({("payout_event", "note"), ("report", "contact")})
_KEPT_PURPOSES = frozenset({"rules"})
_OPENED_AT_ONCE = 500


def overwrite(subject: Subject) -> dict[str, int]:
    """Erase a customer's rows and words; returns how many rows by table. Money, codes, dates and references stay."""
    assert in_transaction()
    counts: dict[str, int] = {}
    for holding in HOLDINGS:
        if holding.erase == "keep" or not holding.of or holding.table == "attachment":
            continue
        if holding.spares(subject.kind):
            continue
        table = db.metadata.tables[holding.table]
        theirs = rows_of(holding.table, subject)
        if holding.erase == "delete":
            done = db.session.execute(delete(table).where(theirs))
        else:
            values = _values(table, holding)
            if not values:
                continue
            done = db.session.execute(update(table).where(theirs, _has_any(table, values)).values(values))
        if done.rowcount:  # type: ignore[attr-defined]
            counts[holding.table] = int(done.rowcount)  # type: ignore[attr-defined]
    return counts


def _values(table: Table, holding: Holding) -> dict[str, Any]:
    """What each column of words is set to: what is empty stays so, or a row would say that there had been something."""
    values: dict[str, Any] = {}
    for name in holding.columns("text", "name"):
        column = table.c[name]
        if (holding.table, name) in personal.WORDS:
            values |= {name: literal(ERASED), f"{name}_sealed": None}
        elif (holding.table, name) in _EMPTIED:
            values[name] = None
        else:
            values[name] = (
                literal(ERASED)
                if holding.table in FROZEN
                else case((column == "", ""), (column.is_(None), None), else_=ERASED)
            )
    return values


def _has_any(table: Table, values: dict[str, Any]) -> Any:
    """Leave alone what holds no words any more, so that repeating it changes nothing."""
    return or_(*(table.c[name].is_not(None) & table.c[name].not_in(("", ERASED)) for name in values))


def blank_events(subject: Subject) -> int:
    """Free the facts of timelines of words: what a case was changed from and to."""
    rows = db.session.execute(
        select(CaseEvent.id, CaseEvent.data).where(CaseEvent.case_id.in_(cases_of(subject)))
    ).all()
    changed = [{"row": row.id, "said": said} for row in rows if (said := blanked(row.data)) != row.data]
    for one in changed:
        db.session.execute(
            update(CaseEvent.__table__).where(CaseEvent.__table__.c.id == one["row"]).values(data=one["said"])  # type: ignore[arg-type]
        )
    return len(changed)


def take_files(subject: Subject, actor: Actor, now: Any) -> list[str]:
    """Take every attached file away, letters too; returns the stored names, to be deleted once this is kept."""
    names: list[str] = []
    for kind, table in FILE_SUBJECTS.items():
        parent = db.metadata.tables[table]
        ids = list(db.session.scalars(select(parent.c.id).where(rows_of(table, subject))))
        for start in range(0, len(ids), 500):
            some = ids[start : start + 500]
            names += db.session.scalars(
                select(Attachment.stored_as).where(
                    Attachment.subject_kind == kind, Attachment.subject_id.in_(some), Attachment.removed_at.is_(None)
                )
            )
            attachments.erase(subject_kind=kind, subject_ids=some, actor=actor, now=now)
    # What was removed by hand earlier lost its name then; a name that is still there goes now.
    db.session.execute(
        update(Attachment.__table__)  # type: ignore[arg-type]
        .where(rows_of("attachment", subject), Attachment.__table__.c.name.is_not(None))
        .values(name=None)
    )
    return names


def take_mails(subject: Subject) -> list[str]:
    """Empty mails that came, also those of no case from the person's addresses; returns the stored names of the originals."""
    table = MailIn.__table__
    theirs = rows_of("mail_in", subject)
    names = [one for one in db.session.scalars(select(table.c.stored_as).where(theirs)) if one]
    db.session.execute(
        update(table)  # type: ignore[arg-type]
        .where(theirs)
        .values(sender=ERASED, sender_name="", subject=ERASED, opening="", rfc_id=None, refs=None, stored_as=None)
    )
    return names


def index_anew(subject: Subject) -> None:
    """Let the cases be found by what is left of them."""
    _index(list(db.session.scalars(cases_of(subject))))


def _index(case_ids: Sequence[int]) -> None:
    for start in range(0, len(case_ids), 500):
        wanted = select(Case).where(Case.id.in_(case_ids[start : start + 500])).order_by(Case.id)
        for one in db.session.scalars(wanted.execution_options(populate_existing=True)):
            index_case(one, new=False)


def sweep(tokens: Sequence[str]) -> dict[str, int]:
    """Find name, address and number wherever else they stand, e.g. in another customer's case, and put ERASED there."""
    counts: dict[str, int] = {}
    if not tokens:
        return counts
    for holding in HOLDINGS:
        table = db.metadata.tables[holding.table]
        if holding.table in _NOT_SWEPT or holding.purpose in _KEPT_PURPOSES:
            continue
        names = [
            one
            for one in holding.tags
            if holding.tags[one] in ("text", "name") or isinstance(table.c[one].type, JSONText)
        ]
        for name in names:
            count = _sweep_column(table, name, tokens) + _sweep_sealed(table, name, tokens)
            if count:
                counts[holding.table] = counts.get(holding.table, 0) + count
    return counts


def _sweep_column(table: Table, name: str, tokens: Sequence[str]) -> int:
    column, keys = table.c[name], list(table.primary_key.columns)
    raw = func.coalesce(func.lower(_as_text(column)), "")
    wanted = or_(*(raw.contains(sure_part(token), autoescape=True) for token in tokens))
    held = db.session.execute(select(*keys, _as_text(column).label("words")).where(wanted)).all()
    found = [row for row in held if without(row.words, tokens) != row.words]
    for row in found:
        said: Any = ERASED if table.name in FROZEN else without(row.words, tokens)
        same = [key == value for key, value in zip(keys, row[: len(keys)], strict=True)]
        db.session.execute(
            update(table).where(*same).values({column: _raw(said) if isinstance(column.type, JSONText) else said})
        )
    if table.name == "case_file":
        _index([row[0] for row in found])
    return len(found)


def _sweep_sealed(table: Table, name: str, tokens: Sequence[str]) -> int:
    """Open what is sealed, batch by batch, and erase the text in which a token stands."""
    words = personal.WORDS.get((table.name, name))
    if words is None:
        return 0
    count, after, sealed = 0, 0, table.c[f"{name}_sealed"].is_not(None)
    while True:
        wanted = select(table.c.id).where(table.c.id > after, sealed).order_by(table.c.id).limit(_OPENED_AT_ONCE)
        ids = list(db.session.scalars(wanted))
        named = [row.id for row in _opened(table, words, ids) if without(row.said, tokens) != row.said]
        if named:
            db.session.execute(
                update(table).where(table.c.id.in_(named)).values({name: ERASED, f"{name}_sealed": None})
            )
        count += len(named)
        if len(ids) < _OPENED_AT_ONCE:
            return count
        after = ids[-1]


def _opened(table: Table, words: Any, ids: Sequence[int]) -> list[Any]:
    """Open rows of sealed words; one that was changed in the database is left out, or it would stop every erasure."""
    try:
        return list(db.session.execute(select(table.c.id, words.label("said")).where(table.c.id.in_(ids))).all())
    except personal.WordsChanged:
        if len(ids) == 1:
            return []
        half = len(ids) // 2
        return _opened(table, words, ids[:half]) + _opened(table, words, ids[half:])


def _as_text(column: Any) -> Any:
    return type_coerce(column, Text)


def _raw(text: str) -> Any:
    """A JSON text put back as it stands."""
    return literal(text, Text)


def refs_of(subject: Subject) -> list[str]:
    """References under which notices and entries stand: the person's own and those of their cases' records."""
    found = list(subject.refs)
    for noun, table in _NOUNS.items():
        parent = db.metadata.tables[table]
        found += [ref(noun, one) for one in db.session.scalars(select(parent.c.id).where(rows_of(table, subject)))]
    return found


_NOUNS = {
    "case": "case_file", "remedy": "remedy", "exception": "exception_request", "message": "message", "mail": "mail_in",
    "letter": "letter", "payout": "payout", "promise": "promise", "attachment": "attachment", "survey": "survey",
    "follow_up": "follow_up", "check_back": "check_back", "clock": "clock",
}  # fmt: skip
