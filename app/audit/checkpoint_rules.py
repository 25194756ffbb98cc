"""What a checkpoint says and who signed it. A signed note that tools elsewhere read too; pure over texts and keys.

    makegood/example.org          the trail's origin
    1200                          how many entries the tree holds
    JK0O…=                        its root
    serial 12                     ours: the checkpoints' own count, from 1
    chain 91c7…                   the chain hash of entry 1200
    at 2026-03-19T15:00:00Z       when it was signed
    previous 2f0a…                SHA-256 of the checkpoint before, signature included

    — makegood/example.org 0Kc…=

Source: C2SP signed-note and tlog-checkpoint. The signature line holds, in base64, four bytes that name the key and the
Ed25519 signature over everything above the blank line, its line end included.
"""

import base64
import hashlib
import re
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from app.audit.chain_rules import Head, Problem
from app.audit.merkle_rules import BLOCK, Tree
from app.audit.rules import GENESIS
from app.kernel.time import iso, parse_instant

_NOTE = re.compile(
    r"(?P<origin>[^\s+]{1,200})\n(?P<size>[1-9][0-9]{0,17})\n(?P<root>[A-Za-z0-9+/]{43}=)\nserial (?P<serial>[1-9][0-9]{0,17})\n"
    r"chain (?P<chain>[0-9a-f]{64})\nat (?P<at>[0-9T:.-]{19,26}Z)\nprevious (?P<previous>[0-9a-f]{64})\n"
    r"\n\u2014 (?P<name>[^\s+]{1,200}) (?P<signature>[A-Za-z0-9+/=]{92})\n"
)


class BadCheckpoint(ValueError):
    """A text that should be a signed checkpoint isn't one; the text says why."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The trail at some moment, as it was signed. root and the hashes: bytes and hexadecimal digits as they are used."""

    origin: str
    size: int
    root: bytes
    serial: int
    chain_hash: str
    at: datetime
    previous: str
    note: str

    @property
    def head(self) -> Head:
        return Head(self.size, self.chain_hash, iso(self.at))

    @property
    def digest(self) -> str:
        """What the next checkpoint names as its previous one."""
        return hashlib.sha256(self.note.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that may have signed from an instant (inclusive) until another (exclusive; None: it still signs)."""

    id: str
    raw: bytes
    since: datetime
    until: datetime | None = None

    def held_at(self, at: datetime) -> bool:
        return self.since <= at and (self.until is None or at < self.until)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Whose signature counts: the trail's origin and every key it ever had."""

    origin: str = ""
    keys: tuple[PublicKey, ...] = ()

    def accepts(self, checkpoint: Checkpoint) -> bool:
        """Tell whether the trail's own key of that time signed exactly this."""
        text, _dash, line = checkpoint.note.partition("\n\n")
        signed = base64.b64decode(line.split(" ")[2])
        for key in self.keys:
            if key.id == signed[:4].hex() and key.held_at(checkpoint.at) and checkpoint.origin == self.origin:
                try:
                    Ed25519PublicKey.from_public_bytes(key.raw).verify(signed[4:], f"{text}\n".encode())
                except InvalidSignature:
                    continue
                return True
        return False


def key_id(origin: str, raw: bytes) -> str:
    """Name a key by four bytes, as signed notes do, in hexadecimal digits."""
    return hashlib.sha256(f"{origin}\n\x01".encode() + raw).digest()[:4].hex()


def sign(
    private: Ed25519PrivateKey,
    origin: str,
    *,
    size: int,
    root: bytes,
    chain_hash: str,
    at: datetime,
    after: Checkpoint | None,
) -> Checkpoint:
    """Sign the next checkpoint after one, or the first."""
    serial, previous = (after.serial + 1, after.digest) if after else (1, GENESIS)
    text = (
        f"{origin}\n{size}\n{base64.b64encode(root).decode()}\nserial {serial}\n"
        f"chain {chain_hash}\nat {iso(at)}\nprevious {previous}\n"
    )
    raw = private.public_key().public_bytes_raw()
    signed = bytes.fromhex(key_id(origin, raw)) + private.sign(text.encode())
    return parse(f"{text}\n\u2014 {origin} {base64.b64encode(signed).decode()}\n")


def parse(note: str) -> Checkpoint:
    """Read a note without asking who signed it; raises BadCheckpoint."""
    found = _NOTE.fullmatch(note)
    if not found or found["name"] != found["origin"]:
        raise BadCheckpoint("this is no signed checkpoint")
    try:
        root, at = base64.b64decode(found["root"], validate=True), parse_instant(found["at"])
        base64.b64decode(found["signature"], validate=True)
    except ValueError as mistake:
        raise BadCheckpoint("this is no signed checkpoint") from mistake
    return Checkpoint(
        found["origin"], int(found["size"]), root, int(found["serial"]), found["chain"], at, found["previous"], note
    )


def line_of(checkpoint: Checkpoint) -> bytes:
    """One line of the record outside; the note is what counts, the rest is there to be read."""
    said = {
        "serial": checkpoint.serial,
        "size": checkpoint.size,
        "at": iso(checkpoint.at),
        "root": checkpoint.root.hex(),
        "note": checkpoint.note,
    }
    return orjson.dumps(said) + b"\n"


def parse_line(line: bytes | str) -> Checkpoint:
    """Read a line that `line_of` wrote; raises BadCheckpoint, also where what is there to be read says something else."""
    try:
        said = orjson.loads(line)
        checkpoint = parse(said["note"])
    except (orjson.JSONDecodeError, KeyError, TypeError) as mistake:
        raise BadCheckpoint("this is no line of a record of checkpoints") from mistake
    if orjson.loads(line_of(checkpoint)) != said:
        raise BadCheckpoint("the line says something else than the signed note")
    return checkpoint


def fault_in(record: Sequence[Checkpoint], ring: KeyRing) -> Problem | None:
    """Check a record of checkpoints in the order in which it was written: no gap, each names the one before, all are signed.

    Only the newest signature is computed while all is well: it covers, by name of the one before, every older note.
    """
    for before, after in zip(record, record[1:], strict=False):
        if after.serial == before.serial + 1 and after.previous == before.digest and after.size > before.size:
            continue
        forged = next((one for one in (before, after) if not ring.accepts(one)), None)
        if forged:
            return Problem("checkpoint-forged", serial=forged.serial)
        next_serial = before.serial + 1
        if after.serial != next_serial:
            is_elsewhere = after.serial < next_serial or any(one.serial == next_serial for one in record)
            return Problem("checkpoints-swapped" if is_elsewhere else "checkpoint-missing", serial=next_serial)
        return Problem("checkpoint-forged", serial=next_serial)
    if record and not ring.accepts(record[-1]):
        return Problem("checkpoint-forged", serial=record[-1].serial)
    return None


class Anchors:
    """Compares the tree, as the entries are walked, with signed checkpoints and with the stored roots of its blocks.

    checkpoints: rising by size, and only those that are trusted. blocks: stored roots by number, counted over whole trees.
    """

    def __init__(self, tree: Tree, checkpoints: Sequence[Checkpoint], blocks: Mapping[int, str]) -> None:
        self._tree = tree
        self._waiting = deque(one for one in checkpoints if one.size > tree.size)
        self._blocks = blocks
        self._blocks_end = self._waiting[-1].size // BLOCK if self._waiting else 0

    def take(self, leaves: Sequence[bytes]) -> Problem | None:
        """Go on with the hashes of the next entries; return the first difference."""
        tree, start = self._tree, 0
        while start < len(leaves):
            size = self._waiting[0].size if self._waiting else 0
            end = min(len(leaves), start + size - tree.size) if size else len(leaves)
            block = tree.size // BLOCK
            for place, root in enumerate(tree.add(leaves[start:end]), block):
                if self._blocks.get(place) != root.hex() and (place in self._blocks or place < self._blocks_end):
                    return Problem("block-changed", place * BLOCK + 1)
            if size == tree.size:
                one = self._waiting.popleft()
                if tree.root() != one.root:
                    return Problem("root-differs", size, serial=one.serial)
            start = end
        return None
