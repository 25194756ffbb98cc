"""Choosing which connector pays what where."""

from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.audit import actions as audit
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound
from app.kernel.transactions import transaction
from app.people import permissions
from app.people.models import Site
from app.policies import queries as policies
from app.remedies.connectors import chosen
from app.remedies.payout_models import PayoutRoute
from app.remedies.payout_rules import CONNECTORS, route_key

ROUTED = audit.declare(
    "payout-route:set", "site", "kind", "connector", "before", sentence=_l("chose how remedies are paid out")
)
REMOVED = audit.declare(
    "payout-route:remove", "site", "kind", "connector", sentence=_l("removed a way on which remedies are paid out")
)


def set_route(*, site_id: int | None, kind: str | None, connector: str, actor: Actor, now: datetime) -> PayoutRoute:
    """Pay a kind of remedy at a site (None: any) by this connector from now on; payouts under way keep theirs."""
    permissions.require(actor, "settings.write")
    if connector not in CONNECTORS:
        raise BadInput({"connector": [str(_l("Choose one from the list."))]})
    if connector != "manual" and (missing := chosen.connectors()[connector].missing):
        raise BadInput({"connector": [str(_l("It isn't set up on this instance: %(name)s is missing.", name=missing))]})
    with transaction():
        if kind is not None and policies.kind(kind) is None:
            raise BadInput({"kind": [str(_l("Choose a remedy from the list."))]})
        if site_id is not None and db.session.get(Site, site_id) is None:
            raise BadInput({"site_id": [str(_l("Choose a site from the list."))]})
        key = route_key(site_id, kind)
        route = db.session.scalars(select(PayoutRoute).where(PayoutRoute.key == key)).first()
        before = route.connector if route else None
        if route is None:
            route = PayoutRoute(key=key, site_id=site_id, kind=kind, connector=connector)
            db.session.add(route)
        route.connector = connector
        db.session.flush()
        audit.record(
            ROUTED, subject=f"payout-route:{key}", actor=actor, at=now, site_id=site_id, site=site_id, kind=kind,
            connector=connector, before=before,
        )  # fmt: skip
        return route


def remove_route(*, route_id: int, actor: Actor, now: datetime) -> None:
    """Let the wider route hold again."""
    permissions.require(actor, "settings.write")
    with transaction():
        route = db.session.get(PayoutRoute, route_id)
        if route is None:
            raise NotFound
        db.session.delete(route)
        audit.record(
            REMOVED, subject=f"payout-route:{route.key}", actor=actor, at=now, site_id=route.site_id,
            site=route.site_id, kind=route.kind, connector=route.connector,
        )  # fmt: skip
