"""Measures of what became of customers: their answers, repeats and promises. Read through `measures`."""

from flask_babel import lazy_gettext as _l

from app.insights.measure_rules import Measure

NO_TARGET = _l("As a target in either direction, or for pay: what is counted would soon be done for the count.")
NO_BLAME = _l("To praise or blame a person without reading the cases: who gets the graver cases looks worse by chance.")
NO_SUSPICION = _l("As proof of anything: it names cases to read, and most have a good reason.")

OUTCOMES = (
    Measure(
        "recovery",
        _l("Satisfied after the recovery"),
        _l("Of customers who answered the survey after a resolution, those who gave 4 or 5 of 5."),
        _l("answers of 4 or 5 ÷ answers; the response rate stands beside it"),
        "domain anchors §3.2, recovery rate",
        _l("For pay or discipline: ratings carry bias, and who answers differs from who doesn't."),
        credited_to="resolver",
        in_review=True,
        quadrant="customer",
        watched="low",
    ),
    Measure(
        "response",
        _l("Customers who answered"),
        _l("Of customers who were asked after a resolution, those who answered."),
        _l("answered ÷ asked"),
        "domain anchors §3.2, guard of the recovery rate",
        _l("About whoever resolved the case."),
        quadrant="customer",
        watched="low",
    ),
    Measure(
        "reopened",
        _l("Opened again"),
        _l("Resolutions that were opened again within 30 days."),
        _l("opened again within 30 days ÷ resolutions 30 days old or older"),
        "domain anchors §3.2",
        NO_BLAME,
        credited_to="resolver",
        quadrant="process",
        watched="high",
    ),
    Measure(
        "repeat-contact",
        _l("The customer had to come back"),
        _l("Resolutions after which the customer wrote again about the case, or brought another one, within 30 days."),
        _l("with a further contact within 30 days ÷ resolutions 30 days old or older with a known customer"),
        "domain anchors §3.1, customer effort",
        NO_BLAME,
        credited_to="resolver",
        quadrant="customer",
        watched="high",
    ),
    Measure(
        "double-deviation",
        _l("Failed twice"),
        _l(
            "Resolutions that were opened again, or followed by another case of the same customer and cause, within 30 days."
        ),
        _l("opened again or failed again ÷ resolutions 30 days old or older"),
        "domain anchors §3.2, double-deviation rate; by cause first",
        _l("About a person before a cause: look at causes first."),
        credited_to="resolver",
        in_review=True,
        quadrant="process",
        watched="high",
    ),
    Measure(
        "promise-kept",
        _l("Promises kept"),
        _l("Promises due in the period that were kept by the time the customer was told."),
        _l("kept on time ÷ due, without those taken back before"),
        "domain anchors §3.2, promise-kept",
        NO_TARGET,
        credited_to="keeper",
        in_review=True,
        quadrant="customer",
        watched="low",
    ),
    Measure(
        "told-before-miss",
        _l("Told before it was missed"),
        _l("Of promises that were broken, those where the customer was told before they were due."),
        _l("told before the due time ÷ promises broken"),
        "domain anchors §3.2, promise-kept: counted separately",
        NO_TARGET,
        credited_to="keeper",
        quadrant="customer",
        watched="low",
    ),
    Measure(
        "follow-up",
        _l("Unhappy customers called in time"),
        _l("Of unhappy answers whose 48 hours are over, those that were followed up within them."),
        _l("closed within 48 hours ÷ follow-ups due; the field aims at 80 %"),
        "domain anchors §5, detractor follow-up",
        NO_TARGET,
        quadrant="process",
        watched="low",
    ),
)
