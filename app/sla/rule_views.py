"""Targets, narrowed targets, conditions and the ladder: each edit publishes a new version."""

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.kernel.errors import Conflict, NotFound, Refusal
from app.kernel.time import utc_now
from app.people import queries as people
from app.people.access import me, needs
from app.sla import queries, target_actions
from app.sla.blueprint import bp
from app.sla.condition_rules import CONDITIONS, OF_A_CASE, TARGETED
from app.sla.forms import TargetsForm
from app.sla.rule_forms import LadderForm, NarrowForm, RuleForm
from app.sla.rules import SEVERITIES
from app.sla.words import ANCHOR_WORDS, CONDITION_WORDS, EVENT_WORDS, REASON_WORDS, TIME_WORDS
from app.ui.forms import Form, differing


@bp.get("/settings/clock-targets")
@needs("settings.write")
def index() -> str:
    version_id, number = queries.newest_policy()
    return _targets_page(TargetsForm.of(queries.targets(version_id), number))


@bp.post("/settings/clock-targets")
@needs("settings.write")
def publish() -> Response | tuple[str, int]:
    form = TargetsForm()
    done = _published(
        form,
        lambda: target_actions.publish_targets(targets=form.targets(), number=_number(form), actor=me(), now=utc_now()),
    )
    if isinstance(done, Response):
        return done
    meanwhile = _meanwhile(form, _held_targets()) if done == Conflict.status else None
    return _targets_page(form, meanwhile=meanwhile), done


@bp.post("/settings/clock-targets/narrow")
@needs("settings.write")
def narrow() -> Response | tuple[str, int]:
    form = NarrowForm.here()
    done = _published(
        form, lambda: target_actions.narrow_target(line=form.line(), number=_number(form), actor=me(), now=utc_now())
    )
    if done == Conflict.status:
        _renew(form)
    return done if isinstance(done, Response) else (_targets_page(None, form), done)


@bp.post("/settings/clock-targets/narrow/<int:index>/removal")
@needs("settings.write")
def widen(index: int) -> Response:
    version_id, number = queries.newest_policy()
    lines = [line for line in queries.policy(version_id).targets if line.is_narrow]
    if not 0 <= index < len(lines) or request.form.get("number", type=int) != number:
        raise NotFound
    target_actions.widen_target(line=lines[index], number=number, actor=me(), now=utc_now())
    flash(_("The target is gone; the wider one holds."), "good")
    return redirect(url_for("sla.index", _anchor="narrow"), 303)


@bp.get("/settings/clock-rules")
@needs("settings.write")
def rules() -> str:
    return _rules_page()


@bp.post("/settings/clock-rules")
@needs("settings.write")
def publish_ladder() -> Response | tuple[str, int]:
    form = LadderForm()
    done = _published(
        form, lambda: target_actions.publish_ladder(rules=form.rules(), number=_number(form), actor=me(), now=utc_now()),
        "sla.rules",
    )  # fmt: skip
    if isinstance(done, Response):
        return done
    return _rules_page(form, _meanwhile(form, _held_ladder()) if done == Conflict.status else None), done


@bp.get("/settings/clock-rules/<milestone>")
@needs("settings.write")
def rule(milestone: str) -> str:
    return _rule_page(milestone, _held_rule(_known(milestone)))


@bp.post("/settings/clock-rules/<milestone>")
@needs("settings.write")
def publish_rule(milestone: str) -> Response | tuple[str, int]:
    form, name = RuleForm(), _known(milestone)
    done = _published(
        form,
        lambda: target_actions.publish_rule(
            milestone=name, rule=form.rule(), number=_number(form), actor=me(), now=utc_now()
        ),
        "sla.rules",
    )
    if isinstance(done, Response):
        return done
    return _rule_page(milestone, form, _meanwhile(form, _held_rule(name)) if done == Conflict.status else None), done


def _published(form: Form, publish_it: Callable[[], Any], then: str = "sla.index") -> Response | int:
    """Publish what was typed and go on, or the status with which the form is shown again."""
    if not form.validate():
        return 422
    try:
        publish_it()
    except Refusal as refusal:
        return form.take(refusal)
    flash(_("Published. It holds for cases that start from now on; open ones follow by a re-run."), "good")
    return redirect(url_for(then), 303)


def _held_targets() -> Any:
    version_id, number = queries.newest_policy()
    return TargetsForm.of(queries.targets(version_id), number)


def _held_rule(milestone: str) -> RuleForm:
    version_id, number = queries.newest_policy()
    return RuleForm.of(queries.policy(version_id).rules.of(milestone), number)


def _held_ladder() -> LadderForm:
    version_id, number = queries.newest_policy()
    return LadderForm.of(queries.policy(version_id).rules, number)


def _meanwhile(form: Any, held: Any) -> dict[str, Any]:
    """What somebody else published while this was typed. Sent once more, the form goes on from there."""
    _renew(form)
    return {"differs": differing(form, held), "at": queries.published_at(), "who": None}


def _renew(form: Any) -> None:
    """Let what is typed be sent again, on top of the version as it stands now."""
    form.number.data, form.number.raw_data = queries.newest_policy()[1], None


def _number(form: Any) -> int:
    return form.number.data or 0


def _known(milestone: str) -> str:
    if milestone not in (*OF_A_CASE, "approval", "ola", "uc"):
        raise NotFound
    return milestone


def _targets_page(form: Any = None, narrow_form: Any = None, meanwhile: Any = None) -> str:
    version_id, number = queries.newest_policy()
    return render_template(
        "sla/targets.html",
        form=form or _held_targets(),
        meanwhile=meanwhile,
        narrow=narrow_form or NarrowForm.here(fresh=number),
        lines=[line for line in queries.policy(version_id).targets if line.is_narrow],
        number=number,
        sites={site.id: site.name for site in people.sites()},
        severities=list(reversed(SEVERITIES)),
        names=queries.MILESTONE_NAMES,
        milestones=[(name, queries.MILESTONE_NAMES[name]) for name in TARGETED],
    )


def _rules_page(form: Any = None, meanwhile: Any = None) -> str:
    version_id, _number_now = queries.newest_policy()
    held = queries.policy(version_id).rules
    return render_template(
        "sla/rules.html",
        form=form or _held_ladder(),
        meanwhile=meanwhile,
        rows=[(name, queries.MILESTONE_NAMES[name], held.of(name)) for name in TARGETED],
        conditions=CONDITIONS,
        words={
            "condition": CONDITION_WORDS,
            "event": {**EVENT_WORDS, **REASON_WORDS},
            "anchor": ANCHOR_WORDS,
            "time": TIME_WORDS,
        },
    )


def _rule_page(milestone: str, form: Any, meanwhile: Any = None) -> str:
    return render_template(
        "sla/rule.html",
        form=form,
        meanwhile=meanwhile,
        milestone=milestone,
        name=queries.MILESTONE_NAMES[milestone],
        conditions=CONDITIONS,
    )
