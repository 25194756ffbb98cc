"""What the API answers. Money is text with its currency, instants end in Z, references are the ones people see."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from app.kernel.money import Money
from app.kernel.time import iso

Instant = Annotated[datetime, PlainSerializer(iso, return_type=str), Field(examples=["2026-03-19T15:00:00Z"])]


class Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class MoneyOut(Answer):
    """An amount in major units, with its currency's decimals."""

    amount: Annotated[str, Field(examples=["120.00"])]
    currency: Annotated[str, Field(examples=["USD"])]

    @classmethod
    def of(cls, money: Money) -> "MoneyOut":
        return cls(**money.json())

    @classmethod
    def minor(cls, minor: int, currency: str) -> "MoneyOut":
        return cls.of(Money(minor, currency))


class WindowOut(Answer):
    """One window of the policy as this request meets it; headroom is what would be left after it, negative when exceeded.

    measure count: the figures are whole pieces, in currency XXX (ISO 4217: none); kind is the only kind counted.
    """

    unit: Annotated[str, Field(examples=["employee_month"])]
    days: int | None
    measure: Annotated[str, Field(examples=["amount"])] = "amount"
    kind: str | None = None
    pool: Annotated[str, Field(description='"gesture" for the purse of kind gestures, else empty')] = ""
    clause: Annotated[str, Field(examples=["goodwill 4.2"])]
    limit: MoneyOut
    used: MoneyOut
    settled: MoneyOut
    reserved: MoneyOut
    requested: MoneyOut
    headroom: MoneyOut
    exceeded: bool
    lowered: Annotated[bool, Field(description="the limit was lowered below what is used: nothing new fits")] = False
    rate_on: Annotated[str | None, Field(description="the day of the exchange rate used")] = None


class WaitOut(Answer):
    """How long exceptions take here: n decided ones; half are answered within p50, nine of ten within p90."""

    n: int
    p50_seconds: int | None
    p90_seconds: int | None


class DecisionOut(Answer):
    """The answer to "Can I?", with the reasons that enforcement uses too."""

    outcome: Annotated[str, Field(examples=["allowed"], description="allowed, needs_approval or refused")]
    reason: Annotated[str, Field(examples=["within"])]
    clause: str
    allowed_now: MoneyOut
    windows: list[WindowOut]
    policy_version: int | None = None
    wait: WaitOut | None = None


class ClockOut(Answer):
    """A clock as the page shows it; left_seconds is business time and negative when late."""

    ref: Annotated[str, Field(examples=["CL-3"])]
    case: Annotated[str, Field(examples=["MG-2041"])]
    milestone: Annotated[str, Field(examples=["first_response"])]
    state: Annotated[str, Field(examples=["running"])]
    started_at: Instant
    due_at: Instant | None
    stopped_at: Instant | None
    target_seconds: int
    left_seconds: int


class ClockDayOut(Answer):
    """One local day of a deadline: what counted, or why nothing did; number counts the days of a legal clock."""

    on: Annotated[str, Field(examples=["2026-04-03"])]
    name: Annotated[str, Field(examples=["Good Friday"], description="Of a closed or special day, else empty")]
    why: Annotated[
        str, Field(examples=["holiday"], description="holiday, closed, paused or over; empty when it counted")
    ]
    counted_seconds: int | None
    paused_seconds: int | None
    left_seconds: int | None
    number: int | None = None


class ClockWhyOut(Answer):
    """Why a deadline is where it is, day by day. Elapsed and paused are told in the clock's time, wall in all seconds."""

    clock: ClockOut
    elapsed_seconds: int
    wall_elapsed_seconds: int
    paused_wall_seconds: int
    source: Annotated[str | None, Field(examples=["FCA Handbook DISP 1.5.1R"], description="Of a legal clock")]
    days: list[ClockDayOut]


class CaseRowOut(Answer):
    """A case in a list."""

    ref: Annotated[str, Field(examples=["MG-2041"])]
    state: Annotated[str, Field(examples=["open"])]
    severity: int
    category: str
    summary: str
    customer: Annotated[str | None, Field(examples=["CU-9"])]
    owner: str | None
    next_due_at: Instant | None


class RemedyRowOut(Answer):
    """A remedy of a case."""

    ref: Annotated[str, Field(examples=["RM-7"])]
    state: Annotated[str, Field(examples=["reserved"])]
    kind: str
    nature: str
    amount: MoneyOut
    created_at: Instant


class CaseOut(Answer):
    """A case with its clocks and remedies; send `version` back when you change it."""

    ref: Annotated[str, Field(examples=["MG-2041"])]
    state: Annotated[str, Field(examples=["open"])]
    version: int
    severity: int
    category: str
    summary: str
    description: str
    channel: str
    attribution: str
    site: str
    team: str | None
    owner: str | None
    customer: Annotated[str | None, Field(examples=["CU-9"])]
    occurred_at: Instant | None
    received_at: Instant
    logged_at: Instant
    waiting_for: str | None
    outcome: str | None
    root_cause: str | None
    resolved_at: Instant | None
    reopened_count: int
    clocks: list[ClockOut]
    remedies: list[RemedyRowOut]


class MessageOut(Answer):
    """A message of the dialogue; `state` is the case's own, after it."""

    id: int
    case: Annotated[str, Field(examples=["MG-2041"])]
    direction: Literal["in", "out"]
    channel: str
    at: Instant
    state: str


class NoteOut(Answer):
    """A line of the timeline."""

    case: str
    kind: str
    at: Instant
    state: str


class RemedyOut(Answer):
    """A remedy with the decision that it was given by."""

    ref: Annotated[str, Field(examples=["RM-7"])]
    state: Annotated[str, Field(examples=["reserved"])]
    case: Annotated[str, Field(examples=["MG-2041"])]
    kind: str
    nature: str
    amount: MoneyOut
    reason: str
    version: int
    created_at: Instant
    expires_at: Instant | None
    decision: DecisionOut | None


class PayoutOut(Answer):
    """How a settled remedy reaches the customer. attempts: tries that began; looks: how often the provider was asked.

    unclear: the last try got no definite answer, so it may have been paid; trying again asks under the same key.
    """

    ref: Annotated[str, Field(examples=["PT-7"])]
    remedy: Annotated[str, Field(examples=["RM-7"])]
    case: Annotated[str, Field(examples=["MG-2041"])]
    state: Annotated[
        Literal["pending", "sent", "confirmed", "failed", "given_up", "cancelled"], Field(examples=["sent"])
    ]
    unclear: bool
    by_hand: bool
    connector: Annotated[Literal["manual", "webhook", "stripe"], Field(examples=["stripe"])]
    kind: str
    amount: MoneyOut
    round: int
    attempts: int
    last_error: str | None
    last_error_at: Instant | None
    next_attempt_at: Instant | None
    looks: int
    provider_ref: str | None
    created_at: Instant
    changed_at: Instant


class ExceptionOut(Answer):
    """A request above authority, with what it exceeds and, once there is one, its decision."""

    ref: Annotated[str, Field(examples=["EX-12"])]
    state: Annotated[str, Field(examples=["waiting"])]
    case: Annotated[str, Field(examples=["MG-2041"])]
    remedy: Annotated[str | None, Field(examples=["RM-7"])]
    kind: str
    amount: MoneyOut
    granted: MoneyOut | None
    reason: str
    requested_by: str
    decided_by: str | None
    decision_reason: str | None
    asked_at: Instant
    expires_at: Instant
    decision: DecisionOut | None = None


class PurseOut(Answer):
    """One monthly budget window; limit includes what exceptions added to it."""

    ref: Annotated[str, Field(examples=["PU-5"])]
    unit: Annotated[str, Field(examples=["employee_month"])]
    period: str | None
    employee: str | None
    team: str | None
    limit: MoneyOut
    reserved: MoneyOut
    settled: MoneyOut
    headroom: MoneyOut


class AuditOut(Answer):
    """One entry of the trail; `said` is empty once it was erased, `number` until it is sealed."""

    id: int
    number: int | None
    type: Annotated[str, Field(examples=["case:log"])]
    subject: Annotated[str, Field(examples=["MG-2041"])]
    case: Annotated[str | None, Field(examples=["MG-2041"])]
    actor: str
    at: Instant
    recorded_at: Instant
    said: dict[str, Any] | None
    chain_hash: str | None


class CustomerOut(Answer):
    """A customer with their cases, newest first."""

    ref: Annotated[str, Field(examples=["CU-9"])]
    name: str
    email: str | None
    phone: str | None
    language: str | None
    cases: list[CaseRowOut]


class FigureOut(Answer):
    """One figure of a measure, never without its n; value, low and high are empty where n is too small to say them."""

    key: Annotated[str, Field(examples=["all"])]
    n: int
    k: Annotated[int | None, Field(description="Of a share, how many of n; empty where n is too small to say it")]
    value: float | None
    low: float | None
    high: float | None
    rest_n: Annotated[int | None, Field(description="Of a comparison, how many it was compared with")]


class MetricOut(Answer):
    """A measure over the caller's part of the company. Nothing is grouped by person, and nothing can be sorted by value."""

    name: Annotated[str, Field(examples=["own-authority"])]
    unit: Annotated[Literal["share", "seconds", "count", "ratio"], Field(examples=["share"])]
    definition: str
    formula: str
    source: str
    not_for: Annotated[str, Field(description="What the measure must not be used for")]
    n_min: Annotated[int, Field(description="Below this n a figure has no value")]
    since: Instant
    until: Instant
    figures: list[FigureOut]


class CasePage(Answer):
    items: list[CaseRowOut]
    next: str | None


class ExceptionPage(Answer):
    items: list[ExceptionOut]
    next: str | None


class PayoutPage(Answer):
    items: list[PayoutOut]
    next: str | None


class PursePage(Answer):
    items: list[PurseOut]
    next: str | None


class ClockPage(Answer):
    items: list[ClockOut]
    next: str | None


class AuditPage(Answer):
    items: list[AuditOut]
    next: str | None


class FieldProblem(Answer):
    """A field and what is wrong with it."""

    field: str
    message: str


class ProblemOut(Answer):
    """A refusal, as RFC 9457 describes it."""

    type: Annotated[str, Field(examples=["urn:makegood:problem:needs-approval"])]
    title: str
    status: int
    detail: str
    request_id: str | None = None
    errors: list[FieldProblem] | None = None
    decision: DecisionOut | None = None
