"""A draft that the group tries before it is in force: it answers in the shadow for the last two months."""

from dataclasses import replace
from datetime import timedelta

from app.demo.clockwork import Story
from app.demo.lives import Scene
from app.insights import jobs
from app.insights import shadow_actions as shadows
from app.policies import document_actions as documents
from app.policies import document_queries
from app.policies import queries as policies

TITLE = "Recovery policy, fewer calls"
RATIONALE = "Most calls to a supervisor are about amounts just above the limit, and nearly all are granted."
REASON = "Fewer calls to the supervisor at night."


def draft_in_the_shadow(scene: Scene) -> Story:
    """Max drafts half as much again for the frontline and lets it answer silently; a look at it each week."""
    clockwork, author = scene.clockwork, scene.company.people["max"].actor
    in_force = policies.version_in_force(clockwork.now)
    assert in_force is not None
    document = document_queries.document(in_force.version.id)
    assert document is not None
    rules = (
        replace(rule, limit_minor=rule.limit_minor * 3 // 2)
        if rule.role == "frontline" and rule.measure == "amount" and rule.unit in ("incident", "customer_days")
        else rule
        for rule in document.document.rules
    )
    draft = documents.draft_document(
        document=replace(document.document, title=TITLE, rationale=RATIONALE).with_rules(rules),
        valid_from=clockwork.end,
        actor=author,
        now=clockwork.now,
    )
    shadows.start(version_id=draft.id, reason=REASON, actor=author, now=clockwork.now)
    while True:
        yield timedelta(days=7)
        jobs.answer_in_the_shadow(now=clockwork.now)
