"""How a refusal and a failure look to a person: one page, or one notice where a fragment was asked for."""

from flask import Flask, Response, flash, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError, SecurityError

from app.kernel.database import db
from app.kernel.errors import Refusal
from app.people.typed import typed_here, typed_page


def register(app: Flask) -> None:
    app.register_error_handler(Refusal, of_refusal)
    app.register_error_handler(CSRFError, of_csrf)
    app.register_error_handler(InternalServerError, of_failure)
    app.register_error_handler(SecurityError, of_wrong_host)
    app.register_error_handler(HTTPException, of_http)


def of_refusal(refusal: Refusal) -> ResponseReturnValue:
    db.session.rollback()
    answer = refusal_page(refusal.status, heading_of(refusal.status), str(refusal))
    seconds = refusal.details.get("retry_after_seconds")
    if seconds is not None:
        answer.headers["Retry-After"] = str(seconds)
    return answer


def of_csrf(error: CSRFError) -> ResponseReturnValue:
    """The form is older than the browser's session: nothing was changed, and sending it again from a new page works."""
    text = _(
        "This form was open for too long, or was sent from another page. Nothing was changed: reload and try again."
    )
    if request.endpoint == "people.begin_session":
        flash(text, "warn")
        return redirect(url_for("people.sign_in"), 303)
    typed = typed_here()
    if typed is not None:
        return typed_page(typed, 400)
    return refusal_page(400, heading_of(400), text)


def of_http(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    if error.response is not None or status < 400:
        return error
    answer = refusal_page(status, heading_of(status), text_of(status))
    for name, value in error.get_headers():
        if name.lower() in ("allow", "retry-after"):
            answer.headers[name] = value
    return answer


def of_failure(error: InternalServerError) -> ResponseReturnValue:
    """The last resort: no trace, no query that must work, only the request's id for whoever reads the log."""
    try:
        db.session.rollback()
        return refusal_page(500, heading_of(500), text_of(500))
    except Exception:
        return Response(f"Something broke on our side. Reference: {g.get('request_id')}\n", 500, mimetype="text/plain")


def of_wrong_host(error: SecurityError) -> ResponseReturnValue:
    return Response("This address isn't served here.\n", 400, mimetype="text/plain")


def refusal_page(status: int, heading: str, text: str) -> Response:
    """One page, or one notice where a fragment was asked for."""
    is_fragment = bool(request.headers.get("HX-Request"))
    template = "people/_refusal.html" if is_fragment else "ui/error.html"
    body = render_template(template, status=status, heading=heading, text=text, request_id=g.get("request_id"))
    return make_response(body, status)


def heading_of(status: int) -> str:
    headings = {
        400: _("This can't be read"),
        403: _("Not part of your role"),
        404: _("Nothing here"),
        405: _("Not this way"),
        409: _("Not now"),
        410: _("This link has ended"),
        413: _("Too large"),
        415: _("The wrong kind of content"),
        422: _("Please check this"),
        429: _("Please wait a moment"),
    }
    return headings.get(status, _("Something broke on our side"))


def text_of(status: int) -> str:
    texts = {
        400: _("The request can't be read. Go back and try again."),
        403: _("Your role doesn't include this. Ask your administrator if you need it."),
        404: _("There is nothing here, or it is not yours to see."),
        405: _("This page doesn't take that. Go back and use its buttons."),
        413: _("What you sent is too large. Send less at once."),
        415: _("This page doesn't take that kind of content."),
        422: _("Something in the request can't be right. Go back and try again."),
        429: _("Too many requests at once. Wait a few seconds, then try again."),
    }
    return texts.get(status, _("Nothing was changed. Try again, and tell us the reference if it happens again."))
