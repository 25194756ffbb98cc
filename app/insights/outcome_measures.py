"""Measures of what became of customers: their answers, repeats and promises. Read through `measures`."""

from flask_babel import lazy_gettext as _l

from app.insights.measure_rules import Measure

OWN = "Makegood's own definition"  # where no published source has it
NO_TARGET = _l("As a target in either direction, or for pay: what is counted would soon be done for the count.")
NO_BLAME = _l("To praise or blame a person without reading the cases: who gets the graver cases looks worse by chance.")
NO_SUSPICION = _l("As proof of anything: it names cases to read, and most have a good reason.")

OUTCOMES = (
    Measure(
        "recovery",
        _l("Satisfied after the recovery"),
        _l("Of customers who answered the survey after a resolution, those who gave 4 or 5 of 5."),
        _l("answers of 4 or 5 ÷ answers; the response rate stands beside it"),
        (
            "Makegood's own definition; satisfied isn't loyal: de Matos, Henrique & Rossi 2007, Journal of"
            " Service Research 10(1)"
        ),
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
        "Makegood's own definition; it guards every figure that comes from answers",
        _l("About whoever resolved the case."),
        quadrant="customer",
        watched="low",
    ),
    Measure(
        "reopened",
        _l("Opened again"),
        _l("Resolutions that were opened again within 30 days."),
        _l("opened again within 30 days ÷ resolutions 30 days old or older"),
        "Makegood's own definition; the 30 days are our choice",
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
        (
            "Makegood's own definition; having to come back costs loyalty: Dixon, Freeman & Toman 2010, Harvard"
            " Business Review 88(7/8)"
        ),
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
        (
            "Makegood's own definition; after Maxham & Netemeyer 2002, Journal of Marketing 66(4), on a second"
            " failure. The 30 days are our choice"
        ),
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
        (
            "Makegood's own definition; after reliability in SERVQUAL: Parasuraman, Zeithaml & Berry 1988,"
            " Journal of Retailing 64(1)"
        ),
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
        (
            "Makegood's own definition; an update in time helps who waits: Hogreve, Bilstein & Mandl 2017, J. of"
            " the Academy of Marketing Science 45(6)"
        ),
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
        "CustomerGauge, closing the loop: 48 hours, also through weekends, and 80 % as the aim",
        NO_TARGET,
        quadrant="process",
        watched="low",
    ),
)
