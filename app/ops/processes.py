"""Processes that one `flask serve` starts, watches and stops."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from types import FrameType

from flask import Flask
from gunicorn.app.base import Application

from config import ROOT, Settings

STOP_SECONDS = 10
LOOK_SECONDS = 0.25
RESTART_SECONDS = 2.0
_PR_SET_PDEATHSIG = 1
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


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


def serve(app: Flask, host: str, port: int, *, workers: int) -> int:
    """Run the web server and the scheduler side by side until a signal; returns the exit code.

    A scheduler that dies is started again; when the web server dies, everything stops.
    The application is loaded already, so the web server is forked from here and answers at once.
    """
    web = fork_web(app, host, port, workers)
    for number in _SIGNALS:
        signal.signal(number, _stop)
    scheduler = _start_scheduler()
    try:
        while (code := _code_of(web)) is None:
            if scheduler.poll() is not None:
                print(f"The scheduler ended with code {scheduler.returncode}; starting it again.", file=sys.stderr)
                time.sleep(RESTART_SECONDS)
                scheduler = _start_scheduler()
            time.sleep(LOOK_SECONDS)
        print(f"The web server ended with code {code}.", file=sys.stderr)
        return code or 1
    except Stopped:
        return 0
    finally:
        settings: Settings = app.extensions["makegood_settings"]
        _end(web, scheduler, STOP_SECONDS + settings.drain_seconds)


class _Web(Application):
    """gunicorn with our settings file, around an application that is loaded already."""

    def __init__(self, app: Flask, bind: str, workers: int) -> None:
        self._app, self._bind, self._workers = app, bind, workers
        super().__init__()

    def load_config(self) -> None:
        self.load_config_from_file(str(ROOT / "gunicorn.conf.py"))
        self.cfg.set("bind", self._bind)
        self.cfg.set("workers", self._workers)

    def load(self) -> Flask:
        return self._app


def fork_web(app: Flask, host: str, port: int, workers: int) -> int:
    """Fork the web server into a session of its own and return its process id."""
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        os.setsid()
        _end_with_parent()
        _Web(app, _bind(host, port), workers).run()
        code = 0
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 1
    finally:
        os._exit(code)


def _code_of(pid: int) -> int | None:
    """Return the exit code of a child, or None while it runs."""
    done, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if done else None


def _stop(_number: int, _frame: FrameType | None) -> None:
    for number in _SIGNALS:
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


def _end(web: int, scheduler: "subprocess.Popen[bytes]", seconds_max: float) -> None:
    """Ask both to finish what they are doing, then insist."""
    if scheduler.poll() is None:
        scheduler.terminate()
    is_over = not _signal(web, signal.SIGTERM)
    until = time.monotonic() + seconds_max
    while not is_over and time.monotonic() < until:
        is_over = _is_gone(web)
        time.sleep(0.05)
    if not is_over:
        _signal(web, signal.SIGKILL)
    try:
        scheduler.wait(timeout=max(0.1, until - time.monotonic()))
    except subprocess.TimeoutExpired:
        scheduler.kill()
        scheduler.wait()


def _signal(pid: int, number: signal.Signals) -> bool:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def _is_gone(pid: int) -> bool:
    try:
        return _code_of(pid) is not None
    except ChildProcessError:
        return True


def _bind(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
