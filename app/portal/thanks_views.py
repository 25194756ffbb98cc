"""A customer thanks whoever put it right, from their page or after a survey."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.time import utc_now
from app.kernel.transactions import transaction
from app.people.access import public
from app.portal import throttle_actions
from app.portal.blueprint import bp
from app.portal.forms import ThanksForm
from app.portal.link_queries import Visit
from app.portal.page_views import page_of
from app.portal.rules import WRITTEN
from app.portal.visits import keep, visit_of, who
from app.reviews import recognition_actions as recognition
from app.reviews import recognition_queries


@bp.post("/your-case/<ref>/thanks")
@public("a customer thanks somebody in their own case; the visit's signed cookie names it")
def thank(ref: str) -> ResponseReturnValue:
    visit, form = visit_of(ref), ThanksForm()
    if not form.validate():
        return keep(visit, (page_of(visit, thanks=form), 422))
    try:
        _pass_on(visit, form)
    except BadInput as mistake:
        form.take(mistake)
        return keep(visit, (page_of(visit, thanks=form), 422))
    except NotFound:
        raise
    except Refusal as refusal:
        return keep(visit, (page_of(visit, told=str(refusal)), refusal.status))
    flash(_("We have passed on your thanks."), "good")
    return keep(visit, redirect(url_for("portal.page", ref=visit.ref), 303))


def _pass_on(visit: Visit, form: ThanksForm) -> None:
    now = utc_now()
    receiver_id = recognition_queries.whom_to_thank(visit.case_id)
    if receiver_id is None:
        raise recognition.CustomerThankedAlready
    throttle_actions.refuse_when_spent(f"written:{visit.case_id}", WRITTEN, now)
    with transaction():
        throttle_actions.count(f"written:{visit.case_id}", WRITTEN, now)
        recognition.thank_as_customer(
            case_id=visit.case_id,
            receiver_id=receiver_id,
            text=form.text.data or "",
            origin="page",
            actor=who(visit),
            now=now,
        )
