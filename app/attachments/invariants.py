"""What must always hold of attached files: every row has its file, with the content that was taken in."""

from sqlalchemy import select

from app.attachments.models import Attachment
from app.attachments.store import FILES
from app.kernel import invariants
from app.kernel.database import db
from app.kernel.references import ref


def files_are_whole() -> list[str]:
    """Read every file that should be there, piece by piece, and compare its hash with the row's."""
    missing, changed = [], []
    rows = db.session.execute(
        select(Attachment.id, Attachment.stored_as, Attachment.sha256)
        .where(Attachment.removed_at.is_(None))
        .order_by(Attachment.id)
        .execution_options(yield_per=500)
    )
    for row in rows:
        found = FILES.digest(row.stored_as)
        if found is None:
            missing.append(ref("attachment", row.id))
        elif found != row.sha256:
            changed.append(ref("attachment", row.id))
    broken = []
    if missing:
        broken.append(f"every attachment has its file: {missing[: invariants.SHOWN]}")
    if changed:
        broken.append(f"every attached file is as it was taken in: {changed[: invariants.SHOWN]}")
    return broken


invariants.declare("attachments", files_are_whole)
