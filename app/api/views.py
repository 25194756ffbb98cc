"""API v1: its description here, its resources in the files beside."""

from flask import Response, current_app

from app.api import (
    openapi,
    views_asking,
    views_cases,
    views_customers,
    views_exceptions,
    views_letters,
    views_mail,
    views_messages,
    views_outcomes,
    views_payouts,
    views_pulses,
    views_reads,
    views_remedies,
    views_reviews,
)
from app.api.blueprint import bp
from app.people.access import public

__all__ = [
    "bp",
    "views_asking",
    "views_cases",
    "views_customers",
    "views_exceptions",
    "views_letters",
    "views_mail",
    "views_messages",
    "views_outcomes",
    "views_payouts",
    "views_pulses",
    "views_reads",
    "views_remedies",
    "views_reviews",
]


@bp.get("/openapi.json")
@public("the description of the API names no record")
def description() -> Response:
    return openapi.response(current_app.extensions["makegood_settings"].base_url)
