"""The file that `flask backup` writes: a compressed tar, sealed piece by piece with AES-256-GCM.

The key is derived from SECRET_KEY and a salt of the file, so a changed byte, a swapped or missing piece and a cut end
are all noticed before anything is restored. Without the secret, or one of SECRET_KEY_FALLBACKS, nobody opens it.

Layout: MAGIC, one byte that names the key, 32 bytes salt, then pieces of PIECE_BYTES (the last one shorter) each with its
tag. A piece's nonce is its number and whether it is the last (STREAM, Hoang et al. 2015).
"""

import gzip
import hashlib
import io
import os
import re
import secrets
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.kernel.sealing import key_id, keys_for

MAGIC = b"MAKEGOOD BACKUP 1\n"
PIECE_BYTES = 1024 * 1024
MANIFEST = "manifest.json"
_SALT_BYTES = 32
_TAG_BYTES = 16
_NAME = re.compile(r"(?:database|(?:files|instance|checkpoints)/[\w.@+-]+(?:/[\w.@+-]+){0,4})")


class BadArchive(Exception):
    """The file can't be restored; the text says why."""


class _Pieces:
    def __init__(self, secret: bytes, salt: bytes) -> None:
        key = HKDF(algorithm=hashes.SHA256(), length=32, salt=salt, info=b"makegood backup file").derive(secret)
        self._cipher, self._number = AESGCM(key), 0

    def _nonce(self, is_last: bool) -> bytes:
        nonce = self._number.to_bytes(11, "big") + bytes([is_last])
        self._number += 1
        return nonce

    def seal(self, piece: bytes, *, is_last: bool) -> bytes:
        return self._cipher.encrypt(self._nonce(is_last), piece, MAGIC)

    def open(self, piece: bytes, *, is_last: bool) -> bytes:
        try:
            return self._cipher.decrypt(self._nonce(is_last), piece, MAGIC)
        except InvalidTag:
            raise BadArchive("the file was changed, cut or damaged; nothing of it is used") from None


class _Sealing(io.RawIOBase):
    """A file object that seals what is written to it."""

    def __init__(self, target: IO[bytes], secret: bytes) -> None:
        salt = secrets.token_bytes(_SALT_BYTES)
        target.write(MAGIC + key_id(secret) + salt)
        self._target, self._pieces, self._waiting = target, _Pieces(secret, salt), bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._waiting += data
        while len(self._waiting) > PIECE_BYTES:  # one byte more than a piece: so it isn't the last
            self._target.write(self._pieces.seal(bytes(self._waiting[:PIECE_BYTES]), is_last=False))
            del self._waiting[:PIECE_BYTES]
        return len(data)

    def finish(self) -> None:
        self._target.write(self._pieces.seal(bytes(self._waiting), is_last=True))


class _Opening(io.RawIOBase):
    """A file object that opens what it reads; it never gives out an unchecked byte."""

    def __init__(self, source: IO[bytes], keys: Sequence[bytes]) -> None:
        head = source.read(len(MAGIC) + 1 + _SALT_BYTES)
        if not head.startswith(MAGIC) or len(head) < len(MAGIC) + 1 + _SALT_BYTES:
            raise BadArchive("this is no backup of Makegood")
        named = head[len(MAGIC) : len(MAGIC) + 1]
        # A name of one byte may be that of several keys; the first piece tells which it is.
        self._may_fit = [_Pieces(key, head[len(MAGIC) + 1 :]) for key in keys if key_id(key) == named]
        if not self._may_fit:
            raise BadArchive("it was made under another SECRET_KEY; set that one, or name it in SECRET_KEY_FALLBACKS")
        self._source = source
        self._next, self._ready = source.read(PIECE_BYTES + _TAG_BYTES), b""

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        if not self._ready and self._next:
            piece, self._next = self._next, self._source.read(PIECE_BYTES + _TAG_BYTES)
            self._ready = self._open(piece, is_last=not self._next)
        count = min(len(target), len(self._ready))
        target[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def _open(self, piece: bytes, *, is_last: bool) -> bytes:
        while len(self._may_fit) > 1:
            try:
                found = self._may_fit[0].open(piece, is_last=is_last)
            except BadArchive:
                del self._may_fit[0]
            else:
                del self._may_fit[1:]
                return found
        return self._may_fit[0].open(piece, is_last=is_last)


class Writer:
    """Adds files to an archive and remembers what the manifest has to say about them."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.members: list[dict[str, Any]] = []

    def add(self, name: str, path: Path) -> None:
        """Add a regular file; one that is gone by now is left out."""
        assert is_name(name), name
        try:
            source = path.open("rb")
        except FileNotFoundError:
            return
        with source:
            entry = tarfile.TarInfo(name)
            entry.size = os.fstat(source.fileno()).st_size
            digest = _Digesting(source)
            self._tar.addfile(entry, digest)  # type: ignore[arg-type]
        self.members.append({"name": name, "bytes": entry.size, "sha256": digest.hash.hexdigest()})


class _Digesting:
    def __init__(self, source: IO[bytes]) -> None:
        self._source, self.hash = source, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(size)
        self.hash.update(data)
        return data


def is_name(name: str) -> bool:
    return bool(_NAME.fullmatch(name)) and ".." not in name.split("/")


@contextmanager
def writing(path: Path, secrets_: Sequence[str], about: dict[str, Any]) -> Iterator[Writer]:
    """Write an archive; it appears under its name only when it is whole. `about` is completed with the members."""
    half = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with open(half, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as target:
            sealed = _Sealing(target, keys_for("backup", secrets_)[0])
            with (
                gzip.GzipFile(fileobj=sealed, mode="wb", compresslevel=1, mtime=0) as packed,
                tarfile.open(fileobj=packed, mode="w|") as tar,
            ):
                writer = Writer(tar)
                yield writer
                said = orjson.dumps({**about, "members": writer.members})
                entry = tarfile.TarInfo(MANIFEST)
                entry.size = len(said)
                tar.addfile(entry, io.BytesIO(said))
            sealed.finish()
            target.flush()
            os.fsync(target.fileno())
        half.rename(path)
    finally:
        half.unlink(missing_ok=True)


def unpack(path: Path, folder: Path, secrets_: Sequence[str]) -> dict[str, Any]:
    """Unpack an archive into an empty folder, compare every file with the manifest, and return that; raises BadArchive."""
    found: dict[str, str] = {}
    manifest: dict[str, Any] | None = None
    try:
        with path.open("rb") as file:
            opened = io.BufferedReader(_Opening(file, keys_for("backup", secrets_)), PIECE_BYTES)
            with gzip.GzipFile(fileobj=opened) as packed, tarfile.open(fileobj=packed, mode="r|") as tar:
                for entry in tar:
                    source = tar.extractfile(entry)
                    if not entry.isreg() or source is None or manifest is not None:
                        raise BadArchive("it holds something that no backup holds")
                    if entry.name == MANIFEST:
                        manifest = orjson.loads(source.read())
                    else:
                        found[entry.name] = _unpack_one(entry.name, source, folder)
            while opened.read(PIECE_BYTES):  # to the end, or a cut end would not be noticed
                pass
    except (OSError, EOFError, tarfile.TarError, orjson.JSONDecodeError) as damage:
        raise BadArchive(f"it can't be read: {damage}") from None
    if manifest is None or found != {row["name"]: row["sha256"] for row in manifest["members"]}:
        raise BadArchive("its files are not the ones that its manifest names")
    return manifest


def _unpack_one(name: str, source: IO[bytes], folder: Path) -> str:
    if not is_name(name):
        raise BadArchive("it holds a file name that no backup holds")
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest = hashlib.sha256()
    with open(target, "xb", opener=lambda file, flags: os.open(file, flags, 0o600)) as out:
        while piece := source.read(PIECE_BYTES):
            digest.update(piece)
            out.write(piece)
        out.flush()
        os.fsync(out.fileno())
    return digest.hexdigest()
