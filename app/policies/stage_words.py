"""Where a policy version stands, in words and as a chip."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l

# stage → chip state and words
STAGES: dict[str, tuple[str, Any]] = {
    "draft": ("plain", _l("Draft")),
    "asked": ("soon", _l("Waiting for review")),
    "returned": ("missed", _l("Sent back")),
    "reviewed": ("met", _l("Reviewed")),
    "discarded": ("cancelled", _l("Discarded")),
    "in_force": ("accent", _l("In force")),
    "later": ("running", _l("Starts later")),
    "earlier": ("plain", _l("Earlier")),
}


@dataclass(frozen=True, slots=True)
class Stage:
    code: str
    chip: str
    words: str


def stage_of(stage: str, *, is_in_force: bool, valid_from: datetime, now: datetime) -> Stage:
    """Say a stage; a published version is in force, starts later, or held earlier."""
    code = stage
    if stage == "published":
        code = "in_force" if is_in_force else "later" if valid_from > now else "earlier"
    chip, words = STAGES[code]
    return Stage(code, chip, str(words))
