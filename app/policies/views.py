"""The room's pages: documents to read, drafts to write and review, packs to start from, and the catalogue."""

from app.policies import clause_views, document_views, draft_views, kind_views, pack_views, review_views, rule_views
from app.policies.blueprint import bp

__all__ = [
    "bp",
    "clause_views",
    "document_views",
    "draft_views",
    "kind_views",
    "pack_views",
    "review_views",
    "rule_views",
]
