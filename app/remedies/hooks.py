"""Joins the room to approvals: a remedy that was asked for ends with its request."""

from flask import Flask

from app.approvals import hooks as approvals
from app.remedies import actions


def register(app: Flask) -> None:
    if actions.end_with_exception not in approvals.on_ended:
        approvals.on_ended.append(actions.end_with_exception)
