"""Joins check-backs to people: whoever leaves hands theirs over."""

from datetime import datetime

from flask import Flask

from app.customers import check_back_actions
from app.kernel.actor import Actor
from app.people import hooks as people


def register(app: Flask) -> None:
    people.add(hand_over_check_backs)


def hand_over_check_backs(employee_id: int, actor: Actor, now: datetime) -> None:
    check_back_actions.hand_over(employee_id=employee_id, actor=actor, now=now)
