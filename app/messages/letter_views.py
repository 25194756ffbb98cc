"""Writing a letter about a case with its preview, the letters that were sent, and the words they begin from."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.cases.case_sheet import found
from app.cases.queries import CasePage
from app.kernel.errors import BadInput, NotFound, Refusal
from app.kernel.time import utc_now
from app.messages import letter_actions as letters
from app.messages import letter_panel, letter_queries
from app.messages.blueprint import bp
from app.messages.letter_forms import WAY_WORDS, LetterForm, WordsForm
from app.messages.letter_rules import KINDS, PARTS, REQUIRED
from app.messages.template_rules import PLACES
from app.notifications.mail_actions import is_mail_on
from app.people.access import can, me, needs
from app.ui.forms import options


@bp.get("/cases/<ref>/letters")
@needs("cases.read")
def letter_list(ref: str) -> str:
    """The letters about a case, and the kinds that can be written."""
    page = found(ref)
    return render_template(
        "messages/letters.html",
        page=page,
        rows=letter_queries.letters_of(page.case.id),
        kinds=KINDS,
        may_write=can("cases.write"),
    )


@bp.get("/cases/<ref>/letters/<kind>")
@needs("cases.write")
def new_letter(ref: str, kind: str) -> str:
    """A letter begun from its words, filled from the case; what is missing is named."""
    page, now = found(ref), utc_now()
    _check_kind(kind)
    row, words, missing = letter_panel.begin(page, kind, request.args.get("language"), now)
    form = _offer(LetterForm(formdata=None), page)
    form.show(words)
    form.number.data, form.way.data = row.number, "email" if form.to.data else "letter"
    if missing:
        names = ", ".join(str(PLACES.get(place, place)) for place in missing)
        flash(_("Fill in what is still missing: %(places)s.", places=names), "warn")
    return _page(page, kind, row.language, form)


@bp.post("/cases/<ref>/letters/<kind>")
@needs("cases.write")
def send_letter(ref: str, kind: str) -> ResponseReturnValue:
    """Show the preview, or send; the button says which."""
    page, language = found(ref), request.args.get("language", "en")
    _check_kind(kind, language)
    form = _offer(LetterForm(), page)
    form.to.data = request.form.get("to", "")
    is_valid = form.validate()
    if is_valid and request.form.get("deed") == "preview":
        return _page(page, kind, language, form, is_shown=True)
    if is_valid and _sent(page, kind, language, form):
        flash(
            _("The letter is on its way.") if form.way.data == "email" else _("The letter is kept with the case."),
            "good",
        )
        return redirect(url_for("messages.letter_list", ref=page.ref), 303)
    form.to.data = page.customer_email or ""
    return _page(page, kind, language, form), 422


def _sent(page: CasePage, kind: str, language: str, form: LetterForm) -> bool:
    try:
        letters.send(
            case_id=page.case.id, kind=kind, words=form.words(), language=language, text_number=form.number.data,
            way=form.way.data or "", to=form.to.data or "", intent=form.intent.data or "", actor=me(), now=utc_now(),
        )  # fmt: skip
    except BadInput as mistake:
        form.take(mistake)
    except NotFound:
        raise
    except Refusal as refusal:
        form.refuse(refusal)
    else:
        return True
    form.intent.renew()
    return False


def _check_kind(kind: str, language: str = "en") -> None:
    if kind not in KINDS or language not in letter_queries.LANGUAGES:
        raise NotFound


def _offer(form: LetterForm, page: CasePage) -> LetterForm:
    """Name the ways that are open, the address on the first."""
    ways = letters.ways_open(page.customer_email, is_mail_on=is_mail_on())
    says = {**WAY_WORDS, "email": _("By e-mail to %(address)s, with the PDF", address=page.customer_email or "")}
    form.way.choices = options((way, says[way]) for way in ways)
    form.to.data = page.customer_email if "email" in ways else ""
    return form


def _page(page: CasePage, kind: str, language: str, form: LetterForm, *, is_shown: bool = False) -> str:
    shown = letter_panel.preview(page, form.words(), language, utc_now()) if is_shown else None
    return render_template(
        "messages/letter.html",
        page=page,
        kind=kind,
        kinds=KINDS,
        language=language,
        offered=letter_queries.LANGUAGES,
        form=form,
        parts=PARTS,
        required=REQUIRED[kind],
        shown=shown,
    )


@bp.get("/settings/letters")
@needs("mails.settings")
def letter_texts() -> str:
    return render_template("messages/letter_texts.html", found=letter_queries.overview(), kinds=KINDS)


@bp.route("/settings/letters/<kind>/<language>", methods=["GET", "POST"])
@needs("mails.settings")
def letter_text(kind: str, language: str) -> ResponseReturnValue:
    """The words of one kind in one language: a change is a new version."""
    _check_kind(kind, language)
    rows = letter_queries.versions(kind, language)
    form = WordsForm()
    if request.method == "GET":
        form.show(rows[0].words)
        form.number.data = rows[0].number
    elif form.validate() and request.form.get("deed") != "preview" and _written(kind, language, form):
        flash(_("The words are saved."), "good")
        return redirect(url_for("messages.letter_text", kind=kind, language=language), 303)
    page = render_template(
        "messages/letter_text.html", form=form, rows=rows, kind=kind, kinds=KINDS, language=language, parts=PARTS,
        required=REQUIRED[kind], places=PLACES, shown=letter_panel.sample(form.words(), language, utc_now()),
    )  # fmt: skip
    return page, 422 if form.errors else 200


def _written(kind: str, language: str, form: WordsForm) -> bool:
    try:
        letters.write_text(
            kind=kind, language=language, words=form.words(), number=form.number.data, actor=me(), now=utc_now()
        )
    except Refusal as refusal:
        form.take(refusal)
    else:
        return True
    return False
