"""Joins promises to clocks and people: a missed one is kept as broken, and whoever leaves hands theirs over."""

from datetime import datetime

from flask import Flask

from app.kernel.actor import Actor
from app.people import hooks as people
from app.promises import actions
from app.sla import hooks as clocks
from app.sla.notice_actions import SWEEP


def register(app: Flask) -> None:
    if note_breach not in clocks.on_breach:
        clocks.on_breach.append(note_breach)
    people.add(hand_over_promises)


def note_breach(case_id: int, milestone: str, now: datetime) -> None:
    if milestone == "promise":
        actions.note_broken(case_ids=[case_id], actor=SWEEP, now=now)


def hand_over_promises(employee_id: int, actor: Actor, now: datetime) -> None:
    actions.hand_over(employee_id=employee_id, actor=actor, now=now)
