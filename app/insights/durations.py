"""Comparing two instants of one row in SQL, the same on both databases."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Boolean, Float, literal
from sqlalchemy.dialects.postgresql import INTERVAL
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction


class within_days(GenericFunction[bool]):
    """True where `later` comes after `earlier` by at most so many days; exactly as many days count as within."""

    type = Boolean()
    inherit_cache = True
    name = "within_days"

    def __init__(self, later: Any, earlier: Any, days: int) -> None:
        super().__init__(later, earlier, literal(timedelta(days=days), INTERVAL()), literal(days))


@compiles(within_days, "postgresql")
def _postgresql(element: Any, compiler: Any, **given: Any) -> str:
    later, earlier, length, _days = (compiler.process(clause, **given) for clause in element.clauses)
    return f"({later} > {earlier} AND {later} <= {earlier} + {length})"


@compiles(within_days, "sqlite")
def _sqlite(element: Any, compiler: Any, **given: Any) -> str:
    later, earlier, _length, days = (compiler.process(clause, **given) for clause in element.clauses)
    return f"({later} > {earlier} AND julianday({later}) - julianday({earlier}) <= {days})"


class seconds_between(GenericFunction[float]):
    """Seconds from `earlier` to `later`, with their fractions; SQLite keeps them to about a ten-thousandth."""

    type = Float()
    inherit_cache = True
    name = "seconds_between"

    def __init__(self, later: Any, earlier: Any) -> None:
        super().__init__(later, earlier)


@compiles(seconds_between, "postgresql")
def _seconds_postgresql(element: Any, compiler: Any, **given: Any) -> str:
    later, earlier = (compiler.process(clause, **given) for clause in element.clauses)
    return f"extract(epoch FROM ({later} - {earlier}))"


@compiles(seconds_between, "sqlite")
def _seconds_sqlite(element: Any, compiler: Any, **given: Any) -> str:
    later, earlier = (compiler.process(clause, **given) for clause in element.clauses)
    return f"((julianday({later}) - julianday({earlier})) * 86400.0)"
