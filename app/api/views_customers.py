"""A customer's consents, wishes, merges and check-backs, by the same actions and permissions as on the pages."""

from app.api import schemas_customers as given
from app.api.cursors import page_of, signed
from app.api.endpoints import Call, endpoint, identity
from app.api.schemas import PageQuery
from app.cases.queries import find
from app.customers import care_actions, care_queries, check_back_queries, merge_actions
from app.customers import check_back_actions as check_backs
from app.customers import queries as customers
from app.customers.care_rules import consents
from app.customers.check_back_queries import CheckBackRow
from app.customers.merge_queries import merged_into
from app.customers.queries import CustomerRow
from app.kernel.errors import BadInput, NotFound
from app.kernel.references import ref as ref_of


@endpoint(
    "GET", "/customers/{ref}/consents", "Read what a customer agreed to", permission="customers.read",
    answer=given.ConsentsOut,
)  # fmt: skip
def show_consents(call: Call, ref: str) -> given.ConsentsOut:
    return _consents(_card(call, ref, "customers.read"))


@endpoint(
    "POST", "/customers/{ref}/consents", "Write down what a customer agreed to", permission="customers.write",
    answer=given.ConsentsOut, body=given.ConsentIn, status=201, writes=True,
)  # fmt: skip
def add_consent(call: Call, ref: str) -> given.ConsentsOut:
    said: given.ConsentIn = call.body
    card = _card(call, ref, "customers.write")
    care_actions.record_consent(
        customer_id=card.id, purpose=said.purpose, given=said.given, source=said.source,
        said_at=said.said_at or call.now, actor=call.actor, now=call.now,
    )  # fmt: skip
    return _consents(card)


@endpoint(
    "GET", "/customers/{ref}/wishes", "Read how a customer wants to be reached", permission="customers.read",
    answer=given.WishesOut,
)  # fmt: skip
def show_wishes(call: Call, ref: str) -> given.WishesOut:
    return _wishes(_card(call, ref, "customers.read"))


@endpoint(
    "POST", "/customers/{ref}/wishes", "Write down how a customer wants to be reached", permission="customers.write",
    answer=given.WishesOut, body=given.WishesIn, writes=True,
)  # fmt: skip
def set_wishes(call: Call, ref: str) -> given.WishesOut:
    said: given.WishesIn = call.body
    card = _card(call, ref, "customers.write")
    care_actions.set_wishes(
        customer_id=card.id, version=said.version, channel=said.channel, do_not_call=said.do_not_call,
        wishes=said.wishes, actor=call.actor, now=call.now,
    )  # fmt: skip
    return _wishes(card)


@endpoint(
    "GET", "/customers/{ref}/merges", "Read whom a customer counts as", permission="customers.read",
    answer=given.MergesOut,
)  # fmt: skip
def show_merges(call: Call, ref: str) -> given.MergesOut:
    return _merges(call, ref, "customers.read")


@endpoint(
    "POST", "/customers/{ref}/merges", "Let a customer count as another one", permission="customers.merge",
    answer=given.MergesOut, body=given.MergeIn, status=201, writes=True,
)  # fmt: skip
def merge_customer(call: Call, ref: str) -> given.MergesOut:
    said: given.MergeIn = call.body
    merge_actions.merge(
        customer_id=identity("customer", ref), into_id=identity("customer", said.into), reason=said.reason,
        actor=call.actor, now=call.now,
    )  # fmt: skip
    return _merges(call, ref, "customers.merge")


@endpoint(
    "POST", "/customers/{ref}/unmerge", "Take a merged customer apart again", permission="customers.merge",
    answer=given.MergesOut, body=given.UnmergeIn, writes=True,
)  # fmt: skip
def unmerge_customer(call: Call, ref: str) -> given.MergesOut:
    said: given.UnmergeIn = call.body
    merge_actions.unmerge(
        customer_id=identity("customer", ref), reason=said.reason, actor=call.actor, now=call.now
    )  # fmt: skip
    return _merges(call, ref, "customers.merge")


@endpoint(
    "GET", "/customers/{ref}/check-backs", "List a customer's check-backs, those to do first",
    permission="customers.read", answer=given.CheckBacksOut,
)  # fmt: skip
def list_check_backs_of_customer(call: Call, ref: str) -> given.CheckBacksOut:
    card = _card(call, ref, "customers.read")
    rows = check_back_queries.of_customer(card.numbers, call.scope("customers.read"), 200)
    return given.CheckBacksOut(items=[_check_back(row) for row in rows])


@endpoint(
    "POST", "/customers/{ref}/check-backs", "Plan to check back with a customer", permission="customers.write",
    answer=given.CheckBackOut, body=given.CheckBackIn, status=201, writes=True,
)  # fmt: skip
def plan_check_back(call: Call, ref: str) -> given.CheckBackOut:
    """At the customer's site, or the caller's for who is known everywhere."""
    said: given.CheckBackIn = call.body
    card = _card(call, ref, "customers.write")
    owner_id = identity("employee", said.owner) if said.owner else call.actor.id
    site_id: int | None = card.site_id or call.actor.site_id
    case_id: int | None = None
    if said.case:
        case_id, site_id = _case_of(call, said.case, card)
    if site_id is None or owner_id is None:
        raise NotFound
    task = check_backs.plan(
        customer_id=card.id, case_id=case_id, site_id=site_id, owner_id=owner_id, channel=said.channel, what=said.what,
        due_at=said.due_at, actor=call.actor, now=call.now,
    )  # fmt: skip
    return _task(call, task.id)


@endpoint(
    "GET", "/check-backs", "List the check-backs that are to do, the next due first", permission="customers.read",
    answer=given.CheckBacksOut, query=PageQuery,
)  # fmt: skip
def list_check_backs(call: Call) -> given.CheckBacksOut:
    page = page_of("check-backs", call.query.cursor, call.query.limit)
    found = check_back_queries.open_ones(call.scope("customers.read"), page)
    items = [_check_back(row) for row in found.rows]
    return given.CheckBacksOut(items=items, next=signed("check-backs", found.next_cursor))


@endpoint(
    "POST", "/check-backs/{ref}/moves", "Give a check-back another time or owner", permission="customers.write",
    answer=given.CheckBackOut, body=given.MoveIn, writes=True,
)  # fmt: skip
def move_check_back(call: Call, ref: str) -> given.CheckBackOut:
    said: given.MoveIn = call.body
    row = _row(call, identity("check_back", ref))
    check_backs.move(
        task_id=row.id, version=said.version, due_at=said.due_at, note=said.note, actor=call.actor, now=call.now,
        owner_id=identity("employee", said.owner) if said.owner else row.owner_id,
    )  # fmt: skip
    return _task(call, row.id)


@endpoint(
    "POST", "/check-backs/{ref}/completion", "Say what came out of a check-back", permission="customers.write",
    answer=given.CheckBackOut, body=given.FinishIn, writes=True,
)  # fmt: skip
def finish_check_back(call: Call, ref: str) -> given.CheckBackOut:
    said: given.FinishIn = call.body
    row = _row(call, identity("check_back", ref))
    check_backs.finish(task_id=row.id, version=said.version, note=said.note, actor=call.actor, now=call.now)
    return _task(call, row.id)


def _case_of(call: Call, case_ref: str, card: CustomerRow) -> tuple[int, int]:
    """A case of this customer and its site; another's is refused beside the field."""
    found = find(case_ref, call.scope("cases.write"))
    if found is None or found.customer_id not in card.numbers:
        raise BadInput({"case": ["not a case of this customer"]})
    return found.id, found.site_id


def _card(call: Call, ref: str, permission: str) -> CustomerRow:
    card = customers.card(identity("customer", ref), call.scope(permission))
    if card is None:
        raise NotFound
    return card


def _consents(card: CustomerRow) -> given.ConsentsOut:
    said = care_queries.said_by(card.numbers)
    return given.ConsentsOut(
        customer=card.ref,
        stands=[
            given.StandingOut(purpose=one.purpose, holds=one.holds, said_at=one.last.said_at if one.last else None)  # type: ignore[arg-type]
            for one in consents(said)
        ],
        said=[
            given.SaidOut(
                purpose=one.purpose, given=one.given, source=one.source, said_at=one.said_at,  # type: ignore[arg-type]
                recorded_at=one.recorded_at,
            )
            for one in said
        ],
    )  # fmt: skip


def _wishes(card: CustomerRow) -> given.WishesOut:
    wishes, _worth = care_queries.standing_of(card.numbers, card.id)
    return given.WishesOut(
        customer=card.ref, channel=wishes.channel, do_not_call=wishes.do_not_call, wishes=wishes.wishes,  # type: ignore[arg-type]
        set_at=wishes.set_at, version=wishes.version,
    )  # fmt: skip


def _merges(call: Call, ref: str, permission: str) -> given.MergesOut:
    card = _card(call, ref, permission)
    merged = [
        given.MergedOut(ref=row.ref, name=row.name, into=ref_of("customer", row.into_id), reason=row.reason, at=row.at)
        for row in merged_into(card.id)
    ]
    numbers = [ref_of("customer", number) for number in card.numbers]
    return given.MergesOut(customer=ref.strip().upper(), counts_as=card.ref, numbers=numbers, merged=merged)


def _row(call: Call, task_id: int) -> CheckBackRow:
    row = check_back_queries.check_back(task_id, call.scope("customers.write"))
    if row is None:
        raise NotFound
    return row


def _task(call: Call, task_id: int) -> given.CheckBackOut:
    return _check_back(_row(call, task_id))


def _check_back(row: CheckBackRow) -> given.CheckBackOut:
    return given.CheckBackOut(
        ref=row.ref, customer=row.customer_ref, case=row.case_ref, owner=ref_of("employee", row.owner_id),
        channel=row.channel, what=row.what, due_at=row.due_at, done_at=row.done_at, note=row.note, version=row.version,  # type: ignore[arg-type]
    )  # fmt: skip
