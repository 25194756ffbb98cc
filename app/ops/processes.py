"""Processes that one `flask serve` starts, watches and stops."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from types import FrameType

from config import ROOT

STOP_SECONDS = 10
LOOK_SECONDS = 0.25
RESTART_SECONDS = 2.0
_PR_SET_PDEATHSIG = 1


def is_free(host: str, port: int) -> bool:
    """Tell whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def run_flask(*arguments: str) -> int:
    """Run one of our commands in a process of its own and return its exit code."""
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", *arguments], cwd=ROOT, check=False
    ).returncode


class Stopped(Exception):
    """Somebody asked this process to stop."""


def serve(host: str, port: int, *, workers: int) -> int:
    """Run the web server and the scheduler side by side until a signal; returns the exit code.

    A scheduler that dies is started again; when the web server dies, everything stops.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    web = _start(
        "-m", "gunicorn", "-c", str(ROOT / "gunicorn.conf.py"), "-b", _bind(host, port), "-w", str(workers), "wsgi:app"
    )
    scheduler = _start_scheduler()
    try:
        while web.poll() is None:
            if scheduler.poll() is not None:
                print(f"The scheduler ended with code {scheduler.returncode}; starting it again.", file=sys.stderr)
                time.sleep(RESTART_SECONDS)
                scheduler = _start_scheduler()
            time.sleep(LOOK_SECONDS)
        print(f"The web server ended with code {web.returncode}.", file=sys.stderr)
        return web.returncode or 1
    except Stopped:
        return 0
    finally:
        _end(web, scheduler)


def _stop(_number: int, _frame: FrameType | None) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise Stopped


def _start_scheduler() -> "subprocess.Popen[bytes]":
    return _start("-m", "flask", "--app", "wsgi", "scheduler")


def _start(*arguments: str) -> "subprocess.Popen[bytes]":
    """Start a child in a session of its own, so that Ctrl-C reaches only this process, which then stops it in order."""
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=dict(os.environ),
        start_new_session=True,
        preexec_fn=_end_with_parent,
    )


def _end_with_parent() -> None:
    """On Linux the kernel stops a child whose parent was killed; elsewhere it stays until it is stopped by hand."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _end(*children: "subprocess.Popen[bytes]") -> None:
    """Ask every child to finish what it is doing, then insist."""
    for child in children:
        if child.poll() is None:
            child.terminate()
    until = time.monotonic() + STOP_SECONDS
    for child in children:
        try:
            child.wait(timeout=max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _bind(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
