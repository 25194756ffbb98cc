"""The report channel of the outbox: measures with the reader's rights of this moment, and sends one mail."""

from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _

from app.insights import report_actions, report_queries, report_rules, report_sheet
from app.insights.queries import Part
from app.insights.report_models import ReportWish
from app.insights.report_sheet import Report
from app.kernel.database import db
from app.notifications.mail_delivery import send
from app.notifications.outbox_rules import Message
from app.people import queries as people
from app.ui.filters import date, locale_name
from app.ui.preferences import choose_locale
from config import Settings

_PAGES = {"overview": "/insights", "desk": "/insights/today"}


def deliver(message: Message, now: datetime) -> None:
    """Send one report. Whoever may not read it any more gets none: it is paused, and they are told so in their inbox."""
    sending_id = message.payload["sending"]
    found = report_queries.sending(sending_id)
    if found is None:
        db.session.rollback()
        return
    part = report_queries.part_for(found.wish, found.reader.actor, found.until)
    if part is None:
        db.session.rollback()
        report_actions.keep_back(sending_id=sending_id, now=now)
        return
    settings: Settings = current_app.extensions["makegood_settings"]
    site = people.site(found.reader.site_id)
    with force_locale(choose_locale(None, found.reader.locale or site.locale)):
        mail = compose(found.wish, part, ZoneInfo(site.time_zone), settings.base_url)
    db.session.rollback()
    mail["From"], mail["To"], mail["Date"] = settings.mail_from, found.reader.email, format_datetime(now)
    domain = settings.mail_from.rpartition("@")[2].rstrip(">")
    mail["Message-ID"] = f"<{message.key.replace(':', '.')}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    send(mail, settings, message, now)


def compose(wish: ReportWish, part: Part, zone: ZoneInfo, base_url: str) -> EmailMessage:
    """The mail without its addresses: text, the same as HTML, and what was asked to come with it."""
    measures = report_rules.measures_of(wish.report, wish.measure)
    report = report_sheet.report_of(report_sheet.title_of(wish.report, wish.measure), measures, part, zone)
    url, stop_url = base_url + page_of(wish), f"{base_url}/me/reports"
    mail = EmailMessage()
    mail["Subject"] = _(
        "%(report)s, %(place)s, to %(day)s", report=report.title, place=report.place, day=date(report.until, zone)
    )
    mail["List-Unsubscribe"] = f"<{stop_url}>"
    mail.set_content(_as_text(report, url, stop_url))
    html = report_sheet.render(
        "insights/report_mail.html", report=report, url=url, stop_url=stop_url, language=locale_name().replace("_", "-")
    )
    mail.add_alternative(html, subtype="html")
    name = f"makegood-{wish.measure or wish.report}-{part.until:%Y-%m-%d}"
    if wish.form == "csv":
        body, _count = report_sheet.as_csv(measures, part)
        mail.add_attachment(body, maintype="text", subtype="csv", filename=f"{name}.csv")
    elif wish.form == "pdf":
        mail.add_attachment(
            report_sheet.on_paper(report), maintype="application", subtype="pdf", filename=f"{name}.pdf"
        )
    return mail


def page_of(wish: ReportWish) -> str:
    """Where the same figures stand, as they are when somebody looks."""
    path = f"/insights/measures/{wish.measure}" if wish.measure else _PAGES[wish.report]
    chosen = {"site": wish.site_id, "team": wish.team_id, "period": wish.period}
    return f"{path}?{urlencode({key: value for key, value in chosen.items() if value is not None})}"


def _as_text(report: Report, url: str, stop_url: str) -> str:
    said = [report.title, report.place, f"{date(report.since, report.zone)} – {date(report.until, report.zone)}", ""]
    for section in report.sections:
        said += [str(section.measure.words).upper()]
        said += [
            f"  {line.label}: {'–' if line.value is None else line.value}" + (f" ({line.note})" if line.note else "")
            for line, _drawn in section.rows
        ] or [f"  {_('Nothing to compare in this period.')}"]
        said += [f"  {_('Not for')}: {section.measure.not_for}", ""]
    said += [_("Read it in Makegood"), url, "", _("Pause or stop this report"), stop_url]
    return "\n".join(said)
