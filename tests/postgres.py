"""A throwaway PostgreSQL server for the tests, from Debian's packages or any binaries that PG_BINDIR names."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MISSING = (
    "PostgreSQL's server binaries were not found. Install them (Debian: apt-get install postgresql) or set PG_BINDIR."
)

MEMORY_MIN = 2 * 1024**3  # bytes


def binaries() -> Path:
    """Return the folder with initdb and pg_ctl; raises with the command that installs it."""
    candidates = [os.environ.get("PG_BINDIR")]
    found = Path("/usr/lib/postgresql").glob("*/bin")
    candidates += sorted(map(str, found), key=lambda p: -int(p.split("/")[-2]))
    on_path = shutil.which("initdb")
    candidates.append(str(Path(on_path).parent) if on_path else None)
    for candidate in candidates:
        if candidate and (Path(candidate) / "initdb").exists():
            return Path(candidate)
    raise RuntimeError(MISSING)


def _folder(*, durable: bool) -> str:
    """Memory where there is enough of it, since nothing here outlives the run; the disk where durability is measured."""
    memory = Path("/dev/shm")
    if durable or not memory.is_dir() or shutil.disk_usage(memory).free < MEMORY_MIN:
        return "/tmp"
    return str(memory)


@contextmanager
def server(**settings: str) -> Iterator[str]:
    """Start a server on a socket of its own, yield its SQLAlchemy URL, and remove it again."""
    root = Path(tempfile.mkdtemp(prefix="pg-", dir=_folder(durable=settings.get("fsync") == "on")))
    drop: dict[str, object] = {}
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        nobody = pwd.getpwnam("nobody")
        os.chown(root, nobody.pw_uid, nobody.pw_gid)
        drop = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}

    def run(command: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(binaries() / command), *arguments],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            **drop,  # type: ignore[arg-type]
        )
        if done.returncode:
            raise RuntimeError(done.stderr)

    options = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "timezone": "UTC", **settings}
    try:
        run("initdb", "-D", f"{root}/d", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
        switches = f"-k {root} -c listen_addresses='' -c max_connections=200 " + " ".join(
            f"-c {name}={value}" for name, value in options.items()
        )
        run("pg_ctl", "-D", f"{root}/d", "-w", "-l", f"{root}/log", "-o", switches, "start")
        try:
            yield f"postgresql+psycopg://postgres@/postgres?host={root}"
        finally:
            run("pg_ctl", "-D", f"{root}/d", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(root, ignore_errors=True)
