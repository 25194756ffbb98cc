"""Child processes forked from the test's own, application and all: hundreds of them cost what a dozen fresh interpreters do."""

import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
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


def at_once(deeds: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run each deed in a child of its own, all from the same moment on; what each returned, which travels as JSON."""
    db.session.remove()
    db.engine.dispose()
    wait, go = os.pipe()
    children = []
    for deed in deeds:
        answer, say = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(go)
            _say(deed, wait, say)
        os.close(say)
        children.append((child, answer))
    os.close(wait)
    os.close(go)  # nobody holds this end any more: all children read on
    found = []
    for child, answer in children:
        with os.fdopen(answer, "rb") as stream:
            said = stream.read()
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        found.append(json.loads(said))
    return found


def _say(deed: Callable[[], Any], wait: int, say: int) -> None:
    """In the child: wait for the start, do the deed and end; it never comes back into the test."""
    code = 1
    try:
        os.read(wait, 1)
        with os.fdopen(say, "wb") as stream:
            stream.write(json.dumps(deed()).encode())
        code = 0
    except BaseException as trouble:
        print(repr(trouble), file=sys.stderr)
    finally:
        os._exit(code)


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
