"""Why a draft is tried in the shadow."""

from flask_babel import lazy_gettext as _l
from wtforms.validators import InputRequired, Length

from app.insights.shadow_actions import REASON_MAX
from app.ui.forms import Form, ParagraphField


class ShadowForm(Form):
    reason = ParagraphField(_l("Why do you try it?"), [InputRequired(), Length(max=REASON_MAX)])
