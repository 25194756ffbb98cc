"""What the API takes and answers about the authority matrix and the talk about an exception."""

from typing import Annotated, Any

from pydantic import Field

from app.api.schemas import Body, MoneyIn, said
from app.api.schemas_out import Answer, Instant, MoneyOut


class AmendmentIn(Body):
    """Another amount, or another reason; the request is judged and asked anew."""

    amount: MoneyIn
    reason: Annotated[str, said(2_000, examples=["The second night was spoiled as well."])]


class TalkIn(Body):
    """A question about a request, or the answer."""

    text: Annotated[str, said(2_000, examples=["Did he get a receipt for the taxi?"])]


class TalkLineOut(Answer):
    """One line of the talk about a request."""

    kind: Annotated[str, Field(description="question, answer or amended", examples=["question"])]
    by: Annotated[str, Field(examples=["EM-3"])]
    at: Instant
    text: str
    changed: Annotated[dict[str, Any], Field(description="what an amendment changed, else empty")]


class TalkOut(Answer):
    """Questions, answers and amendments, oldest first; the newest 200."""

    items: list[TalkLineOut]


class StepOut(Answer):
    """How many of whom agree in one step."""

    who: Annotated[list[str], Field(examples=[["role:supervisor", "title:Duty manager", "person:EM-3"]])]
    needed: int


class MatrixRowOut(Answer):
    """One row. An empty part means any; the band is above `above` up to and including `up_to`. No steps: nobody decides."""

    name: str
    above: MoneyOut | None
    up_to: MoneyOut | None
    site: str | None
    team: str | None
    kinds: list[str]
    categories: list[str]
    natures: list[str]
    asked_by: list[str]
    steps: list[StepOut]


class MatrixOut(Answer):
    """The authority matrix in force; number null before the first: then one supervisor of the site or a manager decides."""

    number: int | None
    published_at: Instant | None
    rows: list[MatrixRowOut]
