"""One line per answer: which route, how it ended, how long it took, and for whom, by reference."""

import logging
import re
import time
from types import TracebackType

from flask import Flask, Response, g, request

from app.people.access import is_signed_in, me

QUIET = ("ops.livez", "ops.readyz", "ops.prometheus", "static")
log = logging.getLogger("makegood.request")
_TRACE = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
Failure = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def register(app: Flask) -> None:
    app.after_request(_note)
    # Flask's own line says the address, which may hold a token.
    app.log_exception = _failed  # type: ignore[method-assign,assignment]


def _note(answer: Response) -> Response:
    """Write the line; the address itself is never written, since links hold tokens and searches hold names."""
    answer.headers["X-Request-ID"] = g.get("request_id", "")
    if request.endpoint in QUIET or not log.isEnabledFor(logging.INFO):
        return answer
    began = g.get("ops_started", time.perf_counter())
    log.info(
        "answered",
        extra={
            "route": request.url_rule.rule if request.url_rule else None,
            "method": request.method if request.method.isalpha() and len(request.method) < 10 else "?",
            "status": answer.status_code,
            "ms": round((time.perf_counter() - began) * 1000, 1),
            "actor": _who(answer.status_code),
            "trace_id": _trace_id(),
        },
    )
    return answer


def _failed(failure: Failure) -> None:
    log.error("failed", exc_info=failure, extra={"route": request.url_rule.rule if request.url_rule else None})


def _who(status: int) -> str | None:
    """Who asked, e.g. EM-5. After a failure nothing is asked of the database again."""
    return me().label if status < 500 and g.get("_login_user") is not None and is_signed_in() else None


def _trace_id() -> str | None:
    """Return the trace in which a proxy or a tracer put this request (W3C traceparent), so that both can be joined."""
    found = _TRACE.fullmatch(request.headers.get("traceparent", ""))
    return found.group(1) if found else None
