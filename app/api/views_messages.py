"""The dialogue with the customer: what she wrote by chat, mail or form comes in, what staff answer goes out."""

from app.api import schemas as taken
from app.api import schemas_out as given
from app.api.endpoints import Call, endpoint, identity
from app.cases.models import Case
from app.kernel.database import db
from app.messages import actions as messages


@endpoint(
    "POST",
    "/cases/{ref}/messages",
    "Take in a customer's message, or answer her",
    permission="cases.write",
    answer=given.MessageOut,
    body=taken.MessageIn,
    status=201,
    writes=True,
)
def add_message(call: Call, ref: str) -> given.MessageOut:
    said: taken.MessageIn = call.body
    case_id = identity("case", ref)
    deed = messages.receive if said.direction == "in" else messages.send
    message = deed(
        case_id=case_id,
        text=said.text,
        channel=said.channel,
        actor=call.actor,
        now=call.now,
    )
    case = db.session.get_one(Case, case_id)
    return given.MessageOut(
        id=message.id,
        case=case.ref,
        direction=said.direction,
        channel=message.channel,
        at=message.at,
        state=case.state,
    )
