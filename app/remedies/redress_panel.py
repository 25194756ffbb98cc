"""What a case owes, with the forms of each line, as the case page shows it."""

from flask_babel import lazy_gettext as _l

from app.remedies.redress_forms import FindingForm, OwedForm
from app.remedies.redress_queries import OwedLine

FACTS = {
    "loss": _l("The customer's loss isn't known yet: change the case."),
    "distance_km": _l("Distance in kilometres"),
    "delay_minutes": _l("Delay in minutes"),
    "nights": _l("Nights"),
}


def owed_forms(line: OwedLine) -> tuple[OwedForm, FindingForm, str]:
    """The forms of one line, with a fresh intent, and the words for the fact that is missing."""
    give, finding = OwedForm(formdata=None), FindingForm(formdata=None)
    missing = line.missing or ""
    return give, finding, str(FACTS.get(missing, missing.replace("_", " ")))
