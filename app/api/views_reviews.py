"""Outcome reviews: one's own, and for HR and auditors everybody's. Each reading is noted as on the page."""

from typing import Any

from app.api import schemas_reviews as given
from app.api.endpoints import Call, endpoint, identity
from app.api.schemas import PageQuery
from app.kernel.errors import NotFound
from app.kernel.paging import Page
from app.kernel.references import ref as ref_of
from app.reviews import actions, queries, words
from app.reviews.queries import ReviewRow


@endpoint(
    "GET", "/reviews", "List the reviews that you may read, the newest first", permission="reviews.read",
    answer=given.ReviewsOut, query=PageQuery,
)  # fmt: skip
def list_reviews(call: Call) -> given.ReviewsOut:
    found = queries.reviews(call.scope("reviews.read"), Page.of(call.query.cursor, call.query.limit))
    items = [given.ReviewRowOut(**_row(row)) for row in found.rows]
    return given.ReviewsOut(items=items, next=found.next_cursor)


@endpoint("GET", "/reviews/{ref}", "Read a review's figures", permission="reviews.read", answer=given.ReviewOut)
def show_review(call: Call, ref: str) -> given.ReviewOut:
    row = queries.review(identity("review", ref), call.scope("reviews.read"))
    if row is None:
        raise NotFound
    actions.log_read(row=row, how="api", actor=call.actor, now=call.now)
    figures = row.figures
    shown = [
        given.FigureOut(**{**one.shared(), "measure": one.code, "conclusion": words.conclusion(one)}) for one in figures
    ]
    return given.ReviewOut(
        **_row(row), method=row.method, figures_hash=row.figures_hash, conclusion=words.overall(figures), figures=shown
    )


def _row(row: ReviewRow) -> dict[str, Any]:
    return {
        "ref": row.ref,
        "employee": ref_of("employee", row.employee_id),
        "reviewer": ref_of("employee", row.reviewer_id),
        "since": row.since_on.isoformat(),
        "until": row.until_on.isoformat(),
        "state": row.state,
        "opened_at": row.opened_at,
        "closed_at": row.closed_at,
    }
