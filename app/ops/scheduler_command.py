"""`flask scheduler`: run the jobs, if this process is the elected one, until it is told to stop."""

import signal
import threading
from types import FrameType

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from app.kernel.database import db
from app.ops import starting
from app.ops.jobs import all_jobs
from app.ops.scheduler import Runner
from config import Settings


@click.command("scheduler")
@with_appcontext
def scheduler() -> None:
    """Run due work; start as many as you like, one of them acts."""
    told = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        told.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    settings: Settings = app.extensions["makegood_settings"]
    starting.begin(app)
    runner = Runner(app, all_jobs(db.engine.dialect.name), lease_seconds=settings.scheduler_lease_seconds)
    runner.start()
    click.echo(f"Scheduler {runner.owner} {'leads' if runner.leads else 'stands by'}.")
    while not told.wait(1.0):  # with a time limit, so that a signal is seen at once on every platform
        pass
    runner.stop()
    click.echo("Scheduler stopped.")
