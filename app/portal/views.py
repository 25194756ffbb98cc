"""The customer's pages, and what the desk does about them."""

from app.portal import desk_views, link_views, page_views, place_views, report_views, thanks_views
from app.portal.blueprint import bp

__all__ = ["bp", "desk_views", "link_views", "page_views", "place_views", "report_views", "thanks_views"]
