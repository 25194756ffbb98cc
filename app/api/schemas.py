"""What the API takes: strict, nothing unknown, every bound in the schema."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from app.kernel.errors import BadInput
from app.kernel.money import BadMoney, Money
from app.kernel.time import parse_instant

# PostgreSQL can't hold NUL in text; blanks alone are no text.
_SAID = r"^[^\x00]*[^\x00\s][^\x00]*$"
CASE_REF = r"^MG-[1-9][0-9]{0,17}$"
_CODE = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$"
INSTANT_EXAMPLE = "2026-03-19T15:00:00Z"


class Body(BaseModel):
    """A request body: exact types, unknown members refused."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


def _whole(value: Any) -> Any:
    """JSON Schema calls 3.0 an integer; so do we."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _instant(value: Any) -> Any:
    """Read an instant only from text: a bare number could mean seconds or milliseconds."""
    if not isinstance(value, str):
        raise ValueError("give an ISO 8601 instant with its offset, as text")
    return parse_instant(value)


def _plausible(value: datetime) -> datetime:
    if not 1970 <= value.year <= 2999:
        raise ValueError("give a year from 1970 to 2999")
    return value


def said(longest: int, *, shortest: int = 1, **more: Any) -> Any:
    return Field(min_length=shortest, max_length=longest, pattern=_SAID, **more)


Code = Annotated[str, Field(pattern=_CODE, examples=["room_noise"])]
Instant = Annotated[
    AwareDatetime, BeforeValidator(_instant), AfterValidator(_plausible), Field(examples=[INSTANT_EXAMPLE])
]
Severity = Annotated[int, Field(ge=0, le=4, examples=[2]), BeforeValidator(_whole)]
Version = Annotated[int, Field(ge=1, le=2**53, description="The version that was read"), BeforeValidator(_whole)]
Channel = Literal["desk", "phone", "email", "web", "chat", "letter", "other"]
Attribution = Literal["company", "customer", "third_party", "unknown"]
Nature = Literal["goodwill", "redress"]
Outcome = Literal["made_good", "explained", "declined", "withdrawn", "unreachable"]
Cause = Literal[
    "process", "equipment", "staffing", "training", "supplier", "information", "weather", "guest", "unknown"
]


class MoneyIn(Body):
    """An amount in major units with exactly as many decimals as its currency allows."""

    amount: Annotated[str, Field(pattern=r"^[0-9]{1,12}(\.[0-9]{1,3})?$", examples=["120.00"])]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$", examples=["USD"])]

    def money(self) -> Money:
        """Return the amount; raises BadInput when the currency can't hold it."""
        try:
            return Money.of(Decimal(self.amount), self.currency)
        except BadMoney as error:
            raise BadInput({"amount": [str(error)]}) from None


class CustomerIn(Body):
    """Whom it happened to; an e-mail that is known already finds that customer."""

    name: Annotated[str, said(120, examples=["Cleo Marsh"])]
    email: Annotated[
        str | None, Field(max_length=254, pattern=r"^[^@\s\x00]+@[^@\s\x00]+$", examples=["cleo@example.com"])
    ] = None


class CaseIn(Body):
    """A case as somebody would tell it in one breath."""

    customer: CustomerIn | None = None
    category: Code
    severity: Severity
    summary: Annotated[str, said(120, examples=["The room was not ready at 15:00"])]
    channel: Channel
    occurred_at: Instant | None = None
    description: Annotated[str | None, said(10_000)] = None
    attribution: Attribution = "unknown"
    desired_outcome: Annotated[str | None, said(500)] = None


class NoteIn(Body):
    """An internal note on the timeline."""

    text: Annotated[str, said(10_000, examples=["Called back, no answer."])]


class MessageIn(Body):
    """One message of the dialogue. in: what the customer wrote, kept exactly; out: what staff write to her, on her page too."""

    direction: Literal["in", "out"]
    channel: Literal["desk", "phone", "email", "web", "chat", "letter", "other", "page"]
    text: Annotated[str, said(20_000, examples=["Is my room ready?"])]


class ResolutionIn(Body):
    """How it ended and why it happened."""

    outcome: Outcome
    root_cause: Cause
    note: Annotated[str | None, said(10_000)] = None
    version: Version | None = None


class ReopeningIn(Body):
    """Why it is not over."""

    reason: Annotated[str, said(2_000, examples=["It happened again this morning."])]


class PauseIn(Body):
    """The customer's clocks rest while we wait for the customer or a third party."""

    waiting_for: Literal["customer", "third_party"]
    reason: Annotated[str, said(500, examples=["We asked for the receipt."])]


class DecisionIn(Body):
    """What somebody would like to give, before anything is promised."""

    case: Annotated[str, Field(pattern=CASE_REF, examples=["MG-2041"])]
    kind: Code
    amount: MoneyIn
    nature: Nature = "goodwill"
    entitlement: Annotated[Code | None, Field(description="the rule by which redress is owed")] = None


class RemedyIn(Body):
    """A remedy to reserve for the customer."""

    kind: Code
    amount: MoneyIn
    reason: Annotated[str, said(2_000, examples=["Two hours without a room."])]
    nature: Nature = "goodwill"
    entitlement: Annotated[Code | None, Field(description="the rule by which redress is owed")] = None


class SettlementIn(Body):
    """The customer accepted, all of it or a part; the rest is released."""

    amount: MoneyIn | None = None
    version: Version | None = None


class ReleaseIn(Body):
    """What was reserved is free again: it isn't needed any more, the customer declined, or the offer is taken back."""

    outcome: Literal["released", "declined", "withdrawn"] = "released"
    reason: Annotated[str | None, said(2_000)] = None
    version: Version | None = None


class ReversalIn(Body):
    """A settled remedy is turned back by a new entry."""

    reason: Annotated[str, said(2_000, examples=["Paid to the wrong guest."])]
    version: Version | None = None


class ExceptionIn(Body):
    """Ask for more than the own authority."""

    kind: Code
    amount: MoneyIn
    reason: Annotated[str, said(2_000, examples=["The whole stay was spoiled."])]


class ExceptionDecisionIn(Body):
    """Approve, also a smaller amount, or decline; always with a reason."""

    outcome: Literal["approved", "declined"]
    reason: Annotated[str, said(2_000, examples=["Fair: the third failure in one stay."])]
    amount: MoneyIn | None = None


class PageQuery(BaseModel):
    """One page of a list."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: Annotated[int, Field(ge=1, le=200, description="Rows in one page")] = 50
    cursor: Annotated[
        str | None, Field(max_length=700, pattern=r"^[!-~]+$", description="`next` of the page before")
    ] = None


class ClockQuery(PageQuery):
    """Open clocks by default; those of one case with `case`."""

    case: Annotated[str | None, Field(pattern=CASE_REF, description="Only the clocks of this case")] = None
    milestone: Annotated[
        Literal[
            "acknowledge",
            "first_response",
            "next_update",
            "resolve",
            "follow_up",
            "approval",
            "promise",
            "ola",
            "uc",
            "legal",
        ]
        | None,
        Field(description="Only this milestone"),
    ] = None
    open: Annotated[bool, Field(description="Only clocks that still run or rest")] = True


class AuditQuery(PageQuery):
    """Which part of the trail."""

    case: Annotated[str | None, Field(pattern=CASE_REF, description="Only entries of this case")] = None
    subject: Annotated[str | None, Field(pattern=r"^[A-Z]{2}-[0-9]{1,18}$", description="Only of this record")] = None
    type: Annotated[str | None, Field(pattern=r"^[a-z_]{1,40}(:[a-z_-]{1,40})?$", description="case, or case:log")] = (
        None
    )
    since: Annotated[Instant | None, Field(description="Inclusive")] = None
    until: Annotated[Instant | None, Field(description="Exclusive")] = None


class CaseQuery(PageQuery):
    """Which cases: open ones by their next due time by default."""

    state: Annotated[Literal["open", "waiting", "resolved", "closed"] | None, Field(description="Only this state")] = (
        None
    )
    severity: Annotated[int | None, Field(ge=0, le=4, description="Only this severity")] = None
    category: Annotated[Code | None, Field(description="Only this category")] = None
    owner: Annotated[Literal["me", "nobody"] | None, Field(description="Only mine, or nobody's")] = None


class ExceptionQuery(PageQuery):
    """Which requests: those that wait, decided ones, or those the caller asked for."""

    tab: Annotated[Literal["waiting", "decided", "asked"], Field(description="Which part of the inbox")] = "waiting"


class PurseQuery(PageQuery):
    """Which purses."""

    period: Annotated[
        str | None, Field(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$", description="A month, e.g. 2026-03")
    ] = None


class PayoutQuery(PageQuery):
    """Which payouts."""

    state: Annotated[
        Literal["pending", "sent", "confirmed", "failed", "given_up", "cancelled"] | None,
        Field(description="Only payouts that stand so"),
    ] = None
    case: Annotated[str | None, Field(pattern=CASE_REF, description="Only this case's, e.g. MG-12")] = None


class MetricQuery(BaseModel):
    """Over which time."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    period: Annotated[Literal["7d", "30d", "90d", "365d"], Field(description="How far back from now")] = "30d"
