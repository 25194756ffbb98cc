"""Restoring a backup: everything is unpacked, loaded and examined beside what is there; one step puts it into place.

Files are added before the database is swapped. They have names of their own, so an interrupted restore leaves the old
database with a few files more, which the sweep of files removes.
"""

import filecmp
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Flask
from flask_babel import lazy_gettext as _l
from sqlalchemy import create_engine, select
from sqlalchemy.pool import NullPool

from app.audit import actions as audit
from app.audit.checkpoint_keys import public_path
from app.audit.checkpoint_places import NotKept, places
from app.audit.checkpoint_rules import Checkpoint
from app.audit.jobs import seal_pending
from app.kernel import invariants, migrations
from app.kernel.actor import command
from app.kernel.database import db, prepare_engine
from app.kernel.transactions import transaction
from app.ops import archive
from app.ops.backup import ERASED_LIST, trees, whole_files, witnesses
from app.ops.stores import Refused, Say, Store, described_at, store_of
from app.people.models import SignInSession
from app.people.session_actions import end_all_sessions
from app.privacy import erased_list
from app.privacy.erasure_actions import replay
from config import Settings

RESTORED = audit.declare("backup:restore", "made_at", "revision", "sessions", sentence=_l("restored a backup"))
DRILL = "restore-drill"  # the name of its sign of life


@dataclass(frozen=True, slots=True)
class Restored:
    """kept_at: where the database that was there before is kept, "" when there was none or this was a rehearsal.

    further: the newest checkpoint outside that knows more entries than what was restored; None when none does.
    covered: how many sealed entries what was restored has.
    """

    made_at: str
    engine: str
    row_count: int
    file_count: int
    violations: dict[str, list[str]]
    kept_at: str
    covered: int
    further: Checkpoint | None


def restore(
    app: Flask, path: Path, *, now: datetime, say: Say, over: bool, rehearse: bool, accept_violations: bool
) -> Restored:
    """Restore an archive; raises Refused or BadArchive, and then nothing has changed.

    over: replace a database that holds something. rehearse: do all of it but the last step.
    """
    settings: Settings = app.extensions["makegood_settings"]
    store = store_of(settings)
    if not rehearse and not over and not store.is_empty():
        raise Refused("the database holds something; --replace keeps it aside and puts the backup into its place")
    with _scratch(settings) as folder, _left_tidy(store):
        say("Unpacking and comparing …")
        manifest = archive.unpack(path, folder, settings.secrets)
        if manifest.get("engine") != store.engine:
            raise Refused(f"the backup is of {manifest.get('engine')}, and DATABASE_URL names {store.engine}")
        say("Loading the database beside …")
        url = store.load(folder / "database")
        _compare(url, manifest)
        _migrate(url, manifest, say)
        say("Checking everything …")
        lists = (erased_list.place(settings), folder / ERASED_LIST)
        found = _examine(_beside(settings, url, folder), manifest, now, erased_list.numbers(*lists))
        if any(found.values()) and not accept_violations:
            first = next(sentence for sentences in found.values() for sentence in sentences)
            raise Refused(f"the backup breaks what must hold ({first}); --accept-violations takes it all the same")
        kept = ""
        if not rehearse:
            with app.app_context():
                db.session.remove()
                db.engine.dispose()
            _place_files(settings, folder)
            erased_list.merge(settings, folder / ERASED_LIST)
            kept = store.swap(f"{now:%Y%m%d%H%M%S}")
        files = len(manifest["members"]) - 1
        covered = int(manifest["head"][0])
        further = _further(settings, covered, say)
        return Restored(
            manifest["made_at"], store.engine, sum(manifest["rows"].values()), files, found, kept, covered, further
        )


def _further(settings: Settings, covered: int, say: Say) -> Checkpoint | None:
    """Return the newest checkpoint outside when it knows entries that the backup doesn't hold; a web place can't be asked."""
    known = []
    for place in places(settings):
        try:
            known.append(place.last())
        except NotKept as trouble:
            say(f"A record of checkpoints can't be read: {trouble}")
    return max((one for one in known if one and one.size > covered), key=lambda one: one.size, default=None)


@contextmanager
def _scratch(settings: Settings) -> Iterator[Path]:
    folder = Path(settings.instance_path) / f".restore-{secrets.token_hex(4)}"
    folder.mkdir(parents=True, mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _left_tidy(store: Store) -> Iterator[None]:
    try:
        yield
    finally:
        store.forget()


def _compare(url: str, manifest: dict[str, Any]) -> None:
    """What was loaded is what was counted when the copy was made."""
    found = described_at(url).json()
    different = [name for name in ("revision", "rows", "head") if found[name] != manifest[name]]
    if different:
        raise Refused(f"what was loaded is not what the manifest says: {', '.join(different)}")


def _migrate(url: str, manifest: dict[str, Any], say: Say) -> None:
    wanted = migrations.code_head()
    if manifest["revision"] == wanted:
        return
    if not migrations.knows(manifest["revision"]):
        raise Refused(f"the backup has schema {manifest['revision']}, which this code doesn't know; use newer code")
    say(f"Bringing schema {manifest['revision']} to {wanted} …")
    engine = create_engine(url, poolclass=NullPool)
    prepare_engine(engine)
    migrations.upgrade(engine)
    engine.dispose()


def _beside(settings: Settings, url: str, folder: Path) -> Flask:
    """The application over what was loaded, with the unpacked files."""
    from app import create_app

    moved = replace(
        settings,
        database_url=url,
        owner_database_url=url,
        instance_path=str(folder / "instance"),
        files_folder=str(folder / "files"),
        checkpoint_file=str(folder / "checkpoints/record.jsonl"),
        checkpoint_second_place="",
    )
    for name in ("instance", "files", "checkpoints"):
        (folder / name).mkdir(exist_ok=True, mode=0o700)
    keys = folder / "checkpoints/keys.json"
    if keys.exists():
        shutil.copyfile(keys, public_path(moved))
    return create_app(moved)


def _examine(app: Flask, manifest: dict[str, Any], now: datetime, erased: list[str]) -> dict[str, list[str]]:
    """Seal what was written last, end every session, erase again who was erased since, say in the trail what happened, and
    ask every invariant."""
    with app.app_context():
        try:
            while db.engine.dialect.name == "postgresql" and seal_pending(everything=True):
                pass
            people = list(
                db.session.scalars(select(SignInSession.employee_id).where(SignInSession.ended_at.is_(None)).distinct())
            )
            with transaction():
                ended = sum(end_all_sessions(employee_id=one, now=now) for one in people)
                audit.record(
                    RESTORED,
                    subject="backup",
                    actor=command("restore"),
                    at=now,
                    made_at=manifest["made_at"],
                    revision=manifest["revision"],
                    sessions=ended,
                )
            replay(erased, actor=command("restore"), now=now)
            if db.engine.dialect.name == "postgresql":
                seal_pending(everything=True)
            return {part: invariants.violations(part) for part in invariants.parts()}
        finally:
            db.session.remove()
            db.engine.dispose()


def _place_files(settings: Settings, folder: Path) -> None:
    """Add what is missing and mend what differs; a record of checkpoints that is there already is left as it is."""
    for prefix, target in trees(settings).items():
        source = folder / prefix
        for path in whole_files(source):
            place = target / path.relative_to(source)
            if not place.exists() or not filecmp.cmp(path, place, shallow=False):
                _place(path, place)
    for name, place in witnesses(settings).items():
        if (folder / name).exists() and not place.exists():
            _place(folder / name, place)


def _place(path: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    half = place.with_name(f".{place.name}.restoring")
    shutil.copyfile(path, half)
    half.chmod(0o600)
    os.replace(half, place)
