"""What the people of the demo company do with a planned case, step by step, through the rooms' own actions."""

from dataclasses import dataclass, field
from datetime import timedelta

from app.approvals import actions as approvals
from app.cases import actions as cases
from app.cases.models import Case
from app.customers import actions as customers
from app.customers.segment_actions import set_segment
from app.demo.asked import asked, is_asked
from app.demo.clockwork import Clockwork, Story
from app.demo.company import Company
from app.demo.given_word import is_promised, promised
from app.demo.plans import Gift, Plan
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.money import Money
from app.people import queries as people
from app.people.queries import PersonRow
from app.policies.packs import KINDS
from app.remedies import actions as remedies
from app.remedies import payout_actions as payouts
from app.remedies import payout_queries
from app.remedies import queries as remedy_queries
from app.remedies import redress_actions as redress
from app.remedies.models import Remedy
from app.remedies.redress_queries import owed_in_case
from app.remedies.rules import NeedsApproval

_MOMENT = timedelta(minutes=1)
# Dollars from which people look at "Can I?" before they promise anything.
WORTH_ASKING = 100
_HANDS = (75, 90, 100, 120)  # percent
_PROOFS = ("TILL", "CARD", "VOUCHER")
MONETARY = frozenset(code for code, _name, monetary in KINDS if monetary)


@dataclass
class Scene:
    """Everybody and everything that the stories share. gone: who left, and who does their work now."""

    company: Company
    clockwork: Clockwork
    guests: dict[str, list[int]] = field(default_factory=dict)  # customer ids by site
    gone: dict[int, PersonRow] = field(default_factory=dict)
    regulars: set[int] = field(default_factory=set)  # who came again

    def who(self, person: PersonRow) -> Actor:
        return self.gone.get(person.id, person).actor

    def frontline(self, code: str, place: float) -> PersonRow:
        """Choose by a number from 0 to 1; the first ones, Ana and Bo, have the most cases."""
        staff = self.company.frontline[code]
        return staff[int(place**1.5 * len(staff))]


def live(scene: Scene, code: str, plan: Plan) -> Story:
    """One case from its log to its end."""
    logger = scene.frontline(code, plan.logger)
    case = log_planned(scene, code, plan, logger)
    owner = logger
    if plan.acknowledged_after:
        yield plan.acknowledged_after
        cases.acknowledge(case_id=case, actor=scene.who(owner), now=scene.clockwork.now, channel=plan.channel)
    if plan.is_handed_over:
        yield _MOMENT * 6
        owner = scene.frontline(code, plan.helper)
        team = owner.team_id
        cases.assign(
            case_id=case, owner_id=scene.who(owner).id, team_id=team, actor=scene.who(logger), now=scene.clockwork.now
        )
    yield plan.replied_after
    cases.record_reply(case_id=case, text=plan.reply, actor=scene.who(owner), now=scene.clockwork.now)
    if is_promised(plan):
        scene.clockwork.tell(promised(scene, case, owner, plan), scene.clockwork.now)
    if plan.note:
        yield _MOMENT * 4
        cases.add_note(case_id=case, text=plan.note, actor=scene.who(owner), now=scene.clockwork.now)
    if plan.wait:
        yield from _wait(scene, case, owner, plan.wait)
    if plan.gift:
        yield plan.gift.after
        yield from give(scene, code, case, owner, plan.gift)
    yield plan.resolved_after
    yield from _end(scene, case, owner, plan)


def log_planned(scene: Scene, code: str, plan: Plan, logger: PersonRow) -> int:
    """Log the case as planned, for a new guest or one who came before; returns its id."""
    site, now, actor = scene.company.sites[code], scene.clockwork.now, scene.who(logger)
    known = scene.guests.setdefault(code, [])
    if plan.guest is None and known:
        customer_id = known[int(plan.helper * len(known))]
        if customer_id not in scene.regulars:  # whoever comes again is a regular guest from then on
            scene.regulars.add(customer_id)
            set_segment(
                customer_id=customer_id, segment="regular", actor=scene.who(scene.company.people["ada"]), now=now
            )
    elif plan.guest is None:
        customer_id = None
    else:
        customer_id = customers.find_or_make(
            name=plan.guest.name, email=plan.guest.email, phone=plan.guest.phone, site_id=site.id, actor=actor, now=now
        ).id
        known.append(customer_id)
    loss = scene.company.money(code, plan.loss_dollars).minor if plan.loss_dollars else None
    return cases.log(
        site_id=site.id,
        team_id=logger.team_id,
        owner_id=actor.id,
        customer_id=customer_id,
        category_id=scene.company.categories[plan.story.category],
        severity=plan.severity,
        summary=plan.summary,
        description=plan.description,
        channel=plan.channel,
        occurred_at=plan.occurred_at,
        journey_stage=plan.story.stage,
        attribution=plan.story.attribution,
        loss_minor=loss,
        desired_outcome=plan.wish,
        actor=actor,
        now=now,
    ).id


def _wait(scene: Scene, case: int, owner: PersonRow, wait: tuple[str, str, timedelta]) -> Story:
    whom, reason, length = wait
    cases.wait(case_id=case, waiting_for=whom, reason=reason, actor=scene.who(owner), now=scene.clockwork.now)
    yield length
    cases.resume(case_id=case, actor=scene.who(owner), now=scene.clockwork.now)


def give(scene: Scene, code: str, case: int, owner: PersonRow, gift: Gift) -> Story:
    """Try a remedy: inside one's own limit it is offered; above it an exception is asked for, or less is given."""
    amount = scene.company.money(code, _by_hand(gift, owner) if gift.kind in MONETARY else 0)
    actor = scene.who(owner) if gift.nature == "goodwill" else _decider(scene, case, owner.id)
    if gift.asks and gift.dollars >= WORTH_ASKING and _is_above(case, gift, amount, actor, scene):
        yield from _ask(scene, case, owner, gift, amount)
        return
    offered = None
    while offered is None:
        try:
            offered = remedies.offer(
                case_id=case, kind=gift.kind, nature=gift.nature, amount=amount, reason=gift.reason,
                intent=f"demo-offer-{case}-{scene.clockwork.steps}-{amount.minor}", actor=actor, now=scene.clockwork.now,
            )  # fmt: skip
        except NeedsApproval:
            amount, before = _smaller(amount, 60), amount
            if amount.minor * 3 > before.minor * 2 or amount.minor < 500:
                return  # nothing worth giving is left for this guest
    yield from _answer(scene, offered.id, owner, gift)


def _by_hand(gift: Gift, owner: PersonRow) -> int:
    """The dollars of a gift; of a usual one some give a little less than planned and some a little more."""
    return gift.dollars * _HANDS[owner.id % len(_HANDS)] // 100 if gift.is_usual else gift.dollars


def _is_above(case: int, gift: Gift, amount: Money, actor: Actor, scene: Scene) -> bool:
    judged = remedy_queries.can_i(
        case_id=case, kind=gift.kind, nature=gift.nature, amount=amount, actor=actor, now=scene.clockwork.now
    )
    return judged.decision.outcome == "needs_approval"


def _ask(scene: Scene, case: int, owner: PersonRow, gift: Gift, amount: Money) -> Story:
    asked = remedies.ask_exception(
        case_id=case, kind=gift.kind, amount=amount, reason=gift.reason,
        intent=f"demo-asked-{case}-{scene.clockwork.steps}", actor=scene.who(owner), now=scene.clockwork.now,
    )  # fmt: skip
    exception_id, remedy_id, asker_id = asked.id, asked.remedy_id, asked.requested_by_id
    if gift.decision == "unanswered":
        yield timedelta(hours=80)  # longer than a request lives
        return
    yield gift.decided_after
    now = scene.clockwork.now
    if gift.decision == "withdrawn":
        asker = people.person(asker_id)
        assert asker is not None
        if asker.is_active:
            approvals.withdraw(exception_id=exception_id, actor=asker.actor, now=now)
        return
    decider = _decider(scene, case, asker_id)
    less = _smaller(amount, gift.less_percent) if gift.decision == "less" else None
    remedies.decide_exception(
        exception_id=exception_id, outcome="declined" if gift.decision == "declined" else "approved", amount=less,
        reason=gift.decision_reason, actor=decider, now=now,
    )  # fmt: skip
    if gift.decision != "declined":
        assert remedy_id is not None
        yield from _answer(scene, remedy_id, owner, gift)


def _decider(scene: Scene, case_id: int, asker_id: int) -> Actor:
    """The nearest person who may decide and is neither the asker nor the owner."""
    case = db.session.get(Case, case_id)
    assert case is not None
    able = [
        found for found in people.supervisors_for(case.site_id, case.team_id) if found not in (asker_id, case.owner_id)
    ]
    chosen = people.person(able[1] if case_id % 9 == 0 and len(able) > 1 else able[0])
    assert chosen is not None
    return chosen.actor


def _answer(scene: Scene, remedy_id: int, owner: PersonRow, gift: Gift) -> Story:
    """The guest answers an offer, or doesn't and it expires."""
    if gift.end == "unanswered":
        return
    yield gift.answer_after
    remedy = db.session.get(Remedy, remedy_id)
    assert remedy is not None
    now, actor = scene.clockwork.now, scene.who(owner)
    if remedy.state != "reserved" or (remedy.expires_at and remedy.expires_at <= now):
        return
    if gift.end == "accepted":
        # Now and then a guest takes less than was offered.
        less = remedy_id % 25 == 0 and remedy.amount_minor > 1
        part = Money(remedy.amount_minor * 4 // 5, remedy.currency) if less else None
        remedies.accept(remedy_id=remedy_id, amount=part, actor=actor, now=now)
    elif gift.end == "declined":
        remedies.decline(remedy_id=remedy_id, reason="Guest wants nothing.", actor=actor, now=now)
    elif gift.end == "released":
        remedies.release(remedy_id=remedy_id, reason="Made good in another way.", actor=actor, now=now)
    else:
        remedies.withdraw(remedy_id=remedy_id, reason="Offered twice by mistake.", actor=actor, now=now)
    if gift.end == "accepted" and gift.reversed_after and remedy.amount_minor:
        scene.clockwork.tell(_take_back(scene, remedy_id), now + gift.reversed_after)
    elif gift.end == "accepted" and remedy.amount_minor:
        scene.clockwork.tell(_pay_out(scene, remedy_id, owner), now + timedelta(minutes=25 + remedy_id * 37 % 900))


def _pay_out(scene: Scene, remedy_id: int, owner: PersonRow) -> Story:
    """Somebody at the till or the desk pays it out and keeps the number that proves it."""
    (payout_id, state) = payout_queries.of_remedies([remedy_id])[remedy_id]
    if state == "pending":
        payouts.prove(
            payout_id=payout_id, reference=f"{_PROOFS[remedy_id % len(_PROOFS)]}-{remedy_id:05d}",
            done_at=scene.clockwork.now, actor=scene.who(owner), now=scene.clockwork.now,
        )  # fmt: skip
    yield from ()


def _take_back(scene: Scene, remedy_id: int) -> Story:
    remedy = db.session.get(Remedy, remedy_id)
    assert remedy is not None
    decider = _decider(scene, remedy.case_id, remedy.employee_id or 0)
    remedies.reverse(
        remedy_id=remedy_id, reason="Paid twice: the card firm had refunded it already.", actor=decider,
        now=scene.clockwork.now,
    )  # fmt: skip
    yield from ()


def _end(scene: Scene, case: int, owner: PersonRow, plan: Plan) -> Story:
    def resolve(note: str) -> None:
        _give_what_is_owed(scene, case, owner)
        cases.resolve(
            case_id=case, outcome=plan.outcome, root_cause=plan.cause, note=note, actor=scene.who(owner),
            now=scene.clockwork.now,
        )  # fmt: skip

    resolve(plan.resolution)
    if plan.reopened:
        reason, after = plan.reopened
        yield after
        cases.reopen(case_id=case, reason=reason, actor=scene.who(owner), now=scene.clockwork.now)
        yield _MOMENT * 35
        cases.record_reply(case_id=case, text=plan.reply, actor=scene.who(owner), now=scene.clockwork.now)
        yield timedelta(hours=5)
        resolve(plan.resolution)
    if plan.closed_after:
        yield plan.closed_after
        cases.close(case_id=case, actor=scene.who(owner), now=scene.clockwork.now)
    if is_asked(plan):
        yield timedelta(days=3)
        yield from asked(scene, case, owner, plan)
        if db.session.get_one(Case, case).resolved_at is None:
            yield _MOMENT * 20
            resolve(plan.resolution)


def _give_what_is_owed(scene: Scene, case_id: int, owner: PersonRow) -> None:
    """What law or contract owes comes before the end; where the guest lost nothing, whoever leads says so."""
    case, now = db.session.get(Case, case_id), scene.clockwork.now
    assert case is not None
    for line in owed_in_case(case, now):
        if line.missing:
            redress.find(
                case_id=case_id, code=line.rule.code, not_owed="The guest got all that was booked.",
                actor=_decider(scene, case_id, owner.id), now=now,
            )  # fmt: skip
        elif line.left.minor:
            given = remedies.offer(
                case_id=case_id, kind=line.rule.kind, nature="redress", entitlement=line.rule.code, amount=line.left,
                reason=line.rule.source, intent=f"demo-owed-{case_id}-{scene.clockwork.steps}", actor=scene.who(owner),
                now=now,
            )  # fmt: skip
            remedies.accept(remedy_id=given.id, actor=scene.who(owner), now=now)


def _smaller(amount: Money, percent: int) -> Money:
    """A share of an amount, rounded down to whole hundreds of minor units where it is large enough."""
    minor = amount.minor * percent // 100
    return Money(max(1, minor // 100 * 100 or minor), amount.currency)
