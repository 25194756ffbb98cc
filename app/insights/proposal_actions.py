"""Make a draft of a proposal for a higher limit. The policy in force stays as it is until somebody publishes the draft."""

from dataclasses import replace
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.audit import actions as audit
from app.insights import proposal_queries as queries
from app.insights.proposal_models import LimitProposal
from app.insights.proposal_rules import Evidence, evidence, raised
from app.kernel.actor import Actor
from app.kernel.database import db
from app.kernel.errors import NotFound, Refusal
from app.kernel.money import Money
from app.kernel.references import ref
from app.kernel.transactions import transaction
from app.people import permissions
from app.people import queries as people
from app.policies import document_actions as documents
from app.policies import document_queries
from app.policies import queries as policies
from app.policies.document_rules import TITLE_MAX, Document
from app.policies.models import PolicyVersion

ACCEPTED = audit.declare(
    "proposal:accept", "band", "limit", "granted", "decided", "number", sentence=_l("made a draft of a proposed limit")
)


class NotProposed(Refusal):
    """The band isn't always granted, or is no longer bound by a limit."""

    code = "not-proposed"
    sentence = _l(
        "This band proposes nothing now: what was decided or the policy has changed since the page was shown."
    )


class DraftedAlready(Refusal):
    """Somebody made a draft of it before."""

    code = "drafted-already"


def accept(*, band: str, actor: Actor, now: datetime) -> PolicyVersion:
    """Draft the policy in force with the band's limits raised to what its requests needed. Evidence is counted again."""
    permissions.require(actor, "policies.write")
    with transaction():
        in_force = policies.version_in_force(now)
        if in_force is None:
            raise NotProposed
        found = evidence(queries.decided(tuple(site.id for site in people.sites()), now))
        one = next((row for row in found if row.band.key == band), None)
        if one is None:
            raise NotFound
        earlier = queries.accepted().get(band)
        if earlier is not None and earlier.state == "draft" and not _is_discarded(earlier.version_id):
            raise DraftedAlready(_l("Version %(number)d is a draft of this already.", number=earlier.number))
        document = document_queries.document(in_force.version.id)
        assert document is not None
        rules = raised(document.document.rules, one.band, one.needs) if one.is_enough else None
        if rules is None:
            raise NotProposed
        version = documents.draft_document(
            document=_document(document.document.with_rules(rules), one), valid_from=now, actor=actor, now=now
        )
        _keep(one, version, actor, now)
        return version


def _is_discarded(version_id: int) -> bool:
    document = document_queries.document(version_id)
    return document is not None and document.discarded_at is not None


def _document(document: Document, one: Evidence) -> Document:
    amount = Money(one.limit_minor, one.band.currency)
    title = _("%(title)s, %(kind)s up to %(amount)s", title=document.title, kind=one.band.kind, amount=amount.format())
    rationale = _(
        "%(granted)d of %(decided)d requests of this band were granted in full in the year before; customers waited "
        "%(hours).1f hours for these answers.",
        granted=one.granted,
        decided=one.decided,
        hours=one.waited_seconds / 3600,
    )
    return replace(document, title=title[:TITLE_MAX], rationale=rationale)


def _keep(one: Evidence, version: PolicyVersion, actor: Actor, now: datetime) -> None:
    said = {
        "granted": one.granted,
        "decided": one.decided,
        "waited_seconds": one.waited_seconds,
        "at_risk_minor": one.at_risk_minor,
        "needs": [[need.unit, need.days, need.minor] for need in one.needs],
    }
    db.session.add(
        LimitProposal(
            band=one.band.key, limit_minor=one.limit_minor, currency=one.band.currency, evidence=said,
            version_id=version.id, accepted_at=now, accepted_by=actor.label,
        )
    )  # fmt: skip
    db.session.flush()
    audit.record(
        ACCEPTED, subject=ref("policy", version.id), actor=actor, at=now, band=one.band.key,
        limit=Money(one.limit_minor, one.band.currency).json(), granted=one.granted, decided=one.decided,
        number=version.number,
    )  # fmt: skip
