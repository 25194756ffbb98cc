"""What the API answers about outcome reviews: the same as the page, without any single colleague."""

from typing import Annotated, Literal

from pydantic import Field

from app.api.schemas_out import Answer, Instant


class ReviewRowOut(Answer):
    """A review in a list; lists stand by time alone."""

    ref: Annotated[str, Field(examples=["RW-3"])]
    employee: Annotated[str, Field(examples=["EM-12"])]
    reviewer: str
    since: str
    until: str
    state: Literal["self_assessment", "conversation", "signing", "closed"]
    opened_at: Instant
    closed_at: Instant | None


class ReviewsOut(Answer):
    items: list[ReviewRowOut]
    next: str | None


class FigureOut(Answer):
    """One figure. Without k and n there were fewer than ten, and nothing is said."""

    measure: Annotated[str, Field(examples=["recovery"])]
    verdict: str
    conclusion: str
    k: int | None = None
    n: int | None = None
    low: float | None = None
    high: float | None = None
    house: float | None = None
    expected: float | None = None
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None
    adjusted: float | None = None
    shrunk: float | None = None
    reliability: float | None = None
    trials_needed: int | None = None
    power: float | None = None
    peer_count: int


class ReviewOut(ReviewRowOut):
    """A review with its frozen figures; words and cases are on its page and in its data file."""

    method: str
    figures_hash: str
    conclusion: str
    figures: list[FigureOut]
