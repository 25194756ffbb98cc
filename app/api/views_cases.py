"""Cases: log, read, note, wait, resolve, open again."""

from app.api import answers, reads
from app.api import schemas as taken
from app.api import schemas_out as given
from app.api.cursors import page_of, signed
from app.api.endpoints import Call, endpoint, identity
from app.cases import actions as cases


@endpoint(
    "POST",
    "/cases",
    "Log a case",
    permission="cases.write",
    answer=given.CaseOut,
    body=taken.CaseIn,
    status=201,
    writes=True,
)
def log_case(call: Call) -> given.CaseOut:
    said: taken.CaseIn = call.body
    case = cases.log(
        site_id=reads.site_of(call.actor),
        team_id=call.actor.team_id,
        owner_id=call.actor.id,
        customer_id=reads.customer_of(said.customer, call.actor, call.now),
        category_id=reads.category_id(said.category),
        severity=said.severity,
        summary=said.summary,
        description=said.description or "",
        channel=said.channel,
        occurred_at=said.occurred_at,
        attribution=said.attribution,
        desired_outcome=said.desired_outcome,
        actor=call.actor,
        now=call.now,
    )
    return answers.case(case.id, call)


@endpoint("GET", "/cases", "List cases", permission="cases.read", answer=given.CasePage, query=taken.CaseQuery)
def list_cases(call: Call) -> given.CasePage:
    page = page_of("cases", call.query.cursor, call.query.limit)
    found = reads.cases(call.scope("cases.read"), call.query, page, call.actor, call.now)
    return given.CasePage(items=answers.case_rows(found.rows), next=signed("cases", found.next_cursor))


@endpoint("GET", "/cases/{ref}", "Read a case", permission="cases.read", answer=given.CaseOut)
def show_case(call: Call, ref: str) -> given.CaseOut:
    return answers.case(identity("case", ref), call)


@endpoint(
    "POST",
    "/cases/{ref}/notes",
    "Write an internal note",
    permission="cases.write",
    answer=given.CaseOut,
    body=taken.NoteIn,
    status=201,
    writes=True,
)
def add_note(call: Call, ref: str) -> given.CaseOut:
    cases.add_note(case_id=identity("case", ref), text=call.body.text, actor=call.actor, now=call.now)
    return answers.case(identity("case", ref), call)


@endpoint(
    "POST",
    "/cases/{ref}/resolution",
    "Resolve a case",
    permission="cases.write",
    answer=given.CaseOut,
    body=taken.ResolutionIn,
    status=201,
    writes=True,
)
def resolve_case(call: Call, ref: str) -> given.CaseOut:
    cases.resolve(
        case_id=identity("case", ref),
        outcome=call.body.outcome,
        root_cause=call.body.root_cause,
        note=call.body.note or "",
        version=call.body.version,
        actor=call.actor,
        now=call.now,
    )
    return answers.case(identity("case", ref), call)


@endpoint(
    "POST",
    "/cases/{ref}/reopening",
    "Open a resolved case again",
    permission="cases.write",
    answer=given.CaseOut,
    body=taken.ReopeningIn,
    status=201,
    writes=True,
)
def reopen_case(call: Call, ref: str) -> given.CaseOut:
    cases.reopen(case_id=identity("case", ref), reason=call.body.reason, actor=call.actor, now=call.now)
    return answers.case(identity("case", ref), call)


@endpoint(
    "POST",
    "/cases/{ref}/pauses",
    "Let the customer's clocks rest while we wait",
    permission="cases.write",
    answer=given.CaseOut,
    body=taken.PauseIn,
    status=201,
    writes=True,
)
def pause_case(call: Call, ref: str) -> given.CaseOut:
    cases.wait(
        case_id=identity("case", ref),
        waiting_for=call.body.waiting_for,
        reason=call.body.reason,
        actor=call.actor,
        now=call.now,
    )
    return answers.case(identity("case", ref), call)
