"""The authority matrix, and what is done about a waiting exception beside deciding it: amending, asking back, answering."""

from app.api import answers
from app.api import schemas_asking as asking
from app.api import schemas_out as given
from app.api.endpoints import Call, endpoint, identity
from app.approvals import matrix_queries, step_queries
from app.approvals import queries as approvals
from app.approvals import thread_actions as threads
from app.approvals.matrix_rules import MatrixRow
from app.approvals.step_queries import Line
from app.kernel.errors import NotFound
from app.kernel.money import Money
from app.kernel.references import ref as ref_of
from app.remedies import exception_actions


@endpoint("GET", "/matrix", "Read the authority matrix in force", permission="policies.read", answer=asking.MatrixOut)
def show_matrix(call: Call) -> asking.MatrixOut:
    current = matrix_queries.in_force()
    if current is None:
        return asking.MatrixOut(number=None, published_at=None, rows=[])
    around = matrix_queries.around()
    return asking.MatrixOut(
        number=current.number, published_at=current.published_at, rows=[_row(row, around) for row in current.rows]
    )


def _row(row: MatrixRow, around: matrix_queries.Around) -> asking.MatrixRowOut:
    return asking.MatrixRowOut(
        name=row.name,
        above=_money(row.above_minor, row.currency),
        up_to=_money(row.up_to_minor, row.currency),
        site=around.sites.get(row.site_id) if row.site_id else None,
        team=around.teams.get(row.team_id) if row.team_id else None,
        kinds=list(row.kinds),
        categories=[around.categories.get(one, "") for one in row.category_ids],
        natures=list(row.natures),
        asked_by=[_named(one) for one in row.askers],
        steps=[asking.StepOut(who=[_named(one) for one in step.who], needed=step.needed) for step in row.steps],
    )


def _money(minor: int | None, currency: str | None) -> given.MoneyOut | None:
    return given.MoneyOut.of(Money(minor, currency)) if minor is not None and currency else None


def _named(name: str) -> str:
    """Name a person by the reference that people see."""
    what, _sep, value = name.partition(":")
    return f"person:{ref_of('employee', int(value))}" if what == "person" and value.isdigit() else name


@endpoint("GET", "/exceptions/{ref}", "Read an exception", permission="exceptions.read", answer=given.ExceptionOut)
def show_exception(call: Call, ref: str) -> given.ExceptionOut:
    return answers.exception(identity("exception", ref), call)


@endpoint(
    "GET",
    "/exceptions/{ref}/messages",
    "Read the questions, answers and amendments of an exception",
    permission="exceptions.read",
    answer=asking.TalkOut,
)
def list_talk(call: Call, ref: str) -> asking.TalkOut:
    found = _seen(call, ref, "exceptions.read")
    return asking.TalkOut(items=[_message(line) for line in step_queries.thread(found)])


@endpoint(
    "POST",
    "/exceptions/{ref}/amendments",
    "Change your own waiting exception; what was said about it no longer counts, and it is asked anew",
    permission="exceptions.ask",
    answer=given.ExceptionOut,
    body=asking.AmendmentIn,
    status=201,
    writes=True,
)
def amend_exception(call: Call, ref: str) -> given.ExceptionOut:
    said: asking.AmendmentIn = call.body
    request = exception_actions.amend_exception(
        exception_id=_seen(call, ref, "exceptions.ask"),
        amount=said.amount.money(),
        reason=said.reason,
        actor=call.actor,
        now=call.now,
    )
    return answers.exception(request.id, call)


@endpoint(
    "POST",
    "/exceptions/{ref}/questions",
    "Ask back before deciding; the clock runs on",
    permission="exceptions.decide",
    answer=asking.TalkLineOut,
    body=asking.TalkIn,
    status=201,
    writes=True,
)
def ask_back(call: Call, ref: str) -> asking.TalkLineOut:
    exception_id = identity("exception", ref)
    threads.ask_back(exception_id=exception_id, text=call.body.text, actor=call.actor, now=call.now)
    return _message(step_queries.thread(exception_id, limit=1)[-1])


@endpoint(
    "POST",
    "/exceptions/{ref}/answers",
    "Answer a question about your own exception",
    permission="exceptions.ask",
    answer=asking.TalkLineOut,
    body=asking.TalkIn,
    status=201,
    writes=True,
)
def answer_question(call: Call, ref: str) -> asking.TalkLineOut:
    exception_id = _seen(call, ref, "exceptions.ask")
    threads.answer(exception_id=exception_id, text=call.body.text, actor=call.actor, now=call.now)
    return _message(step_queries.thread(exception_id, limit=1)[-1])


def _seen(call: Call, ref: str, permission: str) -> int:
    """Return the id of a request inside the caller's scope; outside of it there is nothing."""
    exception_id = identity("exception", ref)
    if approvals.request_row(exception_id, call.scope(permission)) is None:
        raise NotFound
    return exception_id


def _message(line: Line) -> asking.TalkLineOut:
    return asking.TalkLineOut(
        kind=line.kind, by=ref_of("employee", line.author_id), at=line.at, text=line.text, changed=line.said
    )
