"""Searches over people are written down in one place, whichever room's page searches."""

from datetime import datetime, timedelta
from threading import Lock

from flask import Flask, Response, current_app, request

from app.audit.search_actions import record_search, record_typing
from app.kernel.time import utc_now
from app.people.access import is_signed_in, me

# Page → the word of its address that is searched for, and what is searched.
SEARCHES = {
    "customers.index": ("q", "customers"),
    "home.search": ("q", "customers"),
    "people.directory": ("term", "people"),
}
# Lists under a field while somebody types: the field's own names, and what is searched.
TYPED = {"customers.matches": (("q", "customer"), "customers")}
ONCE_IN = timedelta(minutes=1)
_KEPT = "makegood_typed"


class Once:
    """Who typed a search within the last minute, as this process saw it: one entry then stands for every key pressed."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._since: dict[tuple[int, str], datetime] = {}

    def is_first(self, person_id: int, what: str, now: datetime) -> bool:
        with self._lock:
            since = self._since.get((person_id, what))
            if since is not None and timedelta() <= now - since < ONCE_IN:
                return False
            self._since = {key: at for key, at in self._since.items() if timedelta() <= now - at < ONCE_IN}
            self._since[person_id, what] = now
            return True


def register(app: Flask) -> None:
    app.extensions[_KEPT] = Once()
    app.after_request(_write_down)


def _write_down(answer: Response) -> Response:
    endpoint = request.endpoint or ""
    if request.method != "GET" or answer.status_code != 200 or not is_signed_in():
        return answer
    if endpoint in SEARCHES and not request.args.get("after"):
        name, what = SEARCHES[endpoint]
        if term := request.args.get(name, "").strip():
            record_search(what=what, term=term, actor=me(), now=utc_now())
    elif endpoint in TYPED:
        names, what = TYPED[endpoint]
        once: Once = current_app.extensions[_KEPT]
        if any(request.args.get(name, "").strip() for name in names) and once.is_first(me().id or 0, what, utc_now()):
            record_typing(what=what, actor=me(), now=utc_now())
    return answer
