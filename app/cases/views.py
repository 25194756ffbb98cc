"""The room's pages: the queue, logging, one case and its deeds, categories."""

from app.cases import case_views, category_views, deed_views, export_views, new_views, queue_views
from app.cases.blueprint import bp

__all__ = ["bp", "case_views", "category_views", "deed_views", "export_views", "new_views", "queue_views"]
