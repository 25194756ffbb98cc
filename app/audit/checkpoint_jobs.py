"""The witness: signs what was sealed since the last checkpoint, and hands it to places outside the database."""

from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import func, insert, select

from app.audit import checkpoint_keys as keys
from app.audit.checkpoint_places import BATCH, NotKept, Place, places
from app.audit.checkpoint_rules import Checkpoint, parse, sign
from app.audit.merkle_rules import BLOCK, Tree
from app.audit.models import AuditBlock, AuditCheckpoint, AuditSeal, CheckpointReceipt
from app.kernel.database import db
from app.kernel.transactions import transaction
from config import Settings

_READ = 2_000


class CheckpointsDiverge(Exception):
    """What is kept outside and what the database holds do not go together; nothing was signed."""


def make_due(*, now: datetime, limit: int = BATCH) -> int:
    """Make a checkpoint when enough is new or enough time went by, hand over what is waiting; 1 when one was made."""
    settings: Settings = current_app.extensions["makegood_settings"]
    last, newest = _last(), db.session.scalar(select(func.max(AuditSeal.number))) or 0
    new = newest - (last.size if last else 0)
    waited = last is None or now - last.at >= timedelta(minutes=settings.checkpoint_minutes)
    made = 1 if new and (new >= settings.checkpoint_entries or waited) and make(now=now) else 0
    hand_over(now=now, limit=limit)
    return made


def make(*, now: datetime) -> Checkpoint | None:
    """Sign a checkpoint over everything that is sealed; None when nothing is new. Costs in proportion to what is new.

    Raises CheckpointsDiverge when a place outside holds a checkpoint that this database doesn't know.
    """
    settings: Settings = current_app.extensions["makegood_settings"]
    row = db.session.execute(_NEWEST).first()
    last = parse(row.note) if row else None
    _refuse_a_fork(places(settings))
    tree = Tree(last.size, [bytes.fromhex(peak) for peak in row.peaks.split()]) if last and row else Tree()
    first_block, blocks = tree.size // BLOCK, []
    fresh = db.session.execute(
        select(AuditSeal.content_hash, AuditSeal.chain_hash)
        .where(AuditSeal.number > tree.size)
        .order_by(AuditSeal.number),
        execution_options={"yield_per": _READ},
    )
    chain = None
    for part in fresh.partitions():
        blocks += tree.add(bytes.fromhex(link.content_hash) for link in part)
        chain = part[-1].chain_hash
    if chain is None:
        return None
    who = keys.signer(settings, now)
    made = sign(who.private, who.origin, size=tree.size, root=tree.root(), chain_hash=chain, at=now, after=last)
    with transaction():
        if (db.session.scalar(select(func.max(AuditCheckpoint.serial))) or 0) >= made.serial:
            return None  # another process was faster
        db.session.execute(
            insert(AuditCheckpoint).values(
                serial=made.serial,
                size=made.size,
                at=now,
                peaks=" ".join(peak.hex() for peak in tree.peaks),
                note=made.note,
            )
        )
        if blocks:
            rows = [{"number": first_block + place, "hash": root.hex()} for place, root in enumerate(blocks)]
            db.session.execute(insert(AuditBlock), rows)
    return made


def hand_over(*, now: datetime, limit: int = BATCH) -> int:
    """Give every place what it hasn't got yet, at most `limit` checkpoints each; raises NotKept after all were tried."""
    settings: Settings = current_app.extensions["makegood_settings"]
    handed, trouble = 0, []
    for place in places(settings):
        try:
            handed += _hand_to(place, now, limit)
        except NotKept as reason:
            trouble.append(str(reason))
    if trouble:
        raise NotKept("; ".join(trouble))
    return handed


def give_again() -> int:
    """Give the places that can tell what they hold everything that they lack, whatever their receipts say."""
    settings: Settings = current_app.extensions["makegood_settings"]
    given = 0
    for place in places(settings):
        if place.can_tell:
            last = place.last()
            notes = db.session.scalars(
                select(AuditCheckpoint.note)
                .where(AuditCheckpoint.serial > (last.serial if last else 0))
                .order_by(AuditCheckpoint.serial)
            )
            lacking = [parse(note) for note in notes]
            place.keep(lacking)
            given += len(lacking)
    return given


def _hand_to(place: Place, now: datetime, limit: int) -> int:
    got = (
        db.session.scalar(select(func.max(CheckpointReceipt.serial)).where(CheckpointReceipt.place == place.name)) or 0
    )
    waiting = [
        parse(note)
        for note in db.session.scalars(
            select(AuditCheckpoint.note)
            .where(AuditCheckpoint.serial > got)
            .order_by(AuditCheckpoint.serial)
            .limit(limit)
        )
    ]
    if not waiting:
        return 0
    if got and place.can_tell and ((last := place.last()) is None or last.serial < got):
        end = f"ends with checkpoint {last.serial}" if last else "holds nothing"
        raise NotKept(f"{place.name} {end} and was given {got}: it was cut or taken away")
    db.session.rollback()  # no read transaction stays open while somebody else answers
    place.keep(waiting)
    with transaction():
        db.session.execute(
            insert(CheckpointReceipt), [{"place": place.name, "serial": one.serial, "at": now} for one in waiting]
        )
    return len(waiting)


def _refuse_a_fork(outside: list[Place]) -> None:
    """A database that was put back to an earlier state must not sign a second history over the one that is kept."""
    for place in outside:
        try:
            kept = place.last()
        except NotKept:  # told when something is handed over
            continue
        if kept is None:
            continue
        known = db.session.scalar(select(AuditCheckpoint.note).where(AuditCheckpoint.serial == kept.serial))
        if known != kept.note:
            raise CheckpointsDiverge(
                f"{place.name} ends with checkpoint {kept.serial} over {kept.size} entries, which this database doesn't hold"
            )


def _last() -> Checkpoint | None:
    row = db.session.execute(_NEWEST).first()
    return parse(row.note) if row else None


_NEWEST = select(AuditCheckpoint.note, AuditCheckpoint.peaks).order_by(AuditCheckpoint.serial.desc()).limit(1)
