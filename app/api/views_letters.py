"""Letters through the API: sent once per key, kept as sent."""

from typing import Any

from app.api import schemas_letters as letters
from app.api.endpoints import Call, endpoint, identity
from app.cases.queries import case_page
from app.kernel.errors import NotFound
from app.kernel.references import ref as ref_of
from app.messages import letter_actions, letter_queries
from app.messages.letter_rules import NAMES, Words


@endpoint(
    "POST",
    "/cases/{ref}/letters",
    "Send the customer a letter",
    permission="cases.write",
    answer=letters.LetterOut,
    body=letters.LetterIn,
    status=201,
    writes=True,
    has_intent=True,
)
def send_letter(call: Call, ref: str) -> letters.LetterOut:
    said: letters.LetterIn = call.body
    sent = letter_actions.send(
        case_id=identity("case", ref),
        kind=said.kind,
        words=Words(**{name: getattr(said, name) for name in NAMES}),
        language=said.language,
        text_number=letter_queries.newest(said.kind, said.language).number,
        way=said.way,
        to=said.to,
        intent=call.intent,
        actor=call.actor,
        now=call.now,
    )
    return _out(sent, ref_of("case", sent.case_id), ref_of("attachment", sent.attachment_id))


@endpoint(
    "GET", "/cases/{ref}/letters", "List the letters about a case", permission="cases.read", answer=letters.LettersOut
)
def list_letters(call: Call, ref: str) -> letters.LettersOut:
    page = case_page(ref, call.scope("cases.read"))
    if page is None:
        raise NotFound
    rows = letter_queries.letters_of(page.case.id)
    return letters.LettersOut(letters=[_out(row, page.ref, row.file) for row in rows])


def _out(row: Any, case: str, file: str) -> letters.LetterOut:
    return letters.LetterOut(
        ref=row.ref, case=case, kind=row.kind, language=row.language, subject=row.subject, sent_at=row.sent_at, file=file,
        sha256=row.sha256,
    )  # fmt: skip
