"""What the API answers about a mail that was handed over."""

from pydantic import BaseModel, ConfigDict, Field


class MailOut(BaseModel):
    """What became of a mail. repeat: it had been taken in before, and this changed nothing."""

    model_config = ConfigDict(extra="forbid")

    ref: str = Field(pattern=r"^ML-[1-9][0-9]{0,17}$")
    kind: str = Field(pattern=r"^(customer|stranger|opened|auto|loop|bounce|delay|unsorted)$")
    case: str | None = Field(pattern=r"^MG-[1-9][0-9]{0,17}$")
    repeat: bool
