"""What the pulse asks, in our own plain words, what it is for and not for, and the sentence that its figures allow."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.insights.pulse_rules import SCALES, Total

SCALE_WORDS: dict[str, Any] = {
    "meaning": _l("Meaning"),
    "competence": _l("Competence"),
    "self_determination": _l("Self-determination"),
    "impact": _l("Impact"),
}
SCALE_NOTES: dict[str, Any] = {
    "meaning": _l("The work is worth doing"),
    "competence": _l("I can do it well"),
    "self_determination": _l("I may decide how"),
    "impact": _l("It makes a difference here"),
}
STATEMENTS: dict[str, Any] = {
    "meaning_1": _l("I care about what my work brings about."),
    "meaning_2": _l("What I do on an ordinary day feels worth doing."),
    "meaning_3": _l("My work goes together with what I find right."),
    "competence_1": _l("I know how to do my job well."),
    "competence_2": _l("I trust myself to handle what a day brings."),
    "competence_3": _l("I have learned what this job asks for."),
    "self_determination_1": _l("I decide for myself how I go about my work."),
    "self_determination_2": _l("I may act on my own judgement without asking first."),
    "self_determination_3": _l("There is room to do things my way."),
    "impact_1": _l("What I do changes how things go in my team."),
    "impact_2": _l("I have a say in what happens around me at work."),
    "impact_3": _l("When I speak up, something comes of it."),
}
# As they are asked: one of each scale in turn, so that no scale is answered in one breath.
ASKED_ORDER = tuple(f"{scale}_{number}" for number in (1, 2, 3) for scale in SCALES)
DEFINITION = _l(
    "How far people feel that they can act: twelve statements in four scales, from 1 (not at all) to 7 (entirely). A scale is "
    "the mean of what somebody said to at least two of its three statements; a team's figure is the mean over its people."
)
FORMULA = _l("mean ± t · s / √n, 95 percent, never beyond 1 and 7")
SOURCE = "Spreitzer 1995 (construct and scales; the statements are our own words)"
NOT_FOR = _l(
    "Never for anybody's review, pay or rota, and never compared between single people: no answer belongs to a person. Not a "
    "contest between teams, not a target for who leads one, and not proof of a cause."
)
STATE_WORDS: dict[str, Any] = {
    "planned": _l("Planned"),
    "open": _l("Open"),
    "closed": _l("Closed"),
    "called_off": _l("Called off"),
}
VERDICT_WORDS: dict[str, Any] = {
    "agree": _l("rather agree"),
    "disagree": _l("rather disagree"),
    "open": _l("cannot tell"),
}


def conclusion(total: Total) -> str:
    """The one plain sentence of what a unit's figures allow."""
    told = {
        verdict: ", ".join(str(SCALE_WORDS[one.scale]) for one in total.scales if one.verdict == verdict)
        for verdict in VERDICT_WORDS
    }
    said = []
    if told["agree"]:
        said.append(_("Those who answered rather agree on: %(scales)s.", scales=told["agree"]))
    if told["disagree"]:
        said.append(_("They rather disagree on: %(scales)s.", scales=told["disagree"]))
    if told["open"]:
        said.append(_("It cannot be told on: %(scales)s.", scales=told["open"]))
    return " ".join(said)


def limits() -> str:
    """What the figures never allow, said under every conclusion."""
    return _(
        "It says how those who answered saw their work in these days: not why, not how the silent ones see it, and nothing about "
        "any one person. Talk about it together."
    )
