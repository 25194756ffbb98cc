"""What became of customers later, as another system tells it over the API, and what was taken in of it."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from app.api.schemas import Body, said
from app.api.schemas_out import Answer
from app.insights.outcome_rules import REF_MAX, SEGMENT_MAX
from app.kernel.money import NO_CURRENCY

LINES_MAX = 500


def _day(value: Any) -> Any:
    """Read a day only from text like 2026-03-31."""
    return date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else value


class OutcomeIn(Body):
    """One customer on a day. It is known by source, ref and day; a known one is never changed."""

    ref: Annotated[str, said(REF_MAX, description="The other system's number for it", examples=["C-1042"])]
    day: Annotated[date, BeforeValidator(_day), Field(examples=["2026-03-31"])]
    customer: Annotated[
        str | None, said(254, description="Our reference or an e-mail address; a stranger is kept without one")
    ] = None
    stayed: bool | None = None
    returned: Annotated[bool | None, Field(description="Bought again")] = None
    complaint: Annotated[bool | None, Field(description="Had complained to the other system")] = None
    value: Annotated[
        str | None,
        Field(pattern=r"^[0-9]{1,9}(\.[0-9]{1,3})?$", description="Worth, in major units", examples=["197.645"]),
    ] = None
    segment: Annotated[str | None, said(SEGMENT_MAX)] = None

    @model_validator(mode="after")
    def _says_something(self) -> "OutcomeIn":
        if self.stayed is None and self.returned is None and self.value is None:
            raise ValueError("say at least one of stayed, returned, value")
        return self

    @property
    def value_millis(self) -> int | None:
        return None if self.value is None else int(Decimal(self.value) * 1_000)


class OutcomesIn(Body):
    """Up to 500 lines of one source."""

    source: Annotated[str, said(60, description="What the other system is called", examples=["crm"])]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="Of every value; XXX where none is named")] = (
        NO_CURRENCY
    )
    outcomes: Annotated[list[OutcomeIn], Field(min_length=1, max_length=LINES_MAX)]


class OutcomesOut(Answer):
    """How many lines were new, were known already, and of the new ones are about customers who aren't known here."""

    taken: int
    known: int
    strangers: int
