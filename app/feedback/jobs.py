"""Due work of the surveys."""

from datetime import datetime

from app.feedback import actions, queries


def send_due(*, now: datetime, limit: int = 200) -> int:
    """Send the surveys whose time has come; each in a transaction of its own, each once."""
    ids = queries.due_surveys(now, limit)
    return sum(actions.send(survey_id=survey_id, now=now) for survey_id in ids)
