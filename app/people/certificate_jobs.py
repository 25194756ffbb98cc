"""Certificates that end soon or have ended: the person and the supervisor are told, once each."""

from datetime import datetime

from app.kernel.actor import rule
from app.people import certificate_actions as certificates
from app.people import certificate_queries as queries


def tell_endings(*, now: datetime, limit: int = 200) -> int:
    """Tell what is due, at most `limit`; safe to run twice."""
    actor = rule("certificate-expiry")
    due = queries.grants_to_tell(ended_by=now, ending_by=now + certificates.WARNING, limit=limit)
    return sum(certificates.tell_ending(grant_id=grant_id, actor=actor, now=now) for grant_id in due)
