"""Health for those who watch: alive, ready, figures; and a page for people."""

from flask import Response, current_app, redirect, render_template, request, url_for

from app.api.auth import bearer
from app.kernel.time import utc_now
from app.ops import access_views, figures, queries
from app.ops import health as readiness
from app.ops.blueprint import bp
from app.ops.rules import exposition, may_scrape
from app.people.access import can, is_signed_in, needs, public
from app.people.permissions import has
from app.people.sign_in import owner_of
from app.ui.shell import exists

__all__ = ["access_views", "bp"]


@bp.get("/livez")
@public("tells only that the process answers")
def livez() -> dict[str, str]:
    return {"status": "alive"}


@bp.get("/readyz")
@public("a balancer asks before anybody signs in; details go to ops.read")
def readyz() -> tuple[dict[str, object], int]:
    found = readiness.of().readiness(utc_now())
    said: dict[str, object] = {"status": found.state, "failed": list(found.failed), "degraded": list(found.degraded)}
    if _has_right():
        said["checks"] = [
            {"name": check.name, "good": check.is_good, "age_seconds": check.age_seconds, "note": check.note}
            for check in found.checks
        ]
    return said, 503 if found.failed else 200


def _has_right() -> bool:
    """A signed-in reader or a token's owner with ops.read."""
    if is_signed_in() and can("ops.read"):
        return True
    token = bearer(request.headers.get("Authorization", ""))
    owner = owner_of(token, utc_now()) if token else None
    return owner is not None and has(owner.person.actor, "ops.read")


@bp.get("/metrics")
@public("Prometheus asks from this machine or with a token; a person is led to the page of figures")
def prometheus() -> Response | tuple[str, int]:
    if "text/html" in request.headers.get("Accept", "") and exists("insights.overview"):
        return redirect(url_for("insights.overview"), 303)  # type: ignore[return-value]
    is_forwarded = any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "X-Real-Ip"))
    if not may_scrape(request.remote_addr, is_forwarded, _has_right()):
        return "metrics are read on this machine, or with a token that has ops.read\n", 403
    return Response(
        exposition(figures.families(current_app, utc_now())), content_type="text/plain; version=0.0.4; charset=utf-8"
    )


@bp.get("/health")
@needs("ops.read")
def health() -> str:
    now = utc_now()
    found = readiness.of().readiness(now)
    jobs = [sign for sign in queries.signs().values() if sign.name.startswith("job:")]
    return render_template(
        "ops/health.html", found=found, jobs=jobs, backlogs=queries.backlogs(now), bound=queries.COUNT_MAX, now=now
    )
