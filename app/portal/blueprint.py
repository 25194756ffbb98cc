"""The room's blueprint, and what every answer of a customer's page says to the browser."""

from flask import Blueprint, Response, request

from app.people.headers import keep_secret

bp = Blueprint("portal", __name__, template_folder="templates")
# Pages of the desk that hang on this blueprint; all others are the customer's.
DESK = frozenset(
    {
        "portal.make_link",
        "portal.mail_link",
        "portal.revoke_link",
        "portal.let_choose",
        "portal.preview",
        "portal.places",
        "portal.add_place",
        "portal.change_place",
        "portal.poster",
    }
)


@bp.after_request
def keep_private(response: Response) -> Response:
    """Nothing of a customer's page is kept by a browser or a proxy, told to another site, or found by a search engine."""
    if request.endpoint not in DESK:
        keep_secret(response)
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
