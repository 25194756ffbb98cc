"""The forms of a customer's consents and wishes, and of a file of segments and values."""

import csv
import io
from decimal import Decimal, InvalidOperation

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, RadioField, SelectField
from wtforms.validators import InputRequired, Length

from app.customers.care_actions import ROWS_MAX, Figure
from app.customers.care_rules import WISHES_MAX
from app.customers.care_words import CHANNEL_WORDS, PURPOSE_WORDS, SOURCE_WORDS
from app.kernel.errors import BadInput
from app.kernel.money import BadMoney, Money
from app.ui.forms import Form, InstantField, OnceForm, ParagraphField, VersionField, options

BYTES_MAX = 1024 * 1024


class ConsentForm(OnceForm):
    purpose = SelectField(_l("What for"), [InputRequired()], choices=options(PURPOSE_WORDS.items()))
    given = RadioField(
        _l("What they said"), [InputRequired()], choices=options((("yes", _l("They agree")), ("no", _l("They don't"))))
    )
    source = SelectField(_l("How they said it"), [InputRequired()], choices=options(SOURCE_WORDS.items()))
    said_at = InstantField(_l("When they said it"))


class WishesForm(Form):
    channel = SelectField(_l("Would rather be answered"), choices=options(CHANNEL_WORDS.items(), empty=_l("No wish")))
    do_not_call = BooleanField(_l("Do not call"))
    wishes = ParagraphField(_l("What else they asked for"), [Length(max=WISHES_MAX)])
    version = VersionField()


class FiguresForm(Form):
    file = FileField(_l("File (.csv)"), [FileRequired()])
    only_check = BooleanField(_l("Only check, change nothing"))

    def figures(self) -> list[Figure]:
        raw: bytes = self.file.data.stream.read(BYTES_MAX + 1)
        return read_figures(raw)


def read_figures(raw: bytes) -> list[Figure]:
    """Read the columns customer, segment, value, currency; raises BadInput with a sentence per line that is wrong."""
    if len(raw) > BYTES_MAX:
        raise BadInput({"file": [str(_l("A file has at most 1 MB."))]})
    try:
        rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error):
        raise BadInput({"file": [str(_l("This is no UTF-8 file with commas between its columns."))]}) from None
    if not rows or "customer" not in rows[0] or not {"segment", "value"} & set(rows[0]):
        said = _l("The first line names the columns: customer, then segment, or value and currency.")
        raise BadInput({"file": [str(said)]})
    figures, mistakes = [], []
    for line, row in enumerate(rows[: ROWS_MAX + 1], start=2):
        try:
            figures.append(_figure(line, {name: (row.get(name) or "").strip() for name in _COLUMNS}))
        except ValueError as mistake:
            mistakes.append(str(_l("Line %(line)d: %(said)s", line=line, said=str(mistake))))
    if mistakes:
        raise BadInput({"file": mistakes[:20]})
    return figures


_COLUMNS = ("customer", "segment", "value", "currency")


def _figure(line: int, row: dict[str, str]) -> Figure:
    value = None
    if row["value"]:
        try:
            value = Money.of(Decimal(row["value"]), row["currency"].upper())
        except (InvalidOperation, BadMoney):
            raise BadMoney(str(_l("give a value such as 1250.00 and a currency such as GBP."))) from None
    if not row["customer"] or not (row["segment"] or value is not None):
        raise ValueError(str(_l("name a customer, and a segment or a value.")))
    return Figure(line, row["customer"], row["segment"].lower() or None, value)
