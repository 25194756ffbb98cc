"""What the API takes and answers about a customer's consents, wishes, merges and check-backs."""

from typing import Annotated, Literal

from pydantic import Field

from app.api.schemas import CASE_REF, Body, Version, said
from app.api.schemas import Instant as InstantIn
from app.api.schemas_out import Answer, Instant

CUSTOMER_REF = r"^CU-[1-9][0-9]{0,17}$"
EMPLOYEE_REF = r"^EM-[1-9][0-9]{0,17}$"
Purpose = Literal["suggestions", "updates", "marketing"]
Source = Literal["desk", "phone", "email", "letter", "web", "import"]
Way = Literal["phone", "email", "letter", "desk"]


class ConsentIn(Body):
    """What a customer answered about one purpose. said_at: when; now where it is left out."""

    purpose: Purpose
    given: bool
    source: Source
    said_at: InstantIn | None = None


class SaidOut(Answer):
    """One answer as it was said; none is ever changed."""

    purpose: Purpose
    given: bool
    source: Source
    said_at: Instant
    recorded_at: Instant


class StandingOut(Answer):
    """Where a purpose stands: `holds` is what counts, also while nothing was said."""

    purpose: Purpose
    holds: bool
    said_at: Instant | None


class ConsentsOut(Answer):
    """A customer's consents over all their numbers; said: the newest answers first, at most 200."""

    customer: Annotated[str, Field(examples=["CU-9"])]
    stands: list[StandingOut]
    said: list[SaidOut]


class WishesIn(Body):
    """How a customer wants to be reached. version: the one that was read, 0 while nothing was said; channel null: no wish."""

    version: Annotated[int, Field(ge=0, le=2**53)]
    channel: Way | None = None
    do_not_call: bool = False
    wishes: Annotated[str, Field(max_length=300, pattern=r"^[^\x00]*$")] = ""


class WishesOut(Answer):
    """How a customer wants to be reached."""

    customer: Annotated[str, Field(examples=["CU-9"])]
    channel: Way | None
    do_not_call: bool
    wishes: str
    set_at: Instant | None
    version: int


class MergeIn(Body):
    """The customer counts as another one from now on; nothing of either is rewritten."""

    into: Annotated[str, Field(pattern=CUSTOMER_REF, examples=["CU-4"])]
    reason: Annotated[str, said(300, examples=["The same telephone number"])]


class UnmergeIn(Body):
    """The customer is given back as they were."""

    reason: Annotated[str, said(300, examples=["Mother and daughter"])]


class MergedOut(Answer):
    """Another number that counts as the customer."""

    ref: Annotated[str, Field(examples=["CU-9"])]
    name: str
    into: Annotated[str, Field(examples=["CU-4"])]
    reason: str
    at: Instant


class MergesOut(Answer):
    """Whom a customer counts as, and everybody who counts as that one."""

    customer: Annotated[str, Field(examples=["CU-9"])]
    counts_as: Annotated[str, Field(examples=["CU-4"])]
    numbers: list[str]
    merged: list[MergedOut]


class CheckBackIn(Body):
    """Somebody asks the customer again. owner: the caller where it is left out."""

    what: Annotated[str, said(300, examples=["Is the heating warm now?"])]
    channel: Way
    due_at: InstantIn
    case: Annotated[str, Field(pattern=CASE_REF, examples=["MG-2041"])] | None = None
    owner: Annotated[str, Field(pattern=EMPLOYEE_REF, examples=["EM-4"])] | None = None


class MoveIn(Body):
    """Another time, another owner, and why."""

    version: Version
    due_at: InstantIn
    owner: Annotated[str, Field(pattern=EMPLOYEE_REF, examples=["EM-4"])] | None = None
    note: Annotated[str, said(500, examples=["Away until Monday"])]


class FinishIn(Body):
    """What came out of it."""

    version: Version
    note: Annotated[str, said(500, examples=["Warm and happy"])]


class CheckBackOut(Answer):
    """One check-back; done_at and note are empty while it is to do."""

    ref: Annotated[str, Field(examples=["CB-12"])]
    customer: Annotated[str, Field(examples=["CU-9"])]
    case: Annotated[str | None, Field(examples=["MG-2041"])]
    owner: Annotated[str, Field(examples=["EM-4"])]
    channel: Way
    what: str
    due_at: Instant
    done_at: Instant | None
    note: str | None
    version: int


class CheckBacksOut(Answer):
    """A customer's check-backs, or those that are to do."""

    items: list[CheckBackOut]
    next: str | None = None
