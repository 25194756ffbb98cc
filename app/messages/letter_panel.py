"""What a letter about a case begins from, and how it would look."""

from datetime import datetime

from flask_babel import force_locale
from markupsafe import Markup

from app.cases.queries import CasePage
from app.customers.models import Customer
from app.kernel.database import db
from app.messages import letter_actions as letters
from app.messages import letter_queries, letter_rules
from app.messages.filling_panel import SAMPLE, values_of
from app.messages.letter_printing import Sheet, body_of
from app.messages.letter_queries import TextRow
from app.messages.letter_rules import Words
from app.people.access import me
from app.policies import queries as policies
from app.remedies import queries as remedies
from app.ui.filters import date, money


def begin(page: CasePage, kind: str, language: str | None, now: datetime) -> tuple[TextRow, Words, tuple[str, ...]]:
    """The words of a kind, filled from the case; and what the case has nothing for."""
    customer = db.session.get(Customer, page.case.customer_id) if page.case.customer_id else None
    row = letter_queries.newest(kind, language or (customer.language if customer else None) or page.locale)
    with force_locale(row.language):
        values = {**values_of(page, now), "remedy": _given(page.case.id, kind)}
        words, missing = letter_rules.filled(row.words, values)
    return row, words, missing


def _given(case_id: int, kind: str) -> str:
    """Every remedy that she has or is offered, one on each line; a receipt names those that she has."""
    names = {one.code: one.name for one in policies.kinds()}
    states = ("settled",) if kind == "receipt" else ("settled", "reserved")
    found = [one for one in remedies.remedies_of_case(case_id) if one.state in states and not one.historic]
    said = []
    for one in sorted(found, key=lambda row: row.id):
        name = names.get(one.kind, one.kind)
        what = f"{money(one.amount)} ({name})" if one.amount_minor else name
        said.append(f"{what}, {one.ref}" if kind == "receipt" else what)
    return ("\n" if kind == "receipt" else ", ").join(said)


def preview(page: CasePage, words: Words, language: str, now: datetime) -> Markup:
    """The letter as it would be printed."""
    customer = db.session.get(Customer, page.case.customer_id) if page.case.customer_id else None
    sheet = letters.sheet_of(case=page.case, words=words, language=language, actor=me(), now=now, customer=customer)
    with force_locale(language):
        return body_of(sheet)


def sample(words: Words, language: str, now: datetime) -> Markup:
    """What Cleo would read of words to begin from."""
    with force_locale(language):
        shown, _missing = letter_rules.filled(words, SAMPLE)
        signed = (SAMPLE["my_name"], SAMPLE["site"])
        sheet = Sheet(
            SAMPLE["site"], SAMPLE["customer_name"], date(now, form="long"), SAMPLE["case_ref"], language, shown, signed
        )
        return body_of(sheet)
