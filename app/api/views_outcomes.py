"""Taking in what became of customers later: the same deed as the import of a file."""

from app.api import schemas_outcomes as said
from app.api.endpoints import Call, endpoint
from app.insights import outcome_actions
from app.insights.outcome_rules import Line
from app.kernel.errors import BadInput


@endpoint(
    "POST",
    "/outcomes",
    "Take in what became of customers: stayed, returned, worth",
    permission="cases.import",
    answer=said.OutcomesOut,
    status=201,
    body=said.OutcomesIn,
    writes=True,
)
def take_outcomes(call: Call) -> said.OutcomesOut:
    body: said.OutcomesIn = call.body
    lines = [
        Line(
            ref=one.ref.strip(),
            on=one.day,
            customer=(one.customer or "").strip(),
            has_stayed=one.stayed,
            has_returned=one.returned,
            had_complaint=one.complaint,
            value_millis=one.value_millis,
            segment=one.segment.strip().lower() if one.segment else None,
        )
        for one in body.outcomes
    ]
    if len({(line.ref, line.on) for line in lines}) < len(lines):
        raise BadInput({"outcomes": ["two lines have the same ref and day"]})
    taken = outcome_actions.take_outcomes(
        lines=lines, source=body.source.strip(), currency=body.currency, actor=call.actor, now=call.now
    )
    return said.OutcomesOut(taken=taken.taken, known=taken.known, strangers=taken.strangers)
