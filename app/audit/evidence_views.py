"""Carrying the proven trail of a case away."""

from flask import Response, request

from app.audit import evidence
from app.audit.blueprint import bp
from app.audit.evidence_sheet import readable_trail
from app.audit.trail_sheet import my_site_scope
from app.kernel.errors import NotFound
from app.kernel.references import parse_ref, ref
from app.kernel.time import utc_now
from app.people.access import can, me, needs
from app.people.step_up import require_proof


@bp.post("/audit/evidence")
@needs("audit.read")
def pack() -> Response:
    require_proof()
    case_id = parse_ref("case", request.form.get("case", ""))
    if case_id is None:
        raise NotFound
    now = utc_now()
    found = evidence.gather(case_id=case_id, site_ids=my_site_scope(), with_addresses=can("audit.verify"))
    content = evidence.pack(evidence=found, readable=readable_trail(found, now), actor=me(), now=now)
    return download(content, "application/zip", f"evidence-{ref('case', case_id)}-{now:%Y%m%d-%H%M%S}.zip")


def download(content: bytes, kind: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, mimetype=kind, headers=headers)
