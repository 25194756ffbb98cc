"""The page of one case, as its views, and rooms that write into it, show it."""

from typing import Any

from flask import render_template, request, url_for

from app.cases import queries, rules, timeline_sheet, words
from app.cases.forms import ReplyForm, TextForm
from app.cases.queries import CasePage
from app.kernel.errors import NotFound
from app.kernel.paging import Page, decode_cursor
from app.kernel.time import utc_now
from app.messages.forms import MailForm
from app.messages.panel import mail_panel
from app.people.access import can, me, my_scope
from app.policies import queries as policies
from app.portal.panel import customer_panel
from app.remedies import panel as remedies_panel
from app.remedies import queries as remedies
from app.remedies import words as remedy_words
from app.remedies.redress_panel import owed_forms
from app.remedies.redress_queries import owed_in_case
from app.sla import queries as sla


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
    hers = customer_panel(page, given, now)
    is_whole = not kinds and not decode_cursor(cursor) and events.next_cursor is None
    return render_template(
        "cases/show.html",
        page=page,
        case=case,
        lines=timeline_sheet.lines(page, events.rows, names, mails),
        counts=timeline_sheet.counts(events.rows) if is_whole else {},
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
        files=hers.files,
        may_add=can("cases.write"),
        add_url=url_for("attachments.add_to_case", ref=page.ref),
        back_url=url_for("cases.show", ref=page.ref),
        remedies=given,
        remedy_states=remedy_words.STATES,
        kind_names=names,
        hers=hers,
        reply=reply or ReplyForm(formdata=None),
        note=note or TextForm(formdata=None),
        mail=mails,
        tab=tab,
        customer_name=timeline_sheet.first_name(page.customer),
        words=words,
        now=now,
    )


def _older(ref: str, cursor: str | None, chip: str | None) -> str | None:
    return url_for("cases.show", ref=ref, before=cursor, show=chip) if cursor else None


def next_due(page: CasePage, clocks: list[Any]) -> Any:
    """The open clock that is due first, for the chip in the head; None when there is none."""
    running = [clock for clock in clocks if clock.is_open and clock.due_at is not None]
    return min(running, key=lambda clock: (clock.due_at, clock.id), default=None)
