"""What is answered while the database is gone, full or locked: 503 and when to try again, never a page that needs the database.

A lost connection may have lost the answer to a COMMIT, so nothing is claimed about whether the deed was done.
"""

import sqlite3
import sys
from contextlib import suppress

from flask import Flask, current_app, g
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import AnonymousUserMixin
from sqlalchemy.exc import (
    DBAPIError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    PendingRollbackError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import InternalServerError

from app.kernel.database import db
from app.kernel.errors import Conflict
from app.people import refusal_wiring
from app.people.refusal_wiring import of_refusal, refusal_page
from app.ui import shell

RETRY_SECONDS = 2
# PostgreSQL: connection lost, refused or ended; serialization and deadlock; no room left; locked or not available; shut down.
_CLASSES = ("08", "40", "53", "55", "57")
_SQLITE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
}
_TWICE = "23505"
_SQLITE_TWICE = (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)


def register(app: Flask) -> None:
    for kind in (OperationalError, InterfaceError, PendingRollbackError, PoolTimeout):
        app.register_error_handler(kind, answer)
    app.register_error_handler(IntegrityError, somebody_faster)
    app.register_error_handler(InternalServerError, of_failure)


def answer(failure: SQLAlchemyError) -> ResponseReturnValue:
    """Answer 503; a mistake of ours in a statement is no outage and stays a failure."""
    if not is_outage(failure):
        raise failure
    current_app.log_exception(sys.exc_info())
    with suppress(SQLAlchemyError):
        db.session.rollback()
    g._login_user = AnonymousUserMixin()  # who asks would be looked up in the database
    shell.forget_reader()
    text = _("The database doesn't answer just now. Look whether it was done before you send it again.")
    said = refusal_page(503, _("Please wait a moment"), text)  # the API gives it its own shape
    said.headers["Retry-After"] = str(RETRY_SECONDS)
    return said


def of_failure(error: InternalServerError) -> ResponseReturnValue:
    """An outage is one also while another answer is made: the page of a 404 asks who is signed in."""
    failure = error.original_exception
    if isinstance(failure, SQLAlchemyError) and is_outage(failure):
        return answer(failure)
    return refusal_wiring.of_failure(error)


def somebody_faster(failure: IntegrityError) -> ResponseReturnValue:
    """Two did in the same moment what counts once, and this one came second: nothing of it was kept. Else it is a failure."""
    code = getattr(failure.orig, "sqlite_errorcode", None)
    is_twice = code in _SQLITE_TWICE if code is not None else getattr(failure.orig, "sqlstate", None) == _TWICE
    if not is_twice:
        raise failure
    what = getattr(getattr(failure.orig, "diag", None), "constraint_name", None) or code  # never the values
    current_app.logger.warning("came second in a race: %s, request %s", what, g.get("request_id"))
    return of_refusal(Conflict())


def is_outage(failure: BaseException | None) -> bool:
    if isinstance(failure, PendingRollbackError):  # what was asked of a connection after it was lost
        return is_outage(failure.__context__)
    if not isinstance(failure, DBAPIError):
        return isinstance(failure, PoolTimeout)
    code = getattr(failure.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in _SQLITE
    state = getattr(failure.orig, "sqlstate", None)
    return failure.connection_invalidated or state is None or str(state)[:2] in _CLASSES
