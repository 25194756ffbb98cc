"""An evidence pack: what proves the trail of one case to somebody who has neither our program nor our database."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.audit import actions as audit
from app.audit.checkpoint_keys import public_path, read_ring, ring_json
from app.audit.checkpoint_rules import line_of
from app.audit.models import AuditEntry, AuditPayload, AuditSeal
from app.audit.proof_queries import ProofFails, Proofs, proofs_for
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import NotFound, Refusal
from app.kernel.references import ref
from app.kernel.time import iso
from app.kernel.transactions import transaction
from config import Settings

PACKED = audit.declare(
    "audit:pack", "count", "checkpoint", "is_whole", sentence=_l("carried the proven trail of a case away")
)
ENTRIES_MAX = 1_000
VERIFIER = Path(__file__).with_name("verifier.py")


class NothingProven(Refusal):
    """There is no checkpoint yet, or none that the trail leads to."""

    status = 409
    code = "nothing-proven"
    sentence = _l("No checkpoint covers this case yet. One is signed every few minutes; try again then.")


class TrailBroken(Refusal):
    status = 409
    code = "trail-broken"
    sentence = _l(
        "The trail does not lead to its signed checkpoint. Run the verification and tell whoever is responsible."
    )


class TooManyEntries(Refusal):
    status = 422
    code = "too-many-entries"
    sentence = _l("This case has more entries than one pack holds. Export the whole trail instead.")


@dataclass(frozen=True, slots=True)
class Row:
    """One entry with what opens its commitment; number is None until it is sealed."""

    id: int
    number: int | None
    content: str
    chain_hash: str | None
    salt: str | None
    payload: str | None
    site_id: int | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything but the readable trail and the wrapping. is_whole: no readable part was withheld from whoever asked."""

    case_id: int
    rows: tuple[Row, ...]
    proofs: Proofs
    keys: bytes
    is_whole: bool


def gather(*, case_id: int, site_ids: tuple[int, ...] | None, with_addresses: bool) -> Evidence:
    """Read and prove the entries of a case; site_ids is the reader's scope (None: the whole company).

    with_addresses: whoever asks may see from which address people acted. For others the readable part of an entry that names
    one is given beside the proof instead of inside it, since a commitment opens as a whole or not at all.
    Raises NotFound, TooManyEntries, NothingProven, TrailBroken.
    """
    statement = (
        select(
            AuditEntry.id,
            AuditSeal.number,
            AuditEntry.content,
            AuditSeal.chain_hash,
            AuditPayload.salt,
            AuditPayload.payload,
            AuditEntry.site_id,
        )
        .join(AuditPayload, AuditPayload.entry_id == AuditEntry.id)
        .outerjoin(AuditSeal, AuditSeal.entry_id == AuditEntry.id)
        .where(AuditEntry.case_id == case_id)
        .order_by(AuditSeal.number.is_(None), AuditSeal.number, AuditEntry.id)
        .limit(ENTRIES_MAX + 1)
    )
    if site_ids is not None:
        statement = statement.where(AuditEntry.site_id.in_(site_ids))
    rows = tuple(Row(*row) for row in db.session.execute(statement))
    if not rows:
        raise NotFound
    if len(rows) > ENTRIES_MAX:
        raise TooManyEntries
    try:
        proofs = proofs_for([row.number for row in rows if row.number])
    except ProofFails as failure:
        raise TrailBroken from failure
    if not proofs.paths:
        raise NothingProven
    settings: Settings = current_app.extensions["makegood_settings"]
    return Evidence(case_id, rows, proofs, ring_json(read_ring(public_path(settings))), with_addresses)


def pack(*, evidence: Evidence, readable: Mapping[str, bytes], actor: Actor, now: datetime) -> bytes:
    """Record that the evidence is carried away and wrap it up; readable: the trail for people, file name → content."""
    with transaction():
        audit.record(
            PACKED,
            subject=ref("case", evidence.case_id),
            actor=actor,
            at=now,
            case_id=evidence.case_id,
            site_id=evidence.rows[0].site_id,
            count=len(evidence.rows),
            checkpoint=evidence.proofs.checkpoints[-1].serial,
            is_whole=evidence.is_whole,
        )
    return _zip({"README.txt": _readme(evidence, now), **readable, **files_of(evidence)}, now)


def files_of(evidence: Evidence) -> dict[str, bytes]:
    """What a machine checks, and the program that does."""
    proofs = evidence.proofs
    growth = [
        {"from": pair[0], "to": pair[1], "path": [step.hex() for step in path]} for pair, path in proofs.growth.items()
    ]
    return {
        "entries.jsonl": _lines([_entry(row, proofs, evidence.is_whole) for row in evidence.rows]),
        "checkpoints.jsonl": b"".join(line_of(one) for one in proofs.checkpoints),
        "consistency.jsonl": _lines(growth),
        "keys.json": evidence.keys,
        "verify.py": VERIFIER.read_bytes(),
    }


def _entry(row: Row, proofs: Proofs, is_whole: bool) -> dict[str, Any]:
    path = proofs.paths.get(row.number or 0)
    said: dict[str, Any] = {
        "number": row.number,
        "entry_id": row.id,
        "content": row.content,
        "chain_hash": row.chain_hash,
        "salt": row.salt,
        "payload": row.payload,
        "path": None if path is None else [step.hex() for step in path],
    }
    payload = orjson.loads(row.payload) if row.payload else None
    if payload and payload.get("_address") and not is_whole:
        said |= {"salt": None, "payload": None}
        said["readable"] = {key: value for key, value in payload.items() if key != "_address"}
    return said


def _lines(rows: Sequence[dict[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)


def _zip(files: Mapping[str, bytes], now: datetime) -> bytes:
    wrapped = io.BytesIO()
    with zipfile.ZipFile(wrapped, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, now.timetuple()[:6]), content, zipfile.ZIP_DEFLATED)
    return wrapped.getvalue()


def _readme(evidence: Evidence, now: datetime) -> bytes:
    newest = evidence.proofs.checkpoints[-1]
    withheld = _(
        "Entries that name from which address somebody acted stand here without what opens their commitment: whoever made this "
        "pack may not see addresses. That these entries exist is proven, what they say is not. Ask an auditor for a whole pack."
    )
    text = _(
        "Evidence about %(case)s, made %(at)s\n\n"
        "trail.pdf or trail.html is for reading. It is not signed: what counts are the entries.\n"
        "entries.jsonl holds every entry as it was sealed, with the path that leads from it to the signed root.\n"
        "checkpoints.jsonl holds the signed checkpoints, consistency.jsonl shows that the trail only grew between them.\n"
        "keys.json holds the public keys.\n\n"
        "Check it with Python 3.11 or newer and the package cryptography; our program isn't needed:\n\n"
        "    python -I verify.py . --keys KEYS-THAT-YOU-KEPT.json --list\n\n"
        "Better than this copy of verify.py is one that you had before. It is short enough to be read.\n\n"
        "What this proves: each entry was part of the trail when checkpoint %(serial)s was signed (%(signed)s), unchanged since, "
        "and was sealed at the latest when the first checkpoint over it was.\n"
        "What it doesn't: that the case has no other entries. For that, ask for an export of the whole trail "
        "(audit export) and check it with verify.py --trail.",
        case=ref("case", evidence.case_id),
        at=iso(now.replace(microsecond=0)),
        serial=newest.serial,
        signed=iso(newest.at),
    )
    return (text + ("" if evidence.is_whole else "\n\n" + withheld) + "\n").encode()
