"""Mail that belongs nowhere yet, one mail as it came, and the mailboxes of the sites."""

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.cases import queries as cases
from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.paging import Page
from app.kernel.references import ref
from app.kernel.time import utc_now
from app.messages import mail_in_rules as reading
from app.messages import mail_queries as mails
from app.messages import sort_actions
from app.messages.blueprint import bp
from app.messages.forms import MailboxForm, SortForm
from app.messages.mail_queries import MailRow
from app.messages.mailbox_actions import set_mailbox
from app.messages.stores import ORIGINALS
from app.messages.words import NOTE_WORDS, WHY_WORDS
from app.people import queries as people
from app.people.access import me, my_scope, needs
from app.ui.forms import options


@bp.get("/mails")
@needs("mails.sort")
def unsorted() -> str:
    found = mails.unsorted(my_scope("mails.sort"), Page.of(request.args.get("after"), 50))
    next_url = url_for("messages.unsorted", after=found.next_cursor) if found.next_cursor else None
    return render_template("messages/mails.html", mails=found.rows, next_url=next_url, why=WHY_WORDS)


@bp.get("/mails/<int:mail_id>")
@needs("mails.sort")
def show_mail(mail_id: int) -> str:
    return _page(_found(mail_id), SortForm(formdata=None))


@bp.post("/mails/<int:mail_id>/sorting")
@needs("mails.sort")
def sort(mail_id: int) -> ResponseReturnValue:
    """Open a case, join one, or set the mail aside; the button says which."""
    row, form = _found(mail_id), _offer(SortForm())
    try:
        case_ref = _sort(row, form, request.form.get("deed", ""))
    except BadInput as mistake:
        form.take(mistake)
        return _page(row, form), 422
    except Refusal as refusal:
        form.refuse(refusal)
        return _page(_found(mail_id), form), refusal.status
    flash(_("The mail has its place."), "good")
    return redirect(url_for("cases.show", ref=case_ref) if case_ref else url_for("messages.unsorted"), 303)


def _sort(row: MailRow, form: SortForm, deed: str) -> str | None:
    actor, now = me(), utc_now()
    if deed == "aside":
        sort_actions.set_aside(mail_id=row.id, actor=actor, now=now)
        return None
    if deed == "join":
        return sort_actions.join(mail_id=row.id, case_ref=form.case.data or "", actor=actor, now=now).ref
    site_id = row.site_id or actor.site_id
    if not form.category_id.validate(form) or not form.severity.validate(form) or site_id is None:
        raise BadInput({})
    return sort_actions.open_case(
        mail_id=row.id, site_id=site_id, category_id=form.category_id.data, severity=int(form.severity.data),
        actor=actor, now=now,
    ).ref  # fmt: skip


@bp.get("/mails/<int:mail_id>/original")
@needs("mails.sort")
def original(mail_id: int) -> Response:
    """Give the original out, always as a download of a type that nothing runs."""
    row = _found(mail_id)
    raw = ORIGINALS.get(row.stored_as) if row.stored_as else None
    if raw is None:
        raise NotFound
    answer = Response(raw, mimetype="application/octet-stream")
    answer.headers["Content-Disposition"] = f'attachment; filename="mail-{row.id}.eml"'
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'; sandbox"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _found(mail_id: int) -> MailRow:
    row = mails.mail(mail_id, my_scope("mails.sort"))
    if row is None:
        raise NotFound
    return row


def _page(row: MailRow, form: SortForm) -> str:
    raw = ORIGINALS.get(row.stored_as) if row.stored_as else None
    came = reading.read(raw) if raw is not None else None
    return render_template(
        "messages/mail.html",
        mail=row,
        came=came,
        notes=[NOTE_WORDS[note] for note in came.notes if note in NOTE_WORDS] if came else [],
        why=WHY_WORDS.get(row.why, ""),
        case_ref=ref("case", row.case_id) if row.case_id else None,
        form=_offer(form),
        hers=mails.open_cases_of(row.sender, row.site_id) if row.sorted_at is None else (),
    )


def _offer(form: SortForm) -> SortForm:
    form.category_id.choices = options(
        ((one.id, one.name) for one in cases.categories(active_only=True)), empty=_("Choose")
    )
    return form


@bp.get("/settings/mailboxes")
@needs("mails.settings")
def mailboxes() -> str:
    return render_template("messages/mailboxes.html", rows=mails.mailboxes())


@bp.route("/settings/mailboxes/<int:site_id>", methods=["GET", "POST"])
@needs("mails.settings")
def mailbox(site_id: int) -> ResponseReturnValue:
    row = next((one for one in mails.mailboxes() if one.site_id == site_id), None)
    if row is None:
        raise NotFound
    form = MailboxForm(obj=row)
    form.category_id.choices = options(
        ((one.id, one.name) for one in cases.categories(active_only=True)), empty=_("None: somebody sorts such mail")
    )
    if request.method == "GET":
        form.name.data = row.name or row.site
        form.severity.data = str(row.severity if row.severity is not None else 2)
    elif form.validate():
        try:
            set_mailbox(
                site_id=site_id, address=form.address.data or "", name=form.name.data or "",
                category_id=form.category_id.data, severity=int(form.severity.data), version=form.version.data,
                actor=me(), now=utc_now(),
            )  # fmt: skip
            flash(_("The mailbox of %(site)s is saved.", site=row.site), "good")
            return redirect(url_for("messages.mailboxes"), 303)
        except BadInput as mistake:
            form.take(mistake)
    return render_template("messages/mailbox.html", form=form, row=row, sites=people.sites()), (
        422 if request.method == "POST" else 200
    )
