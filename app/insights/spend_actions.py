"""Draft the narrow change that a spend alarm proposes. The policy in force stays as it is until somebody publishes it."""

from dataclasses import replace
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.audit import actions as audit
from app.budgets import intent_actions as intents
from app.insights.spend_queries import Alarm, alarms
from app.insights.spend_rules import Spent, lowered
from app.kernel.actor import Actor
from app.kernel.errors import NotFound, Refusal
from app.kernel.money import Money
from app.kernel.references import ref
from app.kernel.transactions import transaction
from app.kernel.turns import one_at_a_time
from app.notifications import actions as notifications
from app.notifications import queries as notices
from app.notifications.rules import declare
from app.people import permissions
from app.people import queries as people
from app.policies import document_actions as documents
from app.policies import document_queries
from app.policies import queries as policies
from app.policies.document_rules import TITLE_MAX, Document
from app.policies.models import PolicyVersion

DRAFTED = audit.declare(
    "spend:draft",
    "purse",
    "band",
    "limit",
    "count",
    "number",
    sentence=_l("drafted a lower limit for what a pool went to"),
)
NOT_DRAFTED = audit.declare("spend:no-draft", "band", "code", sentence=_l("could not draft a lower limit for a pool"))
TOLD = audit.declare("spend:tell", "used", "limit", "told", sentence=_l("told that a pool is spent ahead of its month"))
ALARM_NOTICE = declare(
    "spend:ahead",
    _l("%(used)s of %(limit)s are spent at %(place)s, ahead of the month. See what it went to, and one limit to try"),
)


class NothingToLower(Refusal):
    """No rule lets more than this through, or there are too few gifts to say a limit."""

    code = "nothing-to-lower"
    sentence = _l("No limit would be lower for this, or there were too few such gifts to say one.")


def draft_lower_limit(*, purse_id: int, band: str, intent: str, actor: Actor, now: datetime) -> int:
    """Draft the policy in force with a lower limit for what a pool's money went to, at its site alone.

    Returns the version's id; the same intent key makes one draft, however often it is pressed.
    """
    permissions.require(actor, "policies.write")
    purse = ref("purse", purse_id)

    def refused(refusal: Refusal) -> None:
        audit.record(NOT_DRAFTED, subject=purse, actor=actor, at=now, band=band, code=refusal.code)

    return intents.once(
        name="spend-draft", key=intent, fingerprint=f"{purse}\n{band}", actor=actor, now=now,
        deed=lambda: _draft(purse_id, band, actor, now).id, on_refusal=refused,
    )  # fmt: skip


def tell(*, alarm: Alarm, actor: Actor, now: datetime) -> bool:
    """Tell once of a pool, which is one month's: whoever decides there and may try another policy. False when it is known."""
    purse = ref("purse", alarm.purse_id)
    if notices.is_told(subject=purse, text_key=ALARM_NOTICE):
        return False
    with transaction():
        one_at_a_time("spend-alarm", purse)
        if notices.is_told(subject=purse, text_key=ALARM_NOTICE):
            return False
        told = [one.id for one in people.active_people() if _is_concerned(one.actor, alarm.site_id)]
        if not told:
            return False
        place = next(site.name for site in people.sites() if site.id == alarm.site_id)
        used, limit = alarm.used, alarm.limit
        notifications.notify(
            employee_ids=told, kind="spend", subject=purse, url="/spend-alarms", text_key=ALARM_NOTICE,
            params={"used": used.format(), "limit": limit.format(), "place": place}, at=now,
        )  # fmt: skip
        audit.record(
            TOLD, subject=purse, actor=actor, at=now, site_id=alarm.site_id, used=used.json(), limit=limit.json(),
            told=len(told),
        )  # fmt: skip
        return True


def _is_concerned(actor: Actor, site_id: int) -> bool:
    reach = permissions.scope_of(actor, "policies.simulate"), permissions.scope_of(actor, "exceptions.decide")
    return all(scope is not None and scope.covers(site_id=site_id) for scope in reach)


def _draft(purse_id: int, band: str, actor: Actor, now: datetime) -> PolicyVersion:
    with transaction():
        alarm = next((one for one in alarms(people.sites(), now) if one.purse_id == purse_id), None)
        spent = next((one for one in alarm.spent if one.key == band), None) if alarm else None
        in_force = policies.version_in_force(now)
        if alarm is None or spent is None or in_force is None:
            raise NotFound
        row = document_queries.document(in_force.version.id)
        assert row is not None
        rules = lowered(row.document.rules, spent, alarm.site_id)
        if rules is None:
            raise NothingToLower
        version = documents.draft_document(
            document=_document(row.document.with_rules(rules), spent), valid_from=now, actor=actor, now=now
        )
        audit.record(
            DRAFTED, subject=ref("policy", version.id), actor=actor, at=now, site_id=alarm.site_id,
            purse=ref("purse", purse_id), band=band, limit=_limit(spent).json(), count=spent.count, number=version.number,
        )  # fmt: skip
        return version


def _limit(spent: Spent) -> Money:
    return Money(spent.limit_minor or 0, spent.currency)


def _document(document: Document, spent: Spent) -> Document:
    limit = _limit(spent).format()
    title = _("%(title)s, %(kind)s at most %(amount)s", title=document.title, kind=spent.kind, amount=limit)
    rationale = _(
        "A pool is spent ahead of its month. %(share).0f %% of it went to %(count)d gifts of this kind; three of four of "
        "them stay within %(amount)s, and nobody else's limit changes.",
        share=spent.share * 100,
        count=spent.count,
        amount=limit,
    )
    return replace(document, title=title[:TITLE_MAX], rationale=rationale)
