"""The record of processing, made from the data map alone, so that it can't say less than what is kept. Source: GDPR Art. 30 (1)."""

from typing import Any

from app.privacy.data_map import HOLDINGS
from app.privacy.purposes import CLASSES, PURPOSES, WHAT, WHY
from app.privacy.retention_queries import periods
from app.privacy.tag_rules import Holding


def record() -> list[dict[str, Any]]:
    """Purposes in their order, each with ground, persons, recipients and its tables with columns, period and what erasing does."""
    days, found = periods(), []
    for code, purpose in PURPOSES.items():
        found.append(
            {
                "code": code,
                "purpose": str(purpose.title),
                "ground": str(purpose.ground),
                "persons": str(purpose.of_whom),
                "recipients": str(purpose.recipients),
                "tables": [_table(one, days) for one in HOLDINGS if one.purpose == code],
            }
        )
    return found


def _table(one: Holding, days: dict[str, int | None]) -> dict[str, Any]:
    return {
        "table": one.table,
        "who": list(one.columns("name")),
        "words": list(one.columns("text")),
        "codes": list(one.columns("code")),
        "hidden": list(one.columns("secret")),
        "class": str(CLASSES[one.keep].title),
        "days": days[one.keep],
        "until": str(CLASSES[one.keep].until),
        "on_erasure": str(WHAT["overwrite" if one.why == "identity" else one.erase]),
        "why": str(WHY[one.why]) if one.why else "",
        "of_persons": bool(one.of),
    }


COLUMNS = (
    "purpose",
    "ground",
    "persons",
    "recipients",
    "table",
    "who",
    "words",
    "class",
    "days",
    "until",
    "on_erasure",
)


def record_rows() -> list[list[str]]:
    """The same as rows of a table, for a file; one line for each table."""
    return [[_said({**part, **table}[name]) for name in COLUMNS] for part in record() for table in part["tables"]]


def _said(value: Any) -> str:
    return " ".join(value) if isinstance(value, list) else "" if value is None else str(value)
