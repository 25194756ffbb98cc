"""What a case has for the places of a template, in the customer's language."""

from datetime import datetime

from flask_babel import force_locale

from app.cases.queries import CasePage
from app.kernel.money import Money
from app.messages.template_queries import TemplateRow
from app.messages.template_rules import Filled, fill
from app.people import queries as people
from app.people.access import me
from app.portal.link_queries import link_of, url_of
from app.promises import queries as promises
from app.remedies import queries as remedies
from app.sla import queries as sla
from app.ui.filters import date, money

SAMPLE = {
    "customer_name": "Cleo Marchetti", "case_ref": "MG-2041", "what_happened": "The air conditioning failed overnight.",
    "site": "Quayside", "my_name": "Ana Ruiz", "due_on": "12 March", "promise": "a quiet room from tonight",
    "remedy": "€80.00", "page_link": "https://makegood.example/c/…",
}  # fmt: skip


def fill_for(row: TemplateRow, page: CasePage, language: str | None, now: datetime) -> Filled | None:
    """Fill a template for a case in her language, else the site's; None for a template without words."""
    text = row.text_in([one for one in (language, page.locale) if one])
    if text is None:
        return None
    with force_locale(text.language):
        return fill(text.subject, text.body, values_of(page, now))


def values_of(page: CasePage, now: datetime) -> dict[str, str]:
    """A value for each place; "" where the case has none."""
    case = page.case
    names = people.names([me().id])
    due = min((one.due_at for one in sla.clocks_of_case(case.id, now) if one.is_open and one.due_at), default=None)
    open_promises = [one for one in promises.of_case(case.id, now) if one.is_open]
    given = [one for one in remedies.remedies_of_case(case.id) if one.state in ("reserved", "settled")]
    link = link_of(case.id)
    return {
        "customer_name": page.customer or "",
        "case_ref": page.ref,
        "what_happened": case.summary,
        "site": page.site,
        "my_name": names.get(me().id or 0, ""),
        "due_on": date(due, page.time_zone) if due else "",
        "promise": open_promises[0].what if open_promises else "",
        "remedy": money(Money(given[-1].amount_minor, given[-1].currency)) if given and given[-1].amount_minor else "",
        "page_link": url_of(case.id, link.serial) if link else "",
    }
