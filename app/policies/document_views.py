"""Policies as everybody entitled reads them: the list, one version, its print, its file, and what changed."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from flask import Response, render_template
from flask_babel import gettext as _

from app.kernel.errors import NotFound
from app.kernel.references import parse_ref
from app.kernel.time import utc_now
from app.people import queries as people
from app.people.access import can, me, needs
from app.policies import clause_queries, clause_rules, document_queries, queries, sheet
from app.policies.blueprint import bp
from app.policies.check_rules import findings
from app.policies.diff_rules import Difference, difference
from app.policies.document_queries import DocumentRow
from app.policies.document_rules import Clause
from app.policies.finding_words import FindingRow, finding_rows
from app.policies.known_rules import Known
from app.policies.review_forms import PublishForm, ReviewForm
from app.policies.stage_words import Stage, stage_of
from app.policies.yaml_rules import dump


def row_of(ref: str) -> DocumentRow:
    """Return a version by its reference (PO-3) or number (3)."""
    identity = parse_ref("policy", ref) or queries.version_id_of(ref)
    row = document_queries.document(identity) if identity else None
    if row is None:
        raise NotFound
    return row


def in_force_id(now: datetime) -> int | None:
    found = queries.version_in_force(now)
    return found.version.id if found else None


def stage_now(row: DocumentRow, now: datetime, current: int | None) -> Stage:
    return stage_of(row.stage, is_in_force=row.id == current, valid_from=row.valid_from, now=now)


def site_day(now: datetime, known: Known) -> date:
    """The day where the reader works: a clause's review-by date is a day there."""
    site = known.sites.get(me().site_id or 0)
    return now.astimezone(ZoneInfo(site.zone if site else "UTC")).date()


@dataclass(frozen=True, slots=True)
class UnderReview:
    """A draft that everybody may read and sign before it is published."""

    ref: str
    title: str
    clauses: tuple[Clause, ...]


def _under_review() -> list[UnderReview]:
    """Drafts whose review was asked for, with their clauses; few at a time."""
    rows = [document_queries.document(version_id) for version_id, _title in document_queries.under_review()[:3]]
    return [UnderReview(row.ref, row.document.title, row.document.clauses) for row in rows if row is not None]


def found_in(row: DocumentRow, known: Known) -> tuple[FindingRow, ...]:
    """What there is to say about a draft; a published version is past that."""
    if row.state == "published":
        return ()
    return finding_rows(findings(row.document, known), row.document, known)


@bp.get("/policies")
@needs("policies.read")
def index() -> str:
    now = utc_now()
    versions, current = queries.versions(), in_force_id(now)
    stages = document_queries.stages([version.id for version in versions if version.state == "draft"])
    said = {
        version.id: stage_of(
            "published" if version.state == "published" else stages.get(version.id, "draft"),
            is_in_force=version.id == current,
            valid_from=version.valid_from,
            now=now,
        )
        for version in versions
    }
    drafts = [row for row in versions if row.state == "draft" and said[row.id].code != "discarded"]
    return render_template(
        "policies/index.html",
        drafts=drafts,
        versions=[row for row in versions if row not in drafts],
        stages=said,
        in_force=next((row for row in versions if row.id == current), None),
    )


@bp.get("/policies/<ref>")
@needs("policies.read")
def show(ref: str) -> str:
    row, form = row_of(ref), ReviewForm(formdata=None)
    return shown(row, review_form=form, publish_form=PublishForm.of(row))


def shown(row: DocumentRow, *, review_form: ReviewForm, publish_form: PublishForm) -> str:
    """Render a version with the deeds that who asks may do now."""
    now, known = utc_now(), document_queries.known()
    current = in_force_id(now)
    actor, is_draft = me(), row.state == "draft" and row.discarded_at is None
    rows = found_in(row, known)
    cares = clause_queries.cares_of(row.document, site_day(now, known))
    review_form.version.data = publish_form.version.data = row.version
    return render_template(
        "policies/show.html",
        row=row,
        stage=stage_now(row, now, current),
        sheets=sheet.clause_sheets(row.document, known, cares=cares),
        overdue=sum(care.due == "overdue" for care in cares.values()),
        unsigned=clause_rules.unsigned(cares.values()),
        findings=rows,
        errors=sum(one.is_error for one in rows),
        names=sheet.doers([*row.authors, *(review.reviewer for review in row.reviews)]),
        compared=current,
        is_author=actor.label in row.authors,
        may_write=row.is_editable and can("policies.write"),
        may_review=is_draft and row.is_editable and can("policies.review"),
        may_publish=row.stage == "reviewed" and can("policies.publish"),
        review_form=review_form,
        publish_form=publish_form,
    )


@bp.get("/policies/<ref>/print")
@needs("policies.read")
def print_page(ref: str) -> str:
    row, now, known = row_of(ref), utc_now(), document_queries.known()
    named = {rule.site_id for rule in row.document.rules if rule.site_id is not None}
    return render_template(
        "policies/print.html",
        row=row,
        sites=[site for site in known.sites.values() if site.id in named],
        stage=stage_now(row, now, in_force_id(now)),
        sheets=sheet.clause_sheets(
            row.document, sheet.by_code(known), cares=clause_queries.cares_of(row.document, site_day(now, known))
        ),
        names=sheet.doers([*row.authors, *(review.reviewer for review in row.reviews)]),
        now=now,
    )


@bp.get("/policies/<ref>/file")
@needs("policies.read")
def file(ref: str) -> Response:
    row = row_of(ref)
    text = dump(row.document, document_queries.known(), starts=row.valid_from)
    answer = Response(text, mimetype="application/yaml")
    answer.headers.set("Content-Disposition", "attachment", filename=f"policy-{row.number}.yaml")
    return answer


@bp.get("/policies/<ref>/diff/<other>")
@needs("policies.read")
def diff(ref: str, other: str) -> str:
    before, after, known, now = row_of(ref), row_of(other), document_queries.known(), utc_now()
    current = in_force_id(now)
    found: Difference = difference(before.document, after.document)
    lines = {
        id(rule): sheet.rule_line(rule, known)
        for clause in found.clauses
        for change in clause.changes
        for rule in (change.before, change.after)
        if rule is not None
    }
    return render_template(
        "policies/diff.html",
        before=before,
        after=after,
        stages={row.id: stage_now(row, now, current) for row in (before, after)},
        difference=found,
        line_of=lambda rule: lines[id(rule)],
        versions=queries.versions(),
    )


@bp.get("/policies/in-force")
@needs("policies.follow")
def in_force() -> str:
    """What holds where the reader works: their own part first, then everybody's."""
    now, actor, known = utc_now(), me(), document_queries.known()
    current, site = queries.version_in_force(now), known.sites.get(actor.site_id or 0)
    if current is None or site is None:
        return render_template("policies/in_force.html", row=None, site=site)
    row = document_queries.document(current.version.id)
    assert row is not None
    here = sheet.rules_for(row.document, now, site_id=site.id, team_id=actor.team_id)
    cares = clause_queries.cares_of(row.document, site_day(now, known))
    mine = [rule for rule in here if rule.role in (None, actor.role)] if can("remedies.give") else []
    return render_template(
        "policies/in_force.html",
        row=row,
        site=site,
        mine=sheet.clause_sheets(row.document, known, rules=mine, cares=cares),
        everybody=sheet.clause_sheets(row.document, known, rules=here, cares=cares),
        drafts=_under_review(),
        coming=queries.next_version(now),
        zone=people.site(site.id).time_zone,
        title=_("What applies at %(site)s", site=site.name),
    )
