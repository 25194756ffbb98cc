"""The room's pages, as the application loads them."""

from app.messages import continuity_views, letter_views, mail_views, template_views, triage_views
from app.messages.blueprint import bp

__all__ = ["bp", "continuity_views", "letter_views", "mail_views", "template_views", "triage_views"]
