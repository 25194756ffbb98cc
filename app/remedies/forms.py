"""What is typed about a remedy: the offer, and the reason of what ends it."""

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, RadioField, SelectField
from wtforms.validators import InputRequired, Length

from app.kernel.money import Money
from app.policies.queries import KindRow
from app.remedies.actions import REASON_CHARACTERS_MAX
from app.ui.forms import Form, IntentField, LineField, MoneyField, ParagraphField, options


class OfferForm(Form):
    """An offer, or the request for an exception when it is above one's own authority: the same form."""

    kind = SelectField(_l("Remedy"), [InputRequired()])
    amount = MoneyField(_l("Amount"))
    nature = RadioField(
        _l("Why it is given"),
        choices=options((("goodwill", _l("As goodwill")), ("redress", _l("Owed by law or contract")))),
        default="goodwill",
    )
    reason = ParagraphField(_l("Reason"), [Length(max=REASON_CHARACTERS_MAX)])
    part = BooleanField(_l("Give what I may at once, and ask for the rest"))
    intent = IntentField()

    def prepare(self, kinds: Sequence[KindRow], currency: str) -> "OfferForm":
        """Say what can be chosen at this site; before validate() and before rendering."""
        self.kind.choices = options((kind.code, kind.name) for kind in kinds)
        self.amount.currency = currency
        for field in self:
            # The case page holds other forms, so that plain names would meet.
            if not field.id.startswith("can-"):
                field.id = f"can-{field.id}"
                field.label.field_id = field.id
        if self.kind.data is None and kinds:
            self.kind.data = kinds[0].code
        return self

    def part_now(self, most: Money | None) -> Money | None:
        """The part to give at once, as the page said it when the form was shown; else what may be given now."""
        if not self.part.data:
            return None
        told = str((self.part.raw_data or [""])[0])
        if told.isascii() and told.isdigit() and len(told) <= 13:
            return Money(int(told), self.amount.currency)
        return most

    def money(self, kinds: Sequence[KindRow], currency: str) -> Money | None:
        """What is offered: nothing for a remedy that isn't money, None when the amount is missing."""
        chosen = next((kind for kind in kinds if kind.code == self.kind.data), None)
        if chosen is not None and not chosen.monetary:
            return Money(0, currency)
        amount: Money | None = self.amount.data
        return amount


class ReasonForm(Form):
    """Why a remedy ends."""

    reason = LineField(_l("Reason"), [Length(max=500)])


class AcceptForm(ReasonForm):
    """What the customer accepted; nothing typed means all of it."""

    amount = MoneyField(_l("Accepted amount"))
