"""Numbers that an address or a form asks for: one that no column could hold is like none."""

from typing import Any

from flask import Request as FlaskRequest
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.routing import IntegerConverter, Map

NUMBER_MAX = 999_999_999_999_999_999  # as many digits as a reference may have


def whole(text: Any) -> int:
    """Read a whole number; raises ValueError for what is none, or too large to be kept."""
    number = int(text)
    if abs(number) > NUMBER_MAX:
        raise ValueError("too large")
    return number


class Sent(ImmutableMultiDict[Any, Any]):
    """What came in an address or a form; `type=int` reads numbers that a column holds."""

    def get(self, key: Any, default: Any = None, type: Any = None) -> Any:  # type: ignore[override]
        read: Any = whole if type is int else type
        return super().get(key, default, read)

    def getlist(self, key: Any, type: Any = None) -> list[Any]:
        read: Any = whole if type is int else type
        return super().getlist(key, read)


class Request(FlaskRequest):
    parameter_storage_class = Sent


class Number(IntegerConverter):
    """The whole number of a path; a larger one is no address here."""

    def __init__(self, map: Map, max: int = NUMBER_MAX, **rest: Any) -> None:
        super().__init__(map, max=max, **rest)
