"""Telling open pages that a request has changed: one watcher per web process, however many pages listen.

Every listening page holds a thread of its web process, so at most half of them may; everybody else asks by themselves.
The watcher reads the marks of all requests that are listened to in one query a tick, and rests while nobody listens.
"""

import logging
import queue
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from flask import Flask, current_app

from app.approvals import step_queries
from config import Settings

TICK_SECONDS = 0.5
BEAT_SECONDS = 10.0
FAILURES_MAX = 6  # ticks without an answer of the database: then the pages had better ask by themselves
LIFE_SECONDS = 60.0  # then the page asks again: who may no longer read it, or is signed out, hears no more
_KEY = "makegood_live"
log = logging.getLogger("makegood.live")


@dataclass(eq=False, slots=True)
class Stream:
    """One page that listens. `tag` is what it shows; the box holds what it has to be told, None for the end."""

    exception_id: int
    tag: str | None
    box: "queue.SimpleQueue[str | None]" = field(default_factory=queue.SimpleQueue)


class Hub:
    """The streams of one process, and the thread that watches for them. It begins with the first and ends with the last."""

    def __init__(self, app: Flask, *, most: int, tick_seconds: float = TICK_SECONDS) -> None:
        self.most = most
        self.is_leaving = False  # set from a signal handler, so it is no lock and no event
        self.tick_count = 0
        self._app = app
        self._tick_seconds = tick_seconds
        self._guard = threading.Lock()
        self._streams: set[Stream] = set()
        self._watcher: threading.Thread | None = None

    @property
    def count(self) -> int:
        return len(self._streams)

    def open(self, exception_id: int, tag: str | None) -> Stream | None:
        """Begin to listen; None when there is no room, or this process is about to end."""
        with self._guard:
            if self.is_leaving or len(self._streams) >= self.most:
                return None
            stream = Stream(exception_id, tag)
            self._streams.add(stream)
            if self._watcher is None or not self._watcher.is_alive():
                self._watcher = threading.Thread(target=self._watch, name="makegood-live", daemon=True)
                self._watcher.start()
            return stream

    def close(self, stream: Stream) -> None:
        with self._guard:
            self._streams.discard(stream)

    def _watch(self) -> None:
        """Watch until nobody listens. However it ends, no page is left that believes it would be told."""
        failures = 0
        try:
            while True:
                with self._guard:
                    streams = list(self._streams)
                    if self.is_leaving or not streams:
                        return self._stop()
                failures = 0 if self._tell(streams) else failures + 1
                if failures == FAILURES_MAX:
                    _end(streams)
                time.sleep(self._tick_seconds)
        except BaseException:
            log.exception("the watcher of waiting requests broke off; the pages ask by themselves")
            with self._guard:
                self._stop()

    def _stop(self) -> None:
        """Under the guard: end what still listens; whoever listens next begins a new watcher."""
        _end(self._streams)
        self._watcher = None

    def _tell(self, streams: Sequence[Stream]) -> bool:
        """Read once for all of them, and tell those that show something older; False when nothing could be read."""
        self.tick_count += 1
        try:
            with self._app.app_context():
                marks = step_queries.marks({stream.exception_id for stream in streams})
        except Exception:
            log.warning("the marks of waiting requests could not be read", exc_info=True)
            return False
        for stream in streams:
            mark = marks.get(stream.exception_id)
            tag = step_queries.tag_of(mark)
            if stream.tag is not None and tag != stream.tag:
                stream.box.put(tag)
            stream.tag = tag
        return True


def _end(streams: Iterable[Stream]) -> None:
    for stream in streams:
        stream.box.put(None)


def of(app: Flask) -> Hub:
    hub: Hub | None = app.extensions.get(_KEY)
    if hub is None:
        settings: Settings = app.extensions["makegood_settings"]
        hub = app.extensions.setdefault(_KEY, Hub(app, most=settings.live_streams_max))
    return hub


def here() -> Hub:
    return of(current_app._get_current_object())  # type: ignore[attr-defined]


def events(stream: Stream, *, beat_seconds: float = BEAT_SECONDS, life_seconds: float = LIFE_SECONDS) -> Iterator[str]:
    """Yield server-sent events: a beat at once and then regularly, `changed` with the new tag, and the end.

    Nothing here touches the database: the thread only waits.
    """
    yield "retry: 2000\n\nevent: beat\ndata: 0\n\n"
    until = time.monotonic() + life_seconds
    while time.monotonic() < until:
        try:
            tag = stream.box.get(timeout=beat_seconds)
        except queue.Empty:
            yield "event: beat\ndata: 0\n\n"
            continue
        if tag is None:
            return
        yield f"event: changed\ndata: {tag}\n\n"
