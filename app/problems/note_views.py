"""The note to the customers of a fixed cause: written, looked at, sent; and the link by which a customer wants no more."""

from email.message import EmailMessage

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from app.customers.models import Customer
from app.kernel.actor import customer as customer_actor
from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.time import utc_now
from app.people import queries as people
from app.people.access import me, my_scope, needs, public
from app.people.refusal_wiring import of_refusal
from app.problems import queries, telling_actions, words
from app.problems.blueprint import HERS, bp
from app.problems.delivery import compose, stopping
from app.problems.forms import NoteForm
from app.problems.queries import CauseView
from app.problems.rules import PURPOSE, Audience, language_for
from app.ui import shell
from app.ui.preferences import LANGUAGES, choose_locale, language_on_file


@bp.get("/causes/<ref>/note")
@needs("causes.fix")
def note(ref: str) -> str:
    found = _fixed(ref)
    form = NoteForm(formdata=None)
    known = queries.newest_words(found.cause.id)
    if not known and found.fix:
        known = {language_on_file(found.locale) or "en": found.fix.done}
    for language, text in known.items():
        form[f"words_{language}"].data = text
    return _page(found, form)


@bp.post("/causes/<ref>/note")
@needs("causes.fix")
def tell(ref: str) -> ResponseReturnValue:
    """Look at the note first; what was looked at, and only that, can be sent."""
    found, form = _fixed(ref), NoteForm()
    if not form.validate():
        return _page(found, form), 422
    try:
        said = telling_actions.check_words(form.words())
    except BadInput as mistake:
        form.take(mistake)
        return _page(found, form), 422
    mark = telling_actions.mark_of(said)
    if "send" not in request.form or form.seen.data != mark:
        form.seen.data, form.seen.raw_data = mark, None
        return _page(found, form, said)
    try:
        told = telling_actions.tell(cause_id=found.cause.id, words=said, actor=me(), now=utc_now())
    except NotFound:
        raise
    except Refusal as refusal:
        form.refuse(refusal)
        return _page(found, form), refusal.status
    sentence = ngettext("%(num)d customer is told.", "%(num)d customers are told.", told.count)
    flash(sentence if not told.left else _("%(said)s Press again for the next.", said=sentence), "good")
    return redirect(url_for("problems.show", ref=ref, _anchor="notes"), 303)


@bp.get("/updates/<token>")
@public("the link of a customer's mail by which they want no more notes; its token is signed, and a button does it")
def stop(token: str) -> str:
    hers = _hers(token)
    return render_template("problems/stop.html", hers=hers, token=token, is_done=False)


@bp.post("/updates/<token>")
@public("takes a customer's no to further notes; the signed token names them")
def stop_updates(token: str) -> str:
    hers = _hers(token)
    actor = customer_actor(f"CU-{hers.id}", hers.site_id).through(g.get("request_id", ""), request.remote_addr)
    telling_actions.stop_updates(customer_id=hers.id, site_id=hers.site_id, actor=actor, now=utc_now())
    return render_template("problems/stop.html", hers=_hers(token), token=token, is_done=True)


@bp.errorhandler(NotFound)
def nothing(refusal: NotFound) -> ResponseReturnValue:
    """One answer to a customer for a link that was guessed, in a customer's words and not the desk's."""
    if request.endpoint not in HERS:
        return of_refusal(refusal)
    return render_template("problems/nothing.html"), 404


def _hers(token: str) -> Customer:
    hers = stopping(token)
    if hers is None:
        raise NotFound
    site = people.site(hers.site_id) if hers.site_id else None
    accepted = request.accept_languages.best_match(list(LANGUAGES))
    language = shell.preferences().language or language_on_file(hers.language) or accepted
    shell.speak(choose_locale(language, site.locale if site else None), site.time_zone if site else "UTC")
    return hers


def _fixed(ref: str) -> CauseView:
    found = queries.view(ref, my_scope("causes.fix"))
    if found is None or found.fix is None:
        raise NotFound
    if found.cause.site_id is None and my_scope("causes.fix").kind != "company":
        raise NotFound
    return found


def _page(found: CauseView, form: NoteForm, said: dict[str, str] | None = None) -> str:
    """said: words that can be sent, shown as the mail that each language makes of them."""
    audience = queries.audience_of(found.cause.id)
    return render_template(
        "problems/note.html",
        found=found,
        form=form,
        audience=audience,
        words=words,
        mails=_mails(found, audience, said) if said else (),
        purpose=PURPOSE,
    )


def _mails(found: CauseView, audience: Audience, said: dict[str, str]) -> list[tuple[str, int, EmailMessage]]:
    """The mail in each language: its name, how many get it so, and how it reads for the first of them."""
    locale, shown = found.locale or "en", []
    for language, text in said.items():
        gets = [one for one in audience.gets if language_for(one.language, one.site_locale, said) == language]
        name = gets[0].name if gets else "…"
        mail = compose(name, found.site or "…", locale, "MG-…", language, text, "https://…")
        shown.append((LANGUAGES[language], len(gets), mail))
    return shown
