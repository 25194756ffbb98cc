"""Searches over people are written down in one place, whichever room's page searches."""

from flask import Flask, Response, request

from app.audit.search_actions import record_search
from app.kernel.time import utc_now
from app.people.access import is_signed_in, me

# Page → the word of its address that is searched for, and what is searched. Lists under a field while somebody types are not
# here: the page or the deed that follows is.
SEARCHES = {
    "customers.index": ("q", "customers"),
    "home.search": ("q", "customers"),
    "people.directory": ("term", "people"),
}


def register(app: Flask) -> None:
    app.after_request(_write_down)


def _write_down(answer: Response) -> Response:
    searched = SEARCHES.get(request.endpoint or "")
    if searched and request.method == "GET" and answer.status_code == 200 and not request.args.get("after"):
        name, what = searched
        term = request.args.get(name, "").strip()
        if term and is_signed_in():
            record_search(what=what, term=term, actor=me(), now=utc_now())
    return answer
