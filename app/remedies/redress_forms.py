"""What is typed about redress: giving it, finding what it depends on, and the rules themselves."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, IntegerField, SelectField
from wtforms.validators import InputRequired, Length, NumberRange
from wtforms.validators import Optional as Blank

from app.cases import queries as cases
from app.cases import words as case_words
from app.kernel.money import MINOR_MAX
from app.people.forms import number_or_none, text_or_none
from app.policies import queries as policies
from app.remedies.redress_actions import FACT_MAX
from app.ui.forms import Form, IntentField, LineField, ParagraphField, options


class OwedForm(Form):
    """Give what is owed; the rule says how much."""

    entitlement = LineField("", [InputRequired(), Length(max=40)])
    amount_minor = IntegerField("", [InputRequired(), NumberRange(1, MINOR_MAX)])
    intent = IntentField()


class FindingForm(Form):
    """The fact that it depends on, or why nothing is owed."""

    entitlement = LineField("", [InputRequired(), Length(max=40)])
    fact = IntegerField(_l("Number"), [Blank(), NumberRange(0, FACT_MAX)])
    not_owed = LineField(_l("Why is nothing owed?"), [Length(max=500)])


class EntitlementForm(Form):
    name = LineField(_l("Name"), [InputRequired(), Length(max=120)])
    code = LineField(_l("Code"), [InputRequired(), Length(max=40)])
    source = ParagraphField(_l("Law or contract"), [InputRequired(), Length(max=2_000)])
    kind = SelectField(_l("Given as"), [InputRequired()])
    formula = LineField(_l("How much"), [InputRequired(), Length(max=300)])
    category_id = SelectField(_l("Category"), coerce=number_or_none)
    country = LineField(_l("Country"), [Length(max=2)])
    attribution = SelectField(_l("Whose doing"), coerce=text_or_none)
    severity_min = SelectField(_l("From severity"), choices=options((str(n), str(n)) for n in range(5)), default="1")
    valid_from = DateField(_l("From"), [InputRequired()])

    def prepare(self) -> "EntitlementForm":
        kinds = [(kind.code, kind.name) for kind in policies.kinds(active_only=True) if kind.monetary]
        self.kind.choices = options(kinds)
        categories = ((str(row.id), row.name) for row in cases.categories())
        self.category_id.choices = options(categories, empty=_("Any"))
        self.attribution.choices = options(case_words.ATTRIBUTION_WORDS.items(), empty=_("Anybody's"))
        return self
