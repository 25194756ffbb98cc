"""One case: its page, and what is written straight into it."""

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.attachments import queries as attachments
from app.cases import actions as cases
from app.cases import queries, rules, timeline_views, words
from app.cases.blueprint import bp
from app.cases.forms import ReplyForm, TextForm
from app.cases.queries import CasePage
from app.kernel.errors import BadInput, NotFound
from app.kernel.paging import Page, decode_cursor
from app.kernel.time import utc_now
from app.messages import actions as messages
from app.messages.forms import MailForm
from app.messages.panel import mail_panel
from app.people.access import can, me, my_scope, needs
from app.policies import queries as policies
from app.portal.panel import customer_panel
from app.remedies import panel as remedies_panel
from app.remedies import queries as remedies
from app.remedies import words as remedy_words
from app.remedies.redress_panel import owed_forms
from app.remedies.redress_queries import owed_in_case
from app.sla import queries as sla
from app.ui.preferences import safe_next


@bp.get("/cases/<ref>")
@needs("cases.read")
def show(ref: str) -> str:
    return page_of(ref)


@bp.post("/cases/<ref>/notes")
@needs("cases.write")
def add_note(ref: str) -> ResponseReturnValue:
    page, form = found(ref), TextForm()
    if _wrote(form, lambda text: cases.add_note(case_id=page.case.id, text=text, actor=me(), now=utc_now())):
        flash(_("The note is saved."), "good")
        return redirect(url_for("cases.show", ref=page.ref, _anchor="end"), 303)
    return page_of(ref, note=form, tab="note"), 422


@bp.post("/cases/<ref>/replies")
@needs("cases.write")
def add_reply(ref: str) -> ResponseReturnValue:
    page, form = found(ref), ReplyForm()

    def write(text: str) -> None:
        messages.send(case_id=page.case.id, text=text, channel=form.channel.data, actor=me(), now=utc_now())

    if _wrote(form, write):
        flash(_("Your reply is recorded."), "good")
        return redirect(url_for("cases.show", ref=page.ref, _anchor="end"), 303)
    return page_of(ref, reply=form, tab="reply"), 422


def _wrote(form: TextForm, write: Callable[[str], None]) -> bool:
    """Write what was typed; False when it can't be, and the form says why."""
    if form.validate():
        try:
            write(form.text.data or "")
        except BadInput as refusal:
            form.take(refusal)
        else:
            return True
    return False


@bp.post("/cases/<ref>/acknowledgement")
@needs("cases.write")
def acknowledge(ref: str) -> ResponseReturnValue:
    page = found(ref)
    cases.acknowledge(case_id=page.case.id, actor=me(), now=utc_now(), channel=page.case.channel)
    flash(_("Acknowledged."), "good")
    return redirect(url_for("cases.show", ref=page.ref), 303)


@bp.post("/cases/<ref>/ownership")
@needs("cases.write")
def take(ref: str) -> ResponseReturnValue:
    """Assign to me, in one click."""
    page, actor = found(ref), me()
    team_id = page.case.team_id or (actor.team_id if actor.site_id == page.case.site_id else None)
    cases.assign(case_id=page.case.id, owner_id=actor.id, team_id=team_id, actor=actor, now=utc_now())
    flash(_("%(ref)s is yours.", ref=page.ref), "good")
    return redirect(safe_next(request.form.get("next") or url_for("cases.show", ref=page.ref)), 303)


def found(ref: str) -> CasePage:
    """The case of an address within the reader's scope; anything else answers like one that doesn't exist."""
    page = queries.case_page(ref, my_scope("cases.read"))
    if page is None:
        raise NotFound
    return page


def page_of(
    ref: str,
    *,
    reply: ReplyForm | None = None,
    note: TextForm | None = None,
    mail: MailForm | None = None,
    filled: tuple[str, str] | None = None,
    tab: str = "",
) -> str:
    """Render the case; the forms of a mistake keep what was typed."""
    now, page = utc_now(), found(ref)
    case = page.case
    chip = request.args.get("show", "all")
    kinds = words.TIMELINE_KINDS.get(chip)
    cursor = request.args.get("before")
    events = queries.events(case.id, Page.of(cursor, queries.EVENTS_SHOWN), kinds)
    given = remedies.remedies_of_case(case.id)
    panel = remedies_panel.panel_for(case, me(), now) if can("decisions.ask") else None
    names = panel.kind_names if panel else {row.code: row.name for row in policies.kinds()}
    clocks = sla.clocks_of_case(case.id, now)
    mails = mail_panel(page, mail, filled)
    is_whole = not kinds and not decode_cursor(cursor) and events.next_cursor is None
    return render_template(
        "cases/show.html",
        page=page,
        case=case,
        lines=timeline_views.lines(page, events.rows, names, mails),
        counts=timeline_views.counts(events.rows) if is_whole else {},
        chip=chip if kinds else "all",
        chips=words.TIMELINE_WORDS,
        older_url=_older(ref, events.next_cursor, chip if kinds else None),
        is_newest=not decode_cursor(cursor),
        clocks=clocks,
        due=next_due(page, clocks),
        deeds=rules.deeds(case.state) if can("cases.write") else (),
        panel=panel,
        owed=owed_in_case(case, now) if panel else (),
        owed_forms=owed_forms,
        files=attachments.files_of("case", case.id),
        may_add=can("cases.write"),
        add_url=url_for("attachments.add_to_case", ref=page.ref),
        back_url=url_for("cases.show", ref=page.ref),
        remedies=given,
        remedy_states=remedy_words.STATES,
        kind_names=names,
        hers=customer_panel(page, given, now),
        reply=reply or ReplyForm(formdata=None),
        note=note or TextForm(formdata=None),
        mail=mails,
        tab=tab,
        customer_name=timeline_views.first_name(page.customer),
        words=words,
        now=now,
    )


def _older(ref: str, cursor: str | None, chip: str | None) -> str | None:
    return url_for("cases.show", ref=ref, before=cursor, show=chip) if cursor else None


def next_due(page: CasePage, clocks: list[Any]) -> Any:
    """The open clock that is due first, for the chip in the head; None when there is none."""
    running = [clock for clock in clocks if clock.is_open and clock.due_at is not None]
    return min(running, key=lambda clock: (clock.due_at, clock.id), default=None)
