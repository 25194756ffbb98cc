"""Leaving without a refused request: first this process says that it is not ready, a little later it stops listening."""

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import cast

from flask import Flask

from app.approvals import live
from app.ops import health
from config import Settings

Handler = Callable[[int, FrameType | None], object]


def leave_slowly(app: Flask) -> None:
    """Wrap this process's SIGTERM: /readyz answers 503 at once, and the server's own handler runs after the drain.

    Without drain seconds both happen together. A second SIGTERM ends the wait.
    """
    settings: Settings = app.extensions["makegood_settings"]
    stop = cast(Handler, signal.getsignal(signal.SIGTERM))

    def drain(number: int, frame: FrameType | None) -> None:
        known = health.of(app)
        live.of(app).is_leaving = True  # pages that listen are let go, and listen elsewhere
        if known.is_draining or not settings.drain_seconds:
            known.is_draining = True
            stop(number, frame)
            return
        known.is_draining = True
        later = threading.Timer(settings.drain_seconds, os.kill, (os.getpid(), signal.SIGTERM))
        later.daemon = True
        later.start()

    signal.signal(signal.SIGTERM, drain)
    signal.siginterrupt(signal.SIGTERM, False)
