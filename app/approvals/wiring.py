"""Joins the room to people: nobody leaves while a request would have nobody who may decide it."""

from collections.abc import Sequence
from datetime import datetime

from flask import Flask
from flask_babel import lazy_gettext as _l

from app.approvals import link_actions, queries, rules
from app.kernel.actor import Actor
from app.kernel.errors import Refusal
from app.kernel.references import parse_ref
from app.notifications import mail_links
from app.people import hooks
from app.sla import hooks as clocks


class NobodyWouldDecide(Refusal):
    """A request would be left without anyone who may decide it."""

    code = "nobody-would-decide"


def register(app: Flask) -> None:
    hooks.add(keep_a_decider)
    clocks.acting["approval"] = asked_of
    clocks.addresses["approval"] = "/exceptions/"
    mail_links.add(link_actions.path_for)


def asked_of(refs: Sequence[str], now: datetime) -> dict[str, list[int]]:
    """Whose turn it is on each of these requests, for what their clocks tell."""
    rows = queries.request_rows([number for one in refs if (number := parse_ref("exception", one))])
    standing = queries.standing(rows, now)
    return {row.ref: standing.asked_ids(row.id) for row in rows if row.is_waiting}


def keep_a_decider(employee_id: int, actor: Actor, now: datetime) -> None:
    """Refuse a deactivation that leaves a waiting request without a decider; deciders are always computed anew."""
    waiting = queries.waiting_rows()
    if not waiting:
        return
    left = queries.standing(waiting, now, but=employee_id)
    for row in waiting:
        if row.expires_at > now and not rules.is_staffed(left.roster, left.facts[row.id], now):
            raise NobodyWouldDecide(
                _l(
                    "%(ref)s would have nobody left who can decide it. Make somebody else a supervisor there first, or decide it.",
                    ref=row.ref,
                ),
                exception=row.ref,
            )
