"""The jobs that the scheduler runs: what, how often, and on which database. Each is bounded and may run twice."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from importlib.util import find_spec

Work = Callable[[datetime], int]


@dataclass(frozen=True, slots=True)
class Job:
    """`work(now)` returns how many records it handled; `limit` or more of them means that there may be more at once."""

    name: str
    every_seconds: float
    work: Work
    limit: int = 200
    postgresql_only: bool = False


def _due(path: str, limit: int) -> Work:
    """A room's job, `module:function` with the signature (*, now, limit) -> int; imported when it first runs."""
    module, _, name = path.partition(":")

    def work(now: datetime) -> int:
        handled: int = getattr(import_module(module), name)(now=now, limit=limit)
        return handled

    return work


def _seal(everything: bool) -> Work:
    def work(now: datetime) -> int:
        from app.audit.jobs import seal_pending

        return seal_pending(everything=everything)

    return work


_PATHS = (
    ("sla-sweep", 15, "app.sla.jobs:sweep", 500),
    ("reruns", 5, "app.sla.jobs:run_reruns", 500),
    ("pauses-end", 60, "app.sla.jobs:end_long_pauses", 200),
    ("digests-owe", 300, "app.notifications.jobs:send_digests", 200),
    ("remedies-expire", 60, "app.remedies.jobs:expire_due", 200),
    ("certificates-end", 300, "app.people.certificate_jobs:tell_endings", 200),
    ("exceptions-expire", 60, "app.approvals.jobs:expire_due", 200),
    ("exceptions-watch", 30, "app.approvals.jobs:watch", 200),
    ("calendars-read", 60, "app.approvals.calendar_jobs:read_due", 20),
    ("exceptions-orphans", 300, "app.approvals.jobs:find_orphans", 200),
    ("payouts-look", 300, "app.remedies.jobs:look_up_payouts", 20),
    ("outbox-deliver", 5, "app.notifications.outbox_jobs:deliver_due", 50),
    ("surveys-send", 60, "app.feedback.jobs:send_due", 200),
    ("rollups-fold", 20, "app.insights.jobs:fold_rollups", 2_000),
    ("drafts-shadow", 120, "app.insights.jobs:answer_in_the_shadow", 500),
    ("spend-tell", 900, "app.insights.spend_jobs:tell_alarms", 200),
    ("pulses-turn", 60, "app.insights.pulse_jobs:turn_due", 20),
    ("reports-send", 60, "app.insights.report_jobs:send_due", 100),
    ("check-backs-remind", 60, "app.customers.jobs:remind_due", 200),
    ("mail-fetch", 30, "app.messages.jobs:poll", 20),
    ("mail-sweep", 300, "app.messages.jobs:sweep", 200),
    ("imports-read", 2, "app.intake.jobs:run_waiting", 1),
    ("files-sweep", 60, "app.attachments.jobs:sweep", 200),
    ("uploads-forget", 3_600, "app.intake.jobs:forget_uploads", 200),
    ("audit-checkpoint", 10, "app.audit.checkpoint_jobs:make_due", 50),
    ("glass-close", 30, "app.ops.access_actions:close_due", 200),
    ("privacy-clean", 60, "app.privacy.jobs:clean_due", 5),
    ("privacy-retain", 86_400, "app.privacy.jobs:retain", 200),
    ("answers-forget", 3_600, "app.api.jobs:forget_answers", 1_000),
)


def all_jobs(dialect: str) -> list[Job]:
    """The jobs for this database."""
    jobs = [Job(name, every, _due(path, limit), limit) for name, every, path, limit in _PATHS if _is_there(path)]
    jobs.append(Job("audit-seal", 0.1, _seal(False), 5_000, postgresql_only=True))
    jobs.append(Job("audit-seal-all", 60, _seal(True), 5_000, postgresql_only=True))
    return [job for job in jobs if dialect == "postgresql" or not job.postgresql_only]


def _is_there(path: str) -> bool:
    module = path.partition(":")[0]
    return find_spec(module.rpartition(".")[0]) is not None and find_spec(module) is not None
