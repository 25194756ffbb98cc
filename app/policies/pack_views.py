"""Where a draft starts: a ready pack, a copy of a version, a file, or the policy in force."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from app.kernel.errors import BadInput
from app.kernel.time import utc_now
from app.people.access import me, needs
from app.policies import actions as policies
from app.policies import document_queries, packs, sheet
from app.policies.blueprint import bp
from app.policies.document_views import in_force_id, row_of
from app.policies.draft_forms import FileForm, PackForm
from app.policies.known_rules import Known
from app.policies.yaml_rules import SIZE_MAX, BadPolicyFile, Problem, load
from app.ui.forms import Form, options


@bp.get("/policies/new")
@needs("policies.write")
def new() -> str:
    return _start(FileForm(formdata=None), ())


def _start(form: FileForm, problems: tuple[Problem, ...]) -> str:
    now = utc_now()
    ready = [(code, packs.pack(code), packs.currency_of(packs.pack(code))) for code in packs.PACKS]
    return render_template(
        "policies/new.html",
        packs=ready,
        form=form,
        problems=problems,
        in_force=in_force_id(now),
        copy=Form(formdata=None),
    )


@bp.get("/policies/packs/<code>")
@needs("policies.read")
def pack(code: str) -> ResponseReturnValue:
    """A pack as it reads, and how it would be written for the sites."""
    if code not in packs.PACKS:
        return redirect(url_for("policies.new"), 303)
    return _pack(code, {}, {})


def _pack(code: str, typed: Mapping[str, str], wrong: Mapping[str, str]) -> str:
    document, known = packs.pack(code), document_queries.known()
    factors = packs.factors_for(document, known.currencies)
    shown = {
        currency: typed.get(f"factor-{currency}", format(factor.normalize(), "f") if factor is not None else "")
        for currency, factor in factors.items()
    }
    form = PackForm(formdata=None)
    form.pack.choices = options([(code, document.title)])
    return render_template(
        "policies/pack.html", code=code, document=document, sheets=sheet.clause_sheets(document, Known(kinds=known.kinds)),
        currency=packs.currency_of(document), factors=shown, wrong=wrong, form=form,
    )  # fmt: skip


@bp.post("/policies/packs/<code>/draft")
@needs("policies.write")
def adopt(code: str) -> ResponseReturnValue:
    if code not in packs.PACKS:
        return redirect(url_for("policies.new"), 303)
    document, known, now = packs.pack(code), document_queries.known(), utc_now()
    factors, wrong = _factors(packs.factors_for(document, known.currencies))
    if wrong:
        return _pack(code, request.form, wrong), 422
    adopted = packs.adopt(document, list(known.sites.values()), factors)
    draft = policies.draft_document(document=adopted, valid_from=now, actor=me(), now=now)
    flash(_("The draft is made. Nothing holds before a second person has read it."), "good")
    return redirect(url_for("policies.edit", ref=f"PO-{draft.id}"), 303)


def _factors(currencies: Mapping[str, Decimal | None]) -> tuple[dict[str, Decimal], dict[str, str]]:
    """How much of each currency is typed for one of the pack's; an empty one leaves its sites out."""
    factors: dict[str, Decimal] = {}
    wrong: dict[str, str] = {}
    for currency in currencies:
        text = request.form.get(f"factor-{currency}", "").strip().replace(",", ".")
        try:
            if text:
                factors[currency] = Decimal(text)
                if not 0 < factors[currency] < 1_000_000:
                    raise InvalidOperation
        except InvalidOperation:
            wrong[currency] = _("Type a number such as 0.80.")
    return factors, wrong


@bp.post("/policies/<ref>/copy")
@needs("policies.write")
def duplicate(ref: str) -> ResponseReturnValue:
    row = row_of(ref)
    draft = policies.duplicate_version(version_id=row.id, actor=me(), now=utc_now())
    flash(_("This is a copy of version %(number)d. Change it freely: the original stays.", number=row.number), "good")
    return redirect(url_for("policies.edit", ref=f"PO-{draft.id}"), 303)


@bp.post("/policies/file")
@needs("policies.write")
def take_file() -> ResponseReturnValue:
    form, now = FileForm(), utc_now()
    problems: tuple[Problem, ...] = ()
    if form.validate():
        content = form.file.data.read(SIZE_MAX + 1)
        try:
            read = load(content.decode("utf-8"), document_queries.known())
            draft = policies.draft_document(
                document=read.document, valid_from=max(read.starts or now, now), actor=me(), now=now
            )
        except UnicodeDecodeError:
            form.file.errors = [_("This file is no text in UTF-8.")]
        except BadPolicyFile as mistake:
            problems = mistake.problems
            form.file.errors = [ngettext("One line can't be read.", "%(num)d lines can't be read.", len(problems))]
        except BadInput as mistake:
            form.file.errors = [text for texts in mistake.errors.values() for text in texts]
        else:
            flash(_("The draft is made of the file."), "good")
            return redirect(url_for("policies.edit", ref=f"PO-{draft.id}"), 303)
    return _start(form, problems), 422
