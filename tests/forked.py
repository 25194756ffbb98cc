"""A child process forked from the test's own, application and all: hundreds of them cost what a dozen fresh interpreters do."""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from sqlalchemy import event

from app.kernel.database import db


def in_a_child(deed: Callable[[], object]) -> int:
    """Run it in a child and wait: its exit code, or minus the signal that killed it. It never comes back into the test."""
    db.session.remove()
    db.engine.dispose()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            deed()
            code = 0
        except BaseException as trouble:
            print(repr(trouble), file=sys.stderr)
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def die_at(statement: int) -> None:
    """Kill this process with SIGKILL when it sends its nth statement or commit from now on."""
    seen = 0

    def count(*_call: Any) -> None:
        nonlocal seen
        seen += 1
        if seen == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(db.engine, "before_cursor_execute", count)
    event.listen(db.engine, "commit", lambda _connection: count())
