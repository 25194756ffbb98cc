"""What a case may say; each check raises BadInput with a sentence beside the field."""

from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _l

from app.cases import rules
from app.kernel.errors import BadInput

# A phone's clock may run a little ahead of ours.
AHEAD_MAX = timedelta(minutes=5)


def check_new(
    severity: int,
    summary: str,
    description: str,
    channel: str,
    occurred_at: datetime,
    journey_stage: str | None,
    attribution: str,
    now: datetime,
) -> None:
    errors: dict[str, list[str]] = {}
    if severity not in range(5):
        errors["severity"] = [str(_l("Choose how bad it is, from 0 to 4."))]
    if not summary.strip():
        errors["summary"] = [str(_l("Say in a few words what happened."))]
    elif len(summary.strip()) > rules.SUMMARY_MAX:
        errors["summary"] = [
            str(_l("Keep this to %(count)d characters; the rest fits below.", count=rules.SUMMARY_MAX))
        ]
    if len(description) > rules.TEXT_MAX:
        errors["description"] = [str(_l("Keep this to %(count)d characters.", count=rules.TEXT_MAX))]
    if channel not in rules.CHANNELS:
        errors["channel"] = [str(_l("Choose how we heard of it."))]
    if occurred_at > now + AHEAD_MAX:
        errors["occurred_at"] = [str(_l("This lies in the future."))]
    if journey_stage is not None and journey_stage not in rules.STAGES:
        errors["journey_stage"] = [str(_l("Choose a stage from the list."))]
    if attribution not in rules.ATTRIBUTIONS:
        errors["attribution"] = [str(_l("Choose from the list."))]
    if errors:
        raise BadInput(errors)


def check_text(text: str, field: str = "text") -> None:
    if not text.strip():
        raise BadInput({field: [str(_l("Write something first."))]})
    if len(text) > rules.TEXT_MAX:
        raise BadInput({field: [str(_l("Keep this to %(count)d characters.", count=rules.TEXT_MAX))]})


def check_resolution(outcome: str, root_cause: str) -> None:
    errors: dict[str, list[str]] = {}
    if outcome not in rules.OUTCOMES:
        errors["outcome"] = [str(_l("Choose how it ended for the customer."))]
    if root_cause not in rules.CAUSES:
        errors["root_cause"] = [str(_l("Choose what caused it."))]
    if errors:
        raise BadInput(errors)
