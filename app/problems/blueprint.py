"""The room's blueprint; its pages import it."""

from flask import Blueprint, Response, request

from app.people.headers import keep_secret

bp = Blueprint("problems", __name__, template_folder="templates")
HERS = ("problems.stop", "problems.stop_updates")


@bp.after_request
def keep_private(response: Response) -> Response:
    """A customer's link is kept by no browser or proxy, and told to no other site."""
    if request.endpoint in HERS:
        keep_secret(response)
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
