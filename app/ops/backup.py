"""Making a backup: the checkpoints, then a consistent copy of the database, then the files it names, in one archive."""

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Flask
from flask_babel import lazy_gettext as _l

from app.audit import actions as audit
from app.audit.checkpoint_keys import public_path
from app.kernel.actor import command
from app.kernel.time import iso
from app.kernel.transactions import transaction
from app.ops import archive, leases
from app.ops.stores import Refused, Say, store_of
from app.privacy import erased_list
from config import Settings

MADE = audit.declare("backup:make", "engine", "revision", "bytes", "files", sentence=_l("made a backup"))
SIGN = "backup"  # the name of its sign of life
_WHOLE = re.compile(r"[\w@+-][\w.@+-]*")


@dataclass(frozen=True, slots=True)
class Made:
    path: Path
    byte_count: int
    file_count: int
    row_count: int


def trees(settings: Settings) -> dict[str, Path]:
    """Name the folders that belong to an instance, beside its database. Secrets are none of them."""
    instance = Path(settings.instance_path)
    return {
        "files": Path(settings.files_folder),
        "instance/uploads": instance / "uploads",
        "instance/imports": instance / "imports",
    }


ERASED_LIST = f"checkpoints/{erased_list.NAME}"


def witnesses(settings: Settings) -> dict[str, Path]:
    """Name what is kept outside the database: checkpoints, public keys (never the private one), and who was erased."""
    return {
        "checkpoints/record.jsonl": Path(settings.checkpoint_file),
        "checkpoints/keys.json": public_path(settings),
        ERASED_LIST: erased_list.place(settings),
    }


def make(app: Flask, path: Path, *, now: datetime, say: Say) -> Made:
    """Write an archive while others go on working, and say so in the trail; raises Refused and leaves no file then."""
    settings: Settings = app.extensions["makegood_settings"]
    if path.exists():
        raise Refused(f"{path} is there already; a backup never writes over another: give a new name")
    if not path.parent.is_dir():
        raise Refused(f"there is no folder {path.parent}")
    store = store_of(settings)
    about: dict[str, Any] = {"format": 1, "engine": store.engine, "made_at": iso(now)}
    with (
        tempfile.TemporaryDirectory(prefix=".backup-", dir=path.parent) as scratch,
        archive.writing(path, settings.secrets, about) as writer,
    ):
        for name, file in witnesses(settings).items():  # first: none may be newer than the database
            writer.add(name, file)
        say("Copying the database …")
        copy = Path(scratch) / "database"
        snapshot = store.dump(copy)
        writer.add("database", copy)
        say("Adding the files …")
        for prefix, folder in trees(settings).items():
            _add_tree(writer, prefix, folder)
        about.update(snapshot.json())
    made = Made(path, path.stat().st_size, len(writer.members) - 1, sum(snapshot.rows.values()))
    with app.app_context():
        with transaction():
            audit.record(
                MADE,
                subject="backup",
                actor=command("backup"),
                at=now,
                engine=store.engine,
                revision=snapshot.revision,
                bytes=made.byte_count,
                files=made.file_count,
            )
        sign_of_life(SIGN, now)
    return made


def sign_of_life(name: str, now: datetime) -> None:
    """Let readiness and figures know when it last went well."""
    leases.beat([{"name": name, "owner": "command", "token": 0, "at": now}])


def _add_tree(writer: archive.Writer, prefix: str, folder: Path) -> None:
    for path in whole_files(folder):
        writer.add(f"{prefix}/{path.relative_to(folder).as_posix()}", path)


def whole_files(folder: Path) -> Iterator[Path]:
    """Yield the regular files below a folder, in order; half-written ones and what hides behind a dot is left out."""
    if not folder.is_dir():
        return
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        is_half = re.fullmatch(r"[0-9a-f]{32,64}\.[0-9a-z]+", path.name)
        if path.is_file() and not path.is_symlink() and not is_half and all(_WHOLE.fullmatch(part) for part in parts):
            yield path
