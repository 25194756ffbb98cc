"""What is typed about payouts: the proof, the payment, the reason, and which way is taken where."""

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectField
from wtforms.validators import InputRequired, Length

from app.remedies.payout_actions import NOTE_CHARACTERS_MAX, REFERENCE_CHARACTERS_MAX
from app.ui.forms import Form, InstantField, LineField, ParagraphField


class ProofForm(Form):
    """That it was paid by hand."""

    reference = LineField(
        _l("Receipt, voucher or transfer number"), [InputRequired(), Length(max=REFERENCE_CHARACTERS_MAX)]
    )
    done_at = InstantField(_l("When was it done?"), [InputRequired()])
    text = ParagraphField(_l("Note"), [Length(max=NOTE_CHARACTERS_MAX)])
    is_checked = BooleanField(_l("I looked at the provider: it has not paid this."))


class PaymentForm(Form):
    """Which payment of the customer is refunded."""

    payment_ref = LineField(_l("Payment to refund"), [InputRequired(), Length(max=80)])


class AbandonForm(Form):
    """Why nobody tries any more."""

    reason = LineField(_l("Why is it given up?"), [InputRequired(), Length(max=NOTE_CHARACTERS_MAX)])


class RouteForm(Form):
    """Which way a kind of remedy is paid at a site."""

    site_id = SelectField(_l("Site"))
    kind = SelectField(_l("Remedy"))
    connector = SelectField(_l("Paid out"), [InputRequired()])
