"""Proofs out of the database: which checkpoints cover entries, and the hashes that lead from an entry to a signed root."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select

from app.audit.checkpoint_rules import Checkpoint, parse
from app.audit.merkle_rules import (
    BLOCK,
    Subtrees,
    consistency_path,
    inclusion_path,
    is_consistent,
    is_included,
)
from app.audit.models import AuditBlock, AuditCheckpoint, AuditSeal
from app.kernel.database import db

_RANGES = 200  # ranges of leaves asked for in one statement


class ProofFails(Exception):
    """The stored tree does not lead to the signed root: the trail was changed. `audit verify` says where."""


@dataclass(frozen=True, slots=True)
class Proofs:
    """Everything that proves some entries. paths: by seal number, only what a checkpoint covers; growth: (from, to) → path."""

    checkpoints: tuple[Checkpoint, ...]
    paths: dict[int, list[bytes]]
    growth: dict[tuple[int, int], list[bytes]]


def proofs_for(numbers: Sequence[int]) -> Proofs:
    """Prove entries by their seal numbers under the newest checkpoint; each checkpoint that first covered one comes along.

    Every proof is checked before it is given out; raises ProofFails.
    """
    checkpoints = _covering(numbers)
    if not checkpoints:
        return Proofs((), {}, {})
    newest = checkpoints[-1]
    covered = [number for number in numbers if number <= newest.size]
    wanted = {(number - 1) // BLOCK for number in covered} | {one.size // BLOCK for one in checkpoints}
    leaves = _leaves(wanted, newest.size)
    blocks = db.session.scalars(
        select(AuditBlock.hash).where(AuditBlock.number < newest.size // BLOCK).order_by(AuditBlock.number)
    )
    try:
        parts = Subtrees(
            [bytes.fromhex(root) for root in blocks],
            lambda start, end: leaves.get(start // BLOCK, [])[start % BLOCK : start % BLOCK + end - start],
        )
        paths = {number: inclusion_path(number - 1, newest.size, parts) for number in covered}
        growth = {
            (before.serial, after.serial): consistency_path(before.size, after.size, parts)
            for before, after in zip(checkpoints, checkpoints[1:], strict=False)
        }
    except (LookupError, ValueError) as gap:
        raise ProofFails from gap
    proofs = Proofs(tuple(checkpoints), paths, growth)
    _check(proofs, leaves)
    return proofs


def _covering(numbers: Iterable[int]) -> list[Checkpoint]:
    """The newest checkpoint, and for each number the first one that covers it; rising."""
    wanted = sorted(numbers)
    sizes = db.session.execute(
        select(AuditCheckpoint.serial, AuditCheckpoint.size)
        .where(AuditCheckpoint.size >= (wanted[0] if wanted else 0))
        .order_by(AuditCheckpoint.serial)
    ).all()
    chosen, place = set(), 0
    for row in sizes:
        begin = place
        while place < len(wanted) and wanted[place] <= row.size:
            place += 1
        if place > begin:
            chosen.add(row.serial)
    newest = select(AuditCheckpoint.serial).order_by(AuditCheckpoint.serial.desc()).limit(1).scalar_subquery()
    notes = db.session.scalars(
        select(AuditCheckpoint.note)
        .where(or_(AuditCheckpoint.serial.in_(chosen), AuditCheckpoint.serial == newest))
        .order_by(AuditCheckpoint.serial)
    )
    return [parse(note) for note in notes]


def _leaves(blocks: set[int], size: int) -> dict[int, list[bytes]]:
    """The leaf hashes of whole blocks, as far as the tree of that size goes."""
    found: dict[int, list[bytes]] = {}
    chosen = sorted(blocks)
    for start in range(0, len(chosen), _RANGES):
        ranges = [
            AuditSeal.number.between(block * BLOCK + 1, min((block + 1) * BLOCK, size))
            for block in chosen[start : start + _RANGES]
        ]
        rows = db.session.execute(
            select(AuditSeal.number, AuditSeal.content_hash).where(or_(*ranges)).order_by(AuditSeal.number)
        )
        for row in rows:
            found.setdefault((row.number - 1) // BLOCK, []).append(bytes.fromhex(row.content_hash))
    return found


def _check(proofs: Proofs, leaves: dict[int, list[bytes]]) -> None:
    newest = proofs.checkpoints[-1]
    for number, path in proofs.paths.items():
        leaf = leaves[(number - 1) // BLOCK][(number - 1) % BLOCK]
        if not is_included(leaf, number - 1, newest.size, path, newest.root):
            raise ProofFails(f"entry {number}")
    for before, after in zip(proofs.checkpoints, proofs.checkpoints[1:], strict=False):
        path = proofs.growth[before.serial, after.serial]
        if not is_consistent(before.size, before.root, after.size, after.root, path):
            raise ProofFails(f"checkpoint {after.serial}")
