"""Which offers of a case are alternatives of each other."""

from sqlalchemy import select

from app.kernel.database import db
from app.remedies.choice_models import RemedyOption


def choices_of(case_id: int) -> dict[int, int]:
    """The choice that each remedy of a case belongs to, by the remedy's id."""
    rows = db.session.execute(
        select(RemedyOption.remedy_id, RemedyOption.choice_id).where(RemedyOption.case_id == case_id)
    )
    return {row.remedy_id: row.choice_id for row in rows}
