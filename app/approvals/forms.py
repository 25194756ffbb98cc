"""What a decision says."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField
from wtforms.validators import AnyOf, InputRequired, Length

from app.approvals.queries import RequestRow
from app.approvals.writing import REASON_CHARACTERS_MAX
from app.kernel.money import Money
from app.ui.forms import Form, IntentField, MoneyField, OnceForm, ParagraphField


class DecisionForm(Form):
    """Approve, approve less, or decline. The amount is asked only for less, the reason is required only to decline."""

    outcome = HiddenField(validators=[InputRequired(), AnyOf(("approved", "less", "declined"))])
    amount = MoneyField(_l("Amount"))
    reason = ParagraphField(_l("Why?"), [Length(max=REASON_CHARACTERS_MAX)])

    @classmethod
    def about(cls, asked: Money, name: str, *, is_sent: bool) -> "DecisionForm":
        """One of the page's two forms, `less` or `declined`; only the one that was sent reads what was typed."""
        form = cls() if is_sent else cls(formdata=None)
        form.amount.currency = asked.currency
        for field in form:
            field.id = f"{name}-{field.id}"
            field.label.field_id = field.id
        return form

    def validate(self, extra_validators: Any = None) -> bool:
        sound = bool(super().validate(extra_validators))
        if self.outcome.data == "less" and self.amount.data is None and not self.amount.errors:
            self.amount.errors = [str(_l("Type the amount that you approve."))]
        if self.outcome.data == "declined" and not self.reason.data:
            self.reason.errors = [str(_l("Say why, in a sentence."))]
        return sound and not (self.amount.errors or self.reason.errors)

    @property
    def granted(self) -> Money | None:
        """The amount to approve, or None for the whole and for a refusal."""
        found: Money | None = self.amount.data if self.outcome.data == "less" else None
        return found


class TalkForm(OnceForm):
    """A question about a request, or the answer."""

    text = ParagraphField(_l("Message"), [InputRequired(), Length(max=REASON_CHARACTERS_MAX)])

    @classmethod
    def about(cls, *, is_sent: bool) -> "TalkForm":
        return cls() if is_sent else cls(formdata=None)


class AmendForm(Form):
    """Another amount, or another reason."""

    amount = MoneyField(_l("Amount"), [InputRequired()])
    reason = ParagraphField(_l("Why is more needed?"), [InputRequired(), Length(max=REASON_CHARACTERS_MAX)])

    @classmethod
    def about(cls, row: RequestRow, *, is_sent: bool) -> "AmendForm":
        form = cls() if is_sent else cls(formdata=None, data={"amount": row.amount, "reason": row.reason})
        form.amount.currency = row.currency
        for field in form:
            field.id = f"amend-{field.id}"
            field.label.field_id = field.id
        return form


class PartForm(Form):
    """Give now what lies within one's own authority. part: the minor units that the page showed."""

    part = HiddenField(validators=[InputRequired()])
    intent = IntentField()

    @classmethod
    def about(cls, _row: RequestRow, sheet: object = None, *, is_sent: bool) -> "PartForm":
        return cls() if is_sent else cls(formdata=None)
