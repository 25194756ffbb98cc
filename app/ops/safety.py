"""Looking at what an instance runs with, and refusing to run unsafely in production."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from flask import Flask
from sqlalchemy import inspect, select
from sqlalchemy.exc import SQLAlchemyError

from app.kernel.database import db
from app.ops.safety_rules import Facts, Finding, findings, refusal
from app.people.models import Employee
from config import Settings

OTHERS = stat.S_IROTH | stat.S_IWOTH | stat.S_IXOTH
DEMO_ADDRESS = "ada@makegood.example"
SECRET_NAMES = ("secret_key", "*.pem", "*.key", "*-key")


class UnsafeSettings(SystemExit):
    """Production isn't started; the message has a sentence for each unsafe setting."""


def refuse_unsafe(app: Flask) -> None:
    """Stop a production process whose settings are unsafe, before it answers anybody."""
    settings: Settings = app.extensions["makegood_settings"]
    if settings.is_production and (said := refusal(look(app))):
        raise UnsafeSettings(said)


def refuse_demo_people(app: Flask) -> None:
    """Stop a production process that would serve a demo company; raises RuntimeError, which ends the web server too."""
    settings: Settings = app.extensions["makegood_settings"]
    if settings.is_production and (said := refusal(look(app, with_database=True))):
        raise RuntimeError(said)


def look(app: Flask, *, with_database: bool = False) -> list[Finding]:
    """Find what is unsafe, judged as for production."""
    settings: Settings = app.extensions["makegood_settings"]
    instance = Path(settings.instance_path)
    has_demo = (instance / "demo-pass-phrase").exists() or (with_database and _has_demo_people(app))
    facts = Facts(
        is_debug=app.debug or os.environ.get("FLASK_DEBUG", "0").lower() not in ("", "0", "false", "no"),
        is_testing=app.testing,
        cookie_is_secure=bool(app.config["SESSION_COOKIE_SECURE"]),
        log_level=settings.log_level,
        open_paths=tuple(str(path) for path in _open_paths(settings)),
        database_file_system=file_system_of(_database_file(settings)),
        has_demo_people=has_demo,
    )
    return findings(settings, facts)


def _open_paths(settings: Settings) -> Iterator[Path]:
    """Yield folders that everybody may enter, and keys that everybody may read even if they are moved elsewhere."""
    instance = Path(settings.instance_path)
    folders = {instance, Path(settings.files_folder)}
    database = _database_file(settings)
    if database is not None:
        folders.add(database.parent)
    for folder in sorted(folders):
        if not folder.is_dir():
            continue
        if folder.stat().st_mode & OTHERS and not _is_inside_a_closed_one(folder, folders):
            yield folder
    for pattern in SECRET_NAMES:
        yield from (path for path in sorted(instance.glob(pattern)) if path.is_file() and path.stat().st_mode & OTHERS)


def _is_inside_a_closed_one(folder: Path, folders: set[Path]) -> bool:
    return any(above in folders and not above.stat().st_mode & OTHERS for above in folder.parents)


def _database_file(settings: Settings) -> Path | None:
    if not settings.database_url.startswith("sqlite:///"):
        return None
    return Path(settings.database_url.removeprefix("sqlite:///").partition("?")[0]).absolute()


def file_system_of(path: Path | None, mounts: str | None = None) -> str:
    """Name the kind of file system a path lies on ("ext4", "nfs4"), as Linux tells it; "" where it doesn't."""
    if path is None:
        return ""
    try:
        lines = (mounts if mounts is not None else Path("/proc/mounts").read_text(encoding="utf-8")).splitlines()
    except OSError:
        return ""
    best, kind = "", ""
    for line in lines:
        _device, where, name, *_rest = line.split(" ")
        where = where.encode().decode("unicode_escape")
        if path.is_relative_to(where) and len(where) >= len(best):
            best, kind = where, name
    return kind


def _has_demo_people(app: Flask) -> bool:
    with app.app_context():
        try:
            if not inspect(db.engine).has_table(Employee.__tablename__):
                return False
            with db.engine.connect() as connection:
                found = connection.execute(select(Employee.id).where(Employee.email == DEMO_ADDRESS).limit(1)).first()
        except SQLAlchemyError:
            return False  # readiness tells that the database doesn't answer
        return found is not None
