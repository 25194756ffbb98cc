"""What the API answers about pulses: the totals that the page shows, by unit and never by person."""

from typing import Annotated, Literal

from pydantic import Field

from app.api.schemas_out import Answer, Instant


class PulseRowOut(Answer):
    """A pulse in a list; lists stand by time alone."""

    ref: Annotated[str, Field(examples=["PS-3"])]
    name: str
    state: Literal["planned", "open", "closed"]
    opens_at: Instant
    closes_at: Instant


class PulsesOut(Answer):
    items: list[PulseRowOut]


class PulseScaleOut(Answer):
    """A scale's mean over those who answered it, 1 to 7, with its 95 % interval."""

    scale: Annotated[str, Field(examples=["self_determination"])]
    n: int
    mean: float
    low: float
    high: float
    verdict: Annotated[str, Field(description="agree, disagree, or open: cannot tell")]


class PulseUnitOut(Answer):
    """A unit that enough answered in; low and high bound the share that answered, from ten asked on."""

    unit: Annotated[str, Field(examples=["TE-3"], description='a team, site or region, or "company"')]
    name: str
    asked: int
    answered: int
    low: float | None
    high: float | None
    scales: list[PulseScaleOut]
    conclusion: str


class PulseOut(PulseRowOut):
    """A closed pulse. Units stand by name; one in which fewer than five answered, or whose total would tell on so few, is absent."""

    definition: str
    not_for: str
    units: list[PulseUnitOut]
