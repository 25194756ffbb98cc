"""What the ladder says: a sentence per milestone and step, declared once and said in the reader's language."""

from flask_babel import lazy_gettext as _l

from app.notifications.rules import declare
from app.sla.condition_rules import LEVELS, MILESTONES, PERCENTS

_SOON = {
    "acknowledge": _l("%(case)s has to be acknowledged soon."),
    "first_response": _l("The first reply to %(case)s is due soon."),
    "next_update": _l("The customer of %(case)s expects news soon."),
    "resolve": _l("%(case)s has to be resolved soon."),
    "follow_up": _l("The follow-up on %(case)s is due soon."),
    "approval": _l("An exception of %(case)s has to be decided soon."),
    "promise": _l("A promise to the customer of %(case)s is due soon."),
    "ola": _l("A task of %(case)s for another team is due soon."),
    "uc": _l("A task of %(case)s for a supplier is due soon."),
    "legal": _l("A legal time limit of %(case)s ends soon."),
}
_BREACH = {
    "acknowledge": _l("%(case)s was not acknowledged in time."),
    "first_response": _l("The first reply to %(case)s is late."),
    "next_update": _l("The customer of %(case)s got no news in time."),
    "resolve": _l("%(case)s was not resolved in time."),
    "follow_up": _l("The follow-up on %(case)s is late."),
    "approval": _l("An exception of %(case)s was not decided in time."),
    "promise": _l("A promise to the customer of %(case)s was not kept in time."),
    "ola": _l("A task of %(case)s for another team is late."),
    "uc": _l("A task of %(case)s for a supplier is late."),
    "legal": _l("A legal time limit of %(case)s has passed."),
}
_PART = {
    "acknowledge": _l("%(case)s waits to be acknowledged; %(percent)s %% of the time is gone."),
    "first_response": _l("%(case)s waits for its first reply; %(percent)s %% of the time is gone."),
    "next_update": _l("The customer of %(case)s expects news; %(percent)s %% of the time is gone."),
    "resolve": _l("%(case)s is not resolved yet; %(percent)s %% of the time is gone."),
    "follow_up": _l("%(case)s waits for its follow-up; %(percent)s %% of the time is gone."),
    "approval": _l("An exception of %(case)s waits for a decision; %(percent)s %% of the time is gone."),
    "promise": _l("A promise to the customer of %(case)s is open; %(percent)s %% of the time is gone."),
    "ola": _l("A task of %(case)s for another team is open; %(percent)s %% of the time is gone."),
    "uc": _l("A task of %(case)s for a supplier is open; %(percent)s %% of the time is gone."),
    "legal": _l("A legal time limit of %(case)s runs; %(percent)s %% of the time is gone."),
}
_LEVEL = {
    "acknowledge": _l("Escalation %(level)s: %(case)s is still not acknowledged."),
    "first_response": _l("Escalation %(level)s: %(case)s still waits for its first reply."),
    "next_update": _l("Escalation %(level)s: the customer of %(case)s still waits for news."),
    "resolve": _l("Escalation %(level)s: %(case)s is still not resolved."),
    "follow_up": _l("Escalation %(level)s: %(case)s still waits for its follow-up."),
    "approval": _l("Escalation %(level)s: an exception of %(case)s is still not decided."),
    "promise": _l("Escalation %(level)s: a promise to the customer of %(case)s is still not kept."),
    "ola": _l("Escalation %(level)s: a task of %(case)s for another team is still open."),
    "uc": _l("Escalation %(level)s: a task of %(case)s for a supplier is still open."),
    "legal": _l("Escalation %(level)s: a legal time limit of %(case)s has passed."),
}


def _sentences() -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for milestone in MILESTONES:
        found[milestone, "soon"] = declare(f"clock:{milestone}:soon", _SOON[milestone])
        found[milestone, "breach"] = declare(f"clock:{milestone}:breach", _BREACH[milestone])
        found[milestone, "half"] = found[milestone, "near"] = declare(f"clock:{milestone}:part", _PART[milestone])
        level = declare(f"clock:{milestone}:level", _LEVEL[milestone])
        found |= {(milestone, name): level for name in LEVELS}
    return found


SENTENCES = _sentences()
REST_ENDED = declare("clock:rest-ended", _l("The pause of %(case)s has lasted too long; its clocks run again."))


def values(case_ref: str, threshold: str) -> dict[str, str]:
    """What the sentence of a step is filled with."""
    return {
        "case": case_ref,
        "percent": str(PERCENTS.get(threshold, 100)),
        "level": threshold.removeprefix("level"),
    }
