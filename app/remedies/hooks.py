"""Joins the room to approvals (a remedy ends with its request) and to cases (what is owed is given before the end)."""

from flask import Flask

from app.approvals import hooks as approvals
from app.cases import hooks as cases
from app.remedies import actions, redress_actions


def register(app: Flask) -> None:
    if actions.end_with_exception not in approvals.on_ended:
        approvals.on_ended.append(actions.end_with_exception)
    if redress_actions.refuse_unpaid not in cases.before_resolve:
        cases.before_resolve.append(redress_actions.refuse_unpaid)
