"""A throwaway PostgreSQL server for the tests, from Debian's packages or any binaries that PG_BINDIR names."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
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


class Cluster:
    """One server on a socket of its own. `kill` ends it as a lost machine would; `start` then recovers from its log."""

    def __init__(self, **settings: str) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="pg-", dir=_folder(durable=settings.get("fsync") == "on")))
        self.url = f"postgresql+psycopg://postgres@/postgres?host={self.root}"
        self._drop: dict[str, object] = {}
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            nobody = pwd.getpwnam("nobody")
            os.chown(self.root, nobody.pw_uid, nobody.pw_gid)
            self._drop = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        options = {
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "timezone": "UTC",
            **settings,
        }
        self._switches = f"-k {self.root} -c listen_addresses='' -c max_connections=200 " + " ".join(
            f"-c {name}={value}" for name, value in options.items()
        )

    def make(self) -> None:
        self._run(
            "initdb", "-D", f"{self.root}/d", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"
        )

    def start(self) -> None:
        self._run("pg_ctl", "-D", f"{self.root}/d", "-w", "-l", f"{self.root}/log", "-o", self._switches, "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", f"{self.root}/d", "-w", "-m", "immediate", "stop")

    def kill(self) -> None:
        """SIGKILL to the postmaster and then to every process it had started, none of which may write another byte."""
        postmaster = int(Path(f"{self.root}/d/postmaster.pid").read_text(encoding="utf-8").split()[0])
        os.kill(postmaster, signal.SIGSTOP)  # so that it neither starts nor reaps one meanwhile
        children = [int(pid) for pid in Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()]
        for pid in (postmaster, *children):
            os.kill(pid, signal.SIGKILL)
        until = time.monotonic() + 20
        while any(Path(f"/proc/{pid}").exists() for pid in (postmaster, *children)):  # until init has waited for them
            assert time.monotonic() < until, "a killed process of PostgreSQL is still there"
            time.sleep(0.01)

    def _run(self, command: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(binaries() / command), *arguments],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            **self._drop,  # type: ignore[arg-type]
        )
        if done.returncode:
            raise RuntimeError(done.stderr)


@contextmanager
def cluster(**settings: str) -> Iterator[Cluster]:
    """Start a server, yield it, and remove it again."""
    made = Cluster(**settings)
    try:
        made.make()
        made.start()
        try:
            yield made
        finally:
            made.stop()
    finally:
        shutil.rmtree(made.root, ignore_errors=True)


@contextmanager
def server(**settings: str) -> Iterator[str]:
    """Start a server on a socket of its own, yield its SQLAlchemy URL, and remove it again."""
    with cluster(**settings) as made:
        yield made.url
