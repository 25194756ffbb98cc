"""What every form of this room does with its deed: go on when it is done, or come back with what was typed."""

from collections.abc import Callable

from flask import flash, redirect
from flask.typing import ResponseReturnValue

from app.kernel.errors import BadInput, Conflict, NotFound, Refusal
from app.ui.forms import Form


def submit(
    form: Form,
    page: Callable[[], str],
    deed: Callable[[], object],
    *,
    done: str,
    url: str,
    stale: Callable[[], str] | None = None,
) -> ResponseReturnValue:
    """Do what the form says and go to `url`, or show `page` again with what was typed and why not.

    stale: the page for what somebody else changed meanwhile, where there is more to say than that.
    """
    status = 422
    if form.validate():
        try:
            deed()
        except BadInput as mistake:
            form.take(mistake)
        except NotFound:
            raise
        except Refusal as refusal:
            if stale and isinstance(refusal, Conflict):
                return stale(), refusal.status
            form.refuse(str(refusal))
            status = refusal.status
        else:
            flash(done, "good")
            return redirect(url, 303)
    return page(), status
