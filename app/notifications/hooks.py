"""Joins the inbox to lower rooms: certificates that end are told of, and changes to how somebody signs in."""

from datetime import datetime

from flask import Flask
from flask_babel import lazy_gettext as _l

from app.kernel.references import ref
from app.kernel.time import iso
from app.notifications.actions import notify
from app.notifications.rules import declare
from app.people import certificate_actions as certificates
from app.people import hooks as access
from app.people import queries as people
from app.people.certificate_actions import Ending
from app.people.hooks import AccessChange, RoleNews

LINES = {
    "soon": declare(
        "certificate:soon", _l("%(person)s: the certificate %(name)s ends on %(day)s; then its authority ends too.")
    ),
    "ended": declare(
        "certificate:ended",
        _l("%(person)s: the certificate %(name)s has ended, and so has the authority that it gave."),
    ),
    "revoked": declare(
        "certificate:revoked", _l("%(person)s: the certificate %(name)s was revoked, and so was the authority it gave.")
    ),
}

ACCESS_LINES = {
    "new-device": declare("security:new-device", _l("You signed in from a browser not seen before: %(browser)s.")),
    "factor-added": declare("security:factor-added", _l("A second factor was added to your account.")),
    "factor-removed": declare("security:factor-removed", _l("The second factor of your account was removed.")),
    "codes-made": declare(
        "security:codes-made", _l("New recovery codes were made; the ones before don't work any more.")
    ),
    "code-used": declare("security:code-used", _l("A recovery code was used; %(left)s are left.")),
    "codes-guessed": declare(
        "security:codes-guessed",
        _l(
            "Somebody who knows your pass phrase gave wrong codes too often. If it wasn't you, change your pass phrase."
        ),
    ),
    "passkey-added": declare("security:passkey-added", _l("A passkey was added to your account: %(name)s.")),
    "passkey-removed": declare("security:passkey-removed", _l("A passkey of your account was removed: %(name)s.")),
    "passkey-copied": declare(
        "security:passkey-copied",
        _l("A passkey of your account was refused: it seems to have been copied. Remove it, and add a new one."),
    ),
    "company-account": declare("security:company-account", _l("You can now sign in with your company's account.")),
    "pass-phrase": declare("security:pass-phrase", _l("Your pass phrase was changed.")),
}


STOPPED_LINE = declare(
    "security:access-stopped",
    _l("%(person)s has left and can't come in any more. Deactivate them, so that somebody takes over what they hold."),
)


ROLE_LINES = {
    "proposed": declare(
        "security:role-proposed", _l("%(person)s: another role was proposed, and waits for a second administrator.")
    ),
    "confirmed": declare("security:role-changed", _l("Your role was changed: what you see and may do is another now.")),
    "refused": declare("security:role-refused", _l("%(person)s: the role that you proposed was refused.")),
}


def register(app: Flask) -> None:
    if tell_of_role not in access.on_role_change:
        access.on_role_change.append(tell_of_role)
    if tell_of_stop not in access.on_access_stop:
        access.on_access_stop.append(tell_of_stop)
    if tell not in certificates.on_ending:
        certificates.on_ending.append(tell)
    if tell_of_access not in access.on_access_change:
        access.on_access_change.append(tell_of_access)


def tell(ending: Ending, now: datetime) -> None:
    """Put a line into the inboxes of the person and of the nearest one who leads."""
    leads = [lead for lead in people.supervisors_for(ending.site_id, ending.team_id) if lead != ending.employee_id]
    notify(
        employee_ids=[ending.employee_id, *leads[:1]], kind="certificate", subject=ref("employee", ending.employee_id),
        url="/me", text_key=LINES[ending.what],
        params={"person": ending.employee, "name": ending.name, "day": iso(ending.at)[:10]}, at=now,
    )  # fmt: skip


def tell_of_access(change: AccessChange, now: datetime) -> None:
    """Tell a person what changed in how they sign in; it goes out by mail as well."""
    notify(
        employee_ids=[change.employee_id], kind="security:access", subject=ref("employee", change.employee_id),
        url="/me", text_key=ACCESS_LINES[change.what], params=change.params, at=now,
    )  # fmt: skip


def tell_of_stop(employee_id: int, now: datetime) -> None:
    """Tell administrators that somebody who has left still holds something."""
    person = people.person(employee_id)
    assert person is not None
    admins = [one.id for one in people.active_people(("admin",)) if one.id != employee_id]
    notify(
        employee_ids=admins, kind="security", subject=person.ref, url=f"/people/{person.ref}", text_key=STOPPED_LINE,
        params={"person": person.name}, at=now,
    )  # fmt: skip


def tell_of_role(news: RoleNews, now: datetime) -> None:
    """Tell administrators what waits for them, the person what they are now, and who proposed it what was refused."""
    subject = ref("employee", news.employee_id)
    involved = {news.employee_id, news.proposed_by_id}
    told: dict[str, list[int | None]] = {
        "proposed": [one.id for one in people.active_people(("admin",)) if one.id not in involved],
        "confirmed": [news.employee_id],
        "refused": [news.proposed_by_id],
    }
    is_own = news.what == "confirmed"
    notify(
        employee_ids=told[news.what], kind="security:access" if is_own else "security", subject=subject,
        url="/me" if is_own else f"/people/{subject}", text_key=ROLE_LINES[news.what], params={"person": news.person},
        at=now,
    )  # fmt: skip
