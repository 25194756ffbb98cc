"""How one's own notices arrive: each as a mail, one a day, or only in the inbox; and when nothing is sent."""

from typing import Any

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import RadioField
from wtforms.validators import InputRequired, Length, Optional

from app.kernel.errors import Refusal
from app.kernel.time import utc_now
from app.notifications import mail_actions
from app.notifications.blueprint import bp
from app.people.access import me, needs
from app.ui.forms import Form, LineField, VersionField, options

MODE_WORDS = (
    ("each", _l("One mail each, at once")),
    ("digest", _l("One mail a day")),
    ("off", _l("No mail, only the inbox")),
)


class NoticesForm(Form):
    """What one person wants."""

    version = VersionField()
    mail = RadioField(_l("Warnings and breaches"), choices=lambda: options(MODE_WORDS))
    quiet_from = LineField(_l("No mail from"), validators=[Optional(), Length(max=5)])
    quiet_to = LineField(_l("No mail until"), validators=[Optional(), Length(max=5)])
    digest_at = LineField(_l("The day's mail at"), validators=[InputRequired(), Length(max=5)])


@bp.get("/me/notices")
@needs("profile.write")
def preferences() -> str:
    return _page(None)


@bp.post("/me/notices")
@needs("profile.write")
def prefer() -> Response | tuple[str, int]:
    form, status = NoticesForm(), 422
    if form.validate():
        try:
            mail_actions.prefer(
                mail=form.mail.data,
                quiet_from=form.quiet_from.data,
                quiet_to=form.quiet_to.data,
                digest_at=form.digest_at.data or "",
                version=form.version.data,
                actor=me(),
                now=utc_now(),
            )
        except Refusal as refusal:
            status = form.take(refusal)
        else:
            flash(_("Your notices will arrive like this."), "good")
            return redirect(url_for("notifications.preferences"), 303)
    return _page(form), status


def _page(form: Any) -> str:
    actor = me()
    held = mail_actions.held_wish(actor.id or 0)
    wish = held.wish
    fresh = {"mail": wish.mail, "quiet_from": wish.quiet_from, "quiet_to": wish.quiet_to, "digest_at": wish.digest_at}
    return render_template(
        "notifications/preferences.html",
        form=form or NoticesForm(formdata=None, version=held.version, **fresh),
        zone=wish.zone,
        is_mail_on=mail_actions.is_mail_on(),
    )
