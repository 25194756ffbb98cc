"""Let a draft answer silently beside the policy in force, and stop it."""

from collections.abc import Sequence
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, insert, select, update

from app.audit import actions as audit
from app.insights.shadow_models import ShadowAnswer, ShadowRun
from app.insights.shadow_rules import Answered
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.references import ref
from app.kernel.transactions import transaction
from app.people import permissions
from app.policies import document_queries
from app.policies import queries as policies
from app.policies.document_rules import rule_values

STARTED = audit.declare("shadow:start", "number", "content", "reason", sentence=_l("let a draft answer in the shadow"))
STOPPED = audit.declare("shadow:stop", "number", "answers", "differing", sentence=_l("stopped a draft in the shadow"))
ANSWERED = audit.declare("shadow:answer", "run", "answers", "differing", sentence=_l("kept answers of a draft"))
RUNNING_MAX = 3
REASON_MAX = 1_000


class NoShadow(Refusal):
    """The version can't run in the shadow as things are."""

    code = "no-shadow"


def start(*, version_id: int, reason: str, actor: Actor, now: datetime) -> ShadowRun:
    """Let a version answer every new question in money beside the policy in force; its rules are copied as they are now."""
    permissions.require(actor, "policies.write")
    reason = reason.strip()
    if not reason or len(reason) > REASON_MAX:
        raise BadInput({"reason": [str(_l("Say why you try it, in at most %(count)d characters.", count=REASON_MAX))]})
    with transaction():
        document = document_queries.document(version_id)
        if document is None:
            raise NotFound
        _check(version_id, document.stage, now)
        run = ShadowRun(
            version_id=version_id,
            content_hash=document.content_hash,
            rules=[rule_values(rule) for rule in policies.rules_of(version_id)],
            reason=reason,
            started_at=now,
            started_by=actor.label,
        )
        db.session.add(run)
        db.session.flush()
        audit.record(
            STARTED, subject=ref("policy", version_id), actor=actor, at=now, number=document.number,
            content=document.content_hash, reason=reason,
        )  # fmt: skip
        return run


def _check(version_id: int, stage: str, now: datetime) -> None:
    in_force = policies.version_in_force(now)
    if in_force is not None and in_force.version.id == version_id:
        raise NoShadow(_l("This version is in force: its answers are the real ones."))
    if stage == "discarded":
        raise NoShadow(_l("This draft was discarded. Make a copy of it to go on."))
    running = list(db.session.scalars(select(ShadowRun.version_id).where(ShadowRun.stopped_at.is_(None))))
    if version_id in running:
        raise NoShadow(_l("This version is running in the shadow already."))
    if len(running) >= RUNNING_MAX:
        raise NoShadow(_l("%(count)d drafts are running in the shadow already. Stop one first.", count=RUNNING_MAX))


def stop(*, version_id: int, actor: Actor, now: datetime) -> None:
    """End a version's shadow run; its answers stay."""
    permissions.require(actor, "policies.write")
    with transaction():
        run = db.session.scalars(
            select(ShadowRun).where(ShadowRun.version_id == version_id, ShadowRun.stopped_at.is_(None))
        ).first()
        if run is None:
            raise NoShadow(_l("This version isn't running in the shadow."))
        db.session.execute(
            update(ShadowRun)
            .where(ShadowRun.id == run.id, ShadowRun.stopped_at.is_(None))
            .values(stopped_at=now, stopped_by=actor.label)
            .execution_options(synchronize_session=False)
        )
        answers, differing = db.session.execute(
            select(func.count(), func.count().filter(ShadowAnswer.live != ShadowAnswer.shadow)).where(
                ShadowAnswer.run_id == run.id
            )
        ).one()
        row = policies.version(version_id)
        assert row is not None
        audit.record(
            STOPPED, subject=ref("policy", version_id), actor=actor, at=now, number=row.number, answers=answers,
            differing=differing,
        )  # fmt: skip
        db.session.expire_all()


def keep_answers(*, run_id: int, answers: Sequence[Answered], actor: Actor, now: datetime) -> int:
    """Keep a batch of answers once each; returns how many were new. Nothing else is touched."""
    if not answers:
        return 0
    with transaction():
        run = db.session.get(ShadowRun, run_id)
        if run is None or run.stopped_at is not None:
            return 0
        rows = [
            {
                "run_id": run_id,
                "remedy_id": one.remedy_id,
                "at": one.at,
                "live": one.live,
                "shadow": one.shadow,
                "clause": one.clause,
            }
            for one in answers
        ]
        taken = set(
            db.session.scalars(
                select(ShadowAnswer.remedy_id).where(
                    ShadowAnswer.run_id == run_id, ShadowAnswer.remedy_id.in_([one.remedy_id for one in answers])
                )
            )
        )
        fresh = [row for row in rows if row["remedy_id"] not in taken]
        if not fresh:
            return 0
        db.session.execute(insert(ShadowAnswer), fresh)
        differing = sum(row["live"] != row["shadow"] for row in fresh)
        audit.record(
            ANSWERED, subject=ref("policy", run.version_id), actor=actor, at=now, run=run_id, answers=len(fresh),
            differing=differing,
        )  # fmt: skip
        return len(fresh)
