"""What is typed to prove or add a second factor. Their own fields begin with `proof_`, apart from those of a deed kept."""

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import InputRequired, Length

from app.ui.forms import Form, LineField, strip_line


class ProofForm(Form):
    """A code of the authenticator, or a recovery code: told apart by how they look."""

    proof_code = StringField(_l("Code"), [InputRequired(), Length(max=40)], filters=(strip_line,))


class EnrolForm(ProofForm):
    """The phrase is asked of who has one; others have just come in by the company's account."""

    proof_phrase = PasswordField(_l("Your pass phrase"), [Length(max=512)])
    proof_sealed = HiddenField(validators=[InputRequired(), Length(max=500)])
    proof_replaces = HiddenField(validators=[Length(max=3)])


class PasskeyForm(Form):
    """What is said about a new passkey. The phrase is asked of who has no second factor yet; others have proved theirs."""

    proof_name = LineField(_l("Name of the device"), [InputRequired(), Length(min=2, max=60)])
    proof_own_phrase = PasswordField(_l("Your pass phrase"), [Length(max=512)])
