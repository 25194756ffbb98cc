"""How a scope narrows a statement by its sites: the one expression that every room's `visible_to` is made of."""

from typing import Any

from sqlalchemy import ColumnElement, false, true

from app.people.permissions import Scope


def at_sites(column: Any, scope: Scope) -> ColumnElement[bool]:
    """Rows whose site lies within the scope: all, those of a region, or those of one site; none for own and team."""
    if scope.kind == "company":
        return true()
    if scope.kind == "region":
        found: ColumnElement[bool] = column.in_(scope.site_ids)
        return found
    found = column == scope.site_id
    return found if scope.site_id else false()
