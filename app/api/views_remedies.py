"""Remedies: ask what may be given, give it, record what the customer said, turn it back."""

from app.api import answers, reads
from app.api import schemas as taken
from app.api import schemas_out as given
from app.api.endpoints import Call, endpoint, identity
from app.kernel.money import Money
from app.remedies import actions as remedies
from app.remedies import queries


@endpoint(
    "POST",
    "/decisions",
    "Can I? Ask what the policy says; nothing is written",
    permission="decisions.ask",
    answer=given.DecisionOut,
    body=taken.DecisionIn,
    refusals=(404,),
)
def ask_decision(call: Call) -> given.DecisionOut:
    said: taken.DecisionIn = call.body
    judged = queries.can_i(
        case_id=identity("case", said.case),
        kind=said.kind,
        amount=said.amount.money(),
        nature=said.nature,
        entitlement=said.entitlement,
        actor=call.actor,
        now=call.now,
    )
    return answers.judged(judged, call)


@endpoint(
    "POST",
    "/cases/{ref}/remedies",
    "Give a remedy within your own authority: the money is reserved at once",
    permission="remedies.give",
    answer=given.RemedyOut,
    body=taken.RemedyIn,
    status=201,
    writes=True,
    has_intent=True,
)
def give_remedy(call: Call, ref: str) -> given.RemedyOut:
    said: taken.RemedyIn = call.body
    with answers.whole_decision(identity("case", ref), said, call):
        remedy = remedies.offer(
            case_id=identity("case", ref),
            kind=said.kind,
            nature=said.nature,
            entitlement=said.entitlement,
            amount=said.amount.money(),
            reason=said.reason,
            intent=call.intent,
            actor=call.actor,
            now=call.now,
        )
    return answers.remedy(remedy)


@endpoint(
    "POST",
    "/remedies/{ref}/settlement",
    "Record that the customer accepted: what was reserved is settled",
    permission="remedies.settle",
    answer=given.RemedyOut,
    body=taken.SettlementIn,
    status=201,
    writes=True,
)
def settle_remedy(call: Call, ref: str) -> given.RemedyOut:
    remedy_id = identity("remedy", ref)
    found = reads.remedy(remedy_id, call, version=call.body.version)
    amount: Money | None = reads.part_of(found.amount, call.body.amount)
    return answers.remedy(remedies.accept(remedy_id=remedy_id, amount=amount, actor=call.actor, now=call.now))


@endpoint(
    "POST",
    "/remedies/{ref}/release",
    "Release what was reserved: not needed any more, declined by the customer, or taken back",
    permission="remedies.settle",
    answer=given.RemedyOut,
    body=taken.ReleaseIn,
    status=201,
    writes=True,
)
def release_remedy(call: Call, ref: str) -> given.RemedyOut:
    remedy_id = identity("remedy", ref)
    reads.remedy(remedy_id, call, version=call.body.version)
    deeds = {"released": remedies.release, "declined": remedies.decline, "withdrawn": remedies.withdraw}
    deed = deeds[call.body.outcome]
    return answers.remedy(deed(remedy_id=remedy_id, reason=call.body.reason or "", actor=call.actor, now=call.now))


@endpoint(
    "POST",
    "/remedies/{ref}/reversal",
    "Turn a settled remedy back by a new entry",
    permission="remedies.reverse",
    answer=given.RemedyOut,
    body=taken.ReversalIn,
    status=201,
    writes=True,
)
def reverse_remedy(call: Call, ref: str) -> given.RemedyOut:
    remedy_id = identity("remedy", ref)
    reads.remedy(remedy_id, call, version=call.body.version)
    return answers.remedy(
        remedies.reverse(remedy_id=remedy_id, reason=call.body.reason, actor=call.actor, now=call.now)
    )
