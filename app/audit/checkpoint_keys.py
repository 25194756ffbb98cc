"""The key that signs checkpoints, and the public keys that verify them: files and settings, never the database."""

import base64
import contextlib
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from app.audit.checkpoint_rules import KeyRing, PublicKey, key_id
from app.kernel.time import iso, parse_instant
from config import Settings

PRIVATE = "checkpoint.pem"
PUBLIC = "checkpoint-keys.json"


class BadKeys(Exception):
    """The file of public keys, or the private key, can't be read; the text says which."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs now, and for which trail."""

    origin: str
    private: Ed25519PrivateKey


def public_path(settings: Settings) -> Path:
    return Path(settings.instance_path) / PUBLIC


def signer(settings: Settings, now: datetime) -> Signer:
    """Return the key that signs, made on first use; a key that is new here is entered among the public ones."""
    private = _private(settings)
    ring = read_ring(public_path(settings))
    origin = ring.origin or f"makegood/{urlsplit(settings.base_url).netloc}"
    raw = private.public_key().public_bytes_raw()
    if not ring.keys or ring.keys[-1].raw != raw or ring.keys[-1].until is not None:
        older = [PublicKey(key.id, key.raw, key.since, key.until or now) for key in ring.keys]
        ring = KeyRing(origin, (*older, PublicKey(key_id(origin, raw), raw, now)))
        _write(public_path(settings), ring_json(ring), 0o644)
    return Signer(origin, private)


def rotate(settings: Settings, now: datetime) -> KeyRing:
    """Make a new key, destroy the old one and enter when one ends and the other begins. Not for a key from the environment."""
    if settings.checkpoint_key:
        raise BadKeys(
            "the key comes from MAKEGOOD_CHECKPOINT_KEY: change it there, the next checkpoint enters the new one"
        )
    _make(Path(settings.instance_path) / PRIVATE, replace=True)
    signer(settings, now)
    return read_ring(public_path(settings))


def read_ring(path: Path) -> KeyRing:
    """Read public keys; an empty ring where there is no file yet. Raises BadKeys."""
    if not path.exists():
        return KeyRing()
    try:
        return parse_ring(path.read_bytes())
    except (ValueError, KeyError, TypeError, OSError) as mistake:
        raise BadKeys(f"{path.name} can't be read as public keys") from mistake


def parse_ring(content: bytes) -> KeyRing:
    said = orjson.loads(content)
    return KeyRing(
        said["origin"],
        tuple(
            PublicKey(
                row["id"],
                base64.b64decode(row["public"], validate=True),
                parse_instant(row["from"]),
                parse_instant(row["until"]) if row["until"] else None,
            )
            for row in said["keys"]
        ),
    )


def ring_json(ring: KeyRing) -> bytes:
    keys: list[dict[str, Any]] = [
        {
            "id": key.id,
            "public": base64.b64encode(key.raw).decode(),
            "from": iso(key.since),
            "until": iso(key.until) if key.until else None,
        }
        for key in ring.keys
    ]
    return orjson.dumps({"origin": ring.origin, "keys": keys}, option=orjson.OPT_INDENT_2) + b"\n"


def _private(settings: Settings) -> Ed25519PrivateKey:
    if settings.checkpoint_key:
        return Ed25519PrivateKey.from_private_bytes(base64.b64decode(settings.checkpoint_key))
    path = Path(settings.instance_path) / PRIVATE
    if not path.exists():
        _make(path, replace=False)
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm, OSError) as mistake:
        raise BadKeys(f"{path.name} can't be read as a private key") from mistake
    if not isinstance(key, Ed25519PrivateKey):
        raise BadKeys(f"{path.name} is no Ed25519 key")
    return key


def _make(path: Path, *, replace: bool) -> None:
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    if replace:
        _write(path, pem, 0o600)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    # Another process may make one at the same moment: the first one counts, and it is there whole or not at all.
    draft = _draft(path, pem, 0o600)
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()


def _write(path: Path, content: bytes, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    _draft(path, content, mode).replace(path)


def _draft(path: Path, content: bytes, mode: int) -> Path:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return draft
