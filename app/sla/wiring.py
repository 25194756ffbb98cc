"""Joins clocks to cases: a deadline that moves by itself also moves its case in the queue."""

from flask import Flask

from app.cases import actions as cases
from app.sla import hooks


def register(app: Flask) -> None:
    if cases.note_due not in hooks.on_moved:
        hooks.on_moved.append(cases.note_due)
