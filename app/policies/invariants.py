"""What must always hold of policies."""

from dataclasses import replace

from sqlalchemy import select

from app.kernel import invariants
from app.kernel.database import db
from app.policies.document_models import PolicyDocument
from app.policies.document_rules import document_of
from app.policies.models import PolicyVersion
from app.policies.queries import rules_of


def changed() -> list[str]:
    """A published version says what was published: its document has its hash, and its rules are the document's."""
    rows = db.session.execute(
        select(PolicyVersion.id, PolicyVersion.number, PolicyVersion.content_hash, PolicyDocument.content)
        .join(PolicyDocument, PolicyDocument.version_id == PolicyVersion.id)
        .where(PolicyVersion.state == "published")
        .order_by(PolicyVersion.id)
    ).all()
    found = []
    for version_id, number, content_hash, content in rows:
        document = document_of(content)
        if document.hash != content_hash:
            found.append(f"version {number} is what was published: its document has another hash")
        in_force, written = (
            sorted(repr(replace(rule, id=0)) for rule in rules) for rules in (rules_of(version_id), document.rules)
        )
        if in_force != written:
            found.append(f"version {number} is what was published: its rules differ from its document")
    return found


invariants.declare("policies", changed)
