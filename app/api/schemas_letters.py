"""What the API takes and answers about letters."""

from typing import Annotated, Literal

from pydantic import Field

from app.api.schemas import Body, said
from app.api.schemas_out import Answer, Instant

Kind = Literal["final", "summary", "holding", "receipt"]
Part = Annotated[str, Field(max_length=6_000, pattern=r"^[^\x00]*$")]


class LetterIn(Body):
    """A letter. A final response needs all five parts: decision, reason, remedy, next_step, disagree. to: the customer's address
    as it is known to the caller, needed for way "email".
    """

    kind: Kind
    language: Literal["en", "de"] = "en"
    way: Literal["email", "letter", "page"]
    to: Annotated[str, Field(max_length=254, pattern=r"^[^\x00]*$")] = ""
    subject: Annotated[str, said(200, examples=["Our final response"])]
    opening: Annotated[str, said(6_000, examples=["Dear Cleo,"])]
    decision: Part = ""
    reason: Part = ""
    remedy: Part = ""
    next_step: Part = ""
    disagree: Part = ""


class LetterOut(Answer):
    """A letter as it was sent; file: the PDF, sha256: of its bytes."""

    ref: Annotated[str, Field(examples=["LE-12"])]
    case: Annotated[str, Field(examples=["MG-2041"])]
    kind: Kind
    language: str
    subject: str
    sent_at: Instant
    file: Annotated[str, Field(examples=["AT-12"])]
    sha256: str


class LettersOut(Answer):
    """The letters about a case, newest first, at most 100."""

    letters: list[LetterOut]
