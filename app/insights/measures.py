"""Every measure of the product, once: what it is, how it is worked out, where that comes from, and what it must not be used for.

Pages, API, exports and reviews read this registry; a figure that isn't in it is shown nowhere. Pure.
"""

from flask_babel import lazy_gettext as _l

from app.insights.measure_rules import Measure as Measure
from app.insights.outcome_measures import NO_BLAME, NO_SUSPICION, NO_TARGET, OUTCOMES, OWN

FIRST_CONTACT_DAYS = 7
REPEAT_DAYS = 30
SEVERE_MIN, ELIGIBLE_MIN = 3, 2

_FREEDOM = (
    Measure(
        "discretion-utilisation",
        _l("Use of own authority"),
        _l("Of the grave cases that were the company's doing, those in which somebody gave or offered goodwill on their own."),
        _l("cases with goodwill on own authority ÷ resolved cases of severity 2 or more that the company caused"),
        (
            "Makegood's own definition; read at both ends, because discretion suits some work and harms other:"
            " Bowen & Lawler 1992, Sloan Management Review 33(3)"
        ),
        NO_TARGET,
        credited_to="resolver",
        in_review=True,
        quadrant="employee",
    ),
    Measure(
        "first-contact",
        _l("Solved at first contact, without asking"),
        _l(
            "Resolutions seven days old or older: resolved by whoever logged the case, without a wait, an exception, a new"
            " owner or a second message of the customer, and not opened again within seven days."
        ),
        _l("first-contact resolutions ÷ first resolutions of cases with a failure"),
        (
            "Makegood's own definition; SQM Group reports 67–72 % as usual and 80 % as rare, by other definitions"
        ),
        _l("To compare with other companies, or to blame anybody for asking: asking is right when a limit is too low."),
        quadrant="customer",
    ),
    Measure(
        "own-authority",
        _l("Resolved without an exception"),
        _l("Cases resolved in the period for which nobody asked for an exception. Imported history is left out."),
        _l("resolved cases without an exception ÷ resolved cases with a failure"),
        OWN,
        NO_TARGET,
        quadrant="employee",
    ),
    Measure(
        "autonomy",
        _l("Money decided without an approver"),
        _l(
            "Of all decisions about goodwill money, those made by whoever stood before the customer; together, and for each"
            " kind and band of amounts."
        ),
        _l("goodwill money decided on own authority ÷ all goodwill money decided, declined exceptions included"),
        OWN,
        NO_TARGET,
        credited_to="giver",
        quadrant="employee",
    ),
    Measure(
        "under-use",
        _l("Freedom left unused"),
        _l(
            "Of the severe cases that the company caused: nothing was offered, similar cases got something that was within"
            " reach, and it ended badly (an unhappy answer, or opened again). It reads as fear or as a gap in training."
        ),
        _l("severe cases with room, no goodwill and a bad end ÷ severe cases that the company caused"),
        (
            "Makegood's own definition; customers expect whoever serves them to be allowed to put it right:"
            " Boshoff & Leong 1998, Int. J. of Service Industry Management 9(1)"
        ),
        NO_BLAME,
        credited_to="resolver",
        quadrant="employee",
        watched="high",
    ),
    Measure(
        "threshold-hugging",
        _l("Amounts just below a limit"),
        _l("Of goodwill in the top fifth of the giver's limit, what lies in its upper half. Amounts equal to the"
           " customer's own loss explain themselves and are left out."),
        _l("amounts in [0.9 L, L] ÷ amounts in [0.8 L, L]; the chance is one-sided binomial at one half"),
        (
            "Makegood's own definition, a binomial test; the formal one is the density test of McCrary 2008,"
            " Journal of Econometrics 142(2)"
        ),
        NO_SUSPICION,
        quadrant="money",
        watched="high",
    ),
    Measure(
        "split-spending",
        _l("One harm paid in pieces"),
        _l("Of customers and causes that got goodwill: two or more within 72 hours, each within the limit, together above it."),
        _l("customer and cause with pieces above the limit ÷ customer and cause with goodwill"),
        "Makegood's own definition; the 72 hours are our choice",
        NO_SUSPICION,
        quadrant="money",
        watched="high",
    ),
)  # fmt: skip

_APPROVALS = (
    Measure(
        "approval-wait",
        _l("How long an answer takes"),
        _l("From asking for an exception to the decision, on the wall clock, because that is what the customer waits."),
        _l("p50 and p90 of decided at − asked at; the interval is that of order statistics"),
        "Makegood's own definition; interval: Conover, Practical Nonparametric Statistics",
        _l("To hurry single decisions or to judge one decider: it measures how absence and shifts are covered."),
        unit="seconds",
        watched="high",
    ),
    Measure(
        "approval-wait-business",
        _l("How long an answer takes, in working hours"),
        _l("The same waits counted in the working hours of the site only."),
        _l("p50 and p90 of working time between asking and the decision"),
        (
            "Makegood's own definition; working hours as deadlines count them. Interval: Conover, Practical"
            " Nonparametric Statistics"
        ),
        _l("In place of the wall clock: the customer waits through the night too."),
        unit="seconds",
        watched="high",
    ),
    Measure(
        "waiting-sum",
        _l("Time that customers waited for answers"),
        _l(
            "All the time that requests asked in the period waited, on the wall clock and whatever became of them; one that"
            " waits still counts until now. It is a sum of all of them, so it has no interval."
        ),
        _l("Σ (ended at, or now − asked at)"),
        (
            "Makegood's own definition; why waits matter: Hogreve, Bilstein & Mandl 2017, J. of the Academy of"
            " Marketing Science 45(6)"
        ),
        _l("Without how many requests there were: more cases wait longer together."),
        unit="seconds",
        quadrant="customer",
        watched="high",
    ),
    Measure(
        "waiting-cost",
        _l("What waiting costs"),
        _l(
            "How many more (above zero) or fewer (below zero) customers were satisfied where somebody had to wait for an"
            " approval, within alike cases. Beside it, the same for offers that were taken, within alike offers."
        ),
        _l(
            "share of answers of 4 or 5 after waiting − share without, matched by category and severity; share taken after"
            " waiting − share taken at once, matched by kind, currency and band (Mantel weights for both)"
        ),
        (
            "Makegood's own definition; observed, not tried. Weights: Mantel & Haenszel 1959, J. of the National"
            " Cancer Institute 22(4)"
        ),
        _l("As proof that waiting did it: who waits differs in other ways too."),
        unit="ratio",
        watched="low",
        quadrant="customer",
    ),
    Measure(
        "rubber-stamp",
        _l("Granted in full"),
        _l(
            "Of decided exceptions, those granted as asked; together, and for each kind and band of amounts. Where the answer"
            " is always yes, a higher limit spares the question."
        ),
        _l("granted in full ÷ decided; a band proposes a higher limit from a lower bound of 95 % (73 of 73)"),
        "Makegood's own definition; lower bound: Wilson 1927, J. of the American Statistical Association 22",
        _l("To blame who decides: a band that is always granted speaks about the limit."),
        credited_to="decider",
        watched="high",
    ),
    Measure(
        "overturn",
        _l("Refused first, granted later"),
        _l("Of the frontline's refusals that a customer came back about, those where something was granted after all."),
        _l("appealed refusals later granted ÷ refusals appealed"),
        (
            "Makegood's own definition; a no that a supervisor turns into a yes teaches customers to ask higher"
            ' up: Customer Contact Week Digital, "If Customer Service Agents Have To Say No…"'
        ),
        _l("About the frontline: they kept the rule. It says that the limit sits in the wrong place."),
        watched="high",
    ),
)

_FAIRNESS = (
    Measure(
        "consistency",
        _l("Alike cases, unlike remedies"),
        _l(
            "How much of the spread of amounts within alike cases goes with who handled them, rather than with the case."
        ),
        _l(
            "σ²person ÷ (σ²person + σ²case) of log amounts within kind, category, severity and currency (ANOVA); the interval"
            " is that of the ratio of variances (F)"
        ),
        (
            "Makegood's own definition, with strata of 20 or more; estimate and interval: Searle, Casella &"
            " McCulloch 1992, Variance Components"
        ),
        _l("To find a person: it is one figure for a place. A high share asks for precedents and training."),
        unit="ratio",
        watched="high",
        n_min=20,
    ),
    Measure(
        "outside-band",
        _l("Far from what similar cases got"),
        _l(
            "Of goodwill in strata with 20 or more precedents, amounts below the tenth or above the ninetieth percentile."
        ),
        _l("amounts outside P10–P90 of their stratum ÷ amounts in strata of 20 or more"),
        "Makegood's own definition; the band and the 20 precedents are our choice",
        NO_SUSPICION,
        credited_to="giver",
        quadrant="money",
        watched="high",
    ),
    Measure(
        "equity-amount",
        _l("Do segments get alike"),
        _l("What each segment's customers were given against everybody else in the same currency, within alike cases."),
        _l(
            "adjusted ratio of geometric means, bootstrap interval shared among the comparisons (Bonferroni); medians beside"
        ),
        (
            "Makegood's own definition, with segments declared beforehand; interval: Kline & Santos 2012, J. of"
            " Econometric Methods 1(1)"
        ),
        _l("About one person, or without looking at why: an interval that holds 1 says that nothing can be told."),
        unit="ratio",
        quadrant="customer",
    ),
    Measure(
        "equity-time",
        _l("Do segments wait alike"),
        _l("How long each segment's cases took from being received to being resolved, within alike cases."),
        _l("adjusted ratio of geometric means of time to resolve, bootstrap interval shared among the comparisons"),
        (
            "Makegood's own definition, with segments declared beforehand; interval: Kline & Santos 2012, J. of"
            " Econometric Methods 1(1)"
        ),
        _l("About one person, or as a speed target."),
        unit="ratio",
        quadrant="customer",
    ),
)

_WORK = (
    Measure(
        "recovery-return",
        _l("What recovery returns"),
        _l(
            "How many more customers stayed after goodwill than in a matched group without, with what they are worth."
            " Handling isn't measured here and counts as nothing."
        ),
        _l("(Δ share who stayed × value that remains − remedy − handling) ÷ (remedy + handling)"),
        (
            "Makegood's own definition; without a comparison group no figure, because recovery rarely makes up"
            " for the failure: Knox & van Oest 2014, Journal of Marketing 78(5)"
        ),
        _l("To justify one remedy, or to pay less where it returns less."),
        unit="ratio",
        quadrant="money",
        watched="none",
    ),
    Measure(
        "clocks-kept",
        _l("Deadlines kept"),
        _l("Clocks stopped in the period at or before their due time, in the working hours of the site."),
        _l("stopped in time ÷ stopped, for each milestone"),
        "Makegood's own definition; the deadlines are those that your company set",
        _l("To compare teams whose cases differ in severity, or as a person's speed: a quick close is not a good one."),
        watched="low",
    ),
    Measure(
        "exceptions",
        _l("How exceptions ended"),
        _l("Requests asked in the period, by how they stand now."),
        _l("a count for each state"),
        OWN,
        _l("To count asking as a weakness."),
        unit="count",
        watched="none",
        n_min=0,
    ),
    Measure(
        "due",
        _l("Open deadlines now"),
        _l(
            "Open clocks now: late, due within 8 hours, due later. One that stands still has no due time and isn't counted."
        ),
        _l("a count for each"),
        "Makegood's own definition; the deadlines are those that your company set",
        _l("To compare people: it is the work that lies there."),
        unit="count",
        watched="none",
        n_min=0,
    ),
)

GROUPS: dict[str, tuple[Measure, ...]] = {
    "freedom": _FREEDOM,
    "approvals": _APPROVALS,
    "fairness": _FAIRNESS,
    "outcomes": OUTCOMES,
    "work": _WORK,
}
# Shown side by side and alike: too little freedom used harms customers as surely as too much harms the purse.
UNDER_USE = ("under-use", "discretion-utilisation")
OVER_USE = ("threshold-hugging", "split-spending")
MEASURES: dict[str, Measure] = {one.name: one for members in GROUPS.values() for one in members}
