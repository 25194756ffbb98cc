"""A small application of its own that shows every component, for tests and for the eye."""

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, Flask, flash, redirect, render_template, request
from flask_babel import Babel
from flask_wtf import CSRFProtect
from markupsafe import escape
from wtforms import BooleanField, EmailField, FileField, HiddenField, RadioField, SelectField
from wtforms.validators import InputRequired, Optional

from app.kernel.money import Money
from app.ui import charts, shell, wiring
from app.ui.forms import Form, InstantField, IntentField, LineField, MoneyField, ParagraphField, options
from app.ui.views import bp as ui_bp
from app.ui.windows import WindowRow

NOW = datetime(2026, 3, 19, 15, 42, tzinfo=UTC)


class GalleryForm(Form):
    summary = LineField("What happened, in one line", [InputRequired("Say in a few words what happened.")])
    customer = LineField("Customer", [Optional()])
    customer_id = HiddenField()
    story = ParagraphField("The whole story", [Optional()], description="Only colleagues read this.")
    email = EmailField("E-mail", [Optional()])
    category = SelectField(
        "Category", choices=options((("comfort", "Comfort"), ("billing", "Billing")), empty="Choose")
    )
    severity = RadioField("Severity", choices=options((n, n) for n in range(5)), validators=[InputRequired()])
    amount = MoneyField("Amount", [Optional()], currency="GBP")
    occurred_at = InstantField("When did it happen?", [Optional()], zone="Europe/London")
    letter = FileField("Letter")
    urgent = BooleanField("Somebody is waiting at the desk")
    intent = IntentField()


def gbp(minor: int) -> Money:
    return Money(minor, "GBP")


WINDOWS = (
    WindowRow("This incident", gbp(20_000), gbp(0), gbp(0), gbp(12_000)),
    WindowRow("Cleo, 30 days", gbp(30_000), gbp(4_000), gbp(0), gbp(12_000), note="clause 4.2"),
    WindowRow("My month", gbp(120_000), gbp(51_500), gbp(9_000), gbp(12_000)),
    WindowRow("Our pool", gbp(30_000), gbp(15_000), gbp(6_000), gbp(12_000)),
    WindowRow("Without an ask", gbp(120_000), gbp(51_500), gbp(9_000)),
)


def percent(ratio: float) -> str:
    return f"{ratio:.0%}"


def figures() -> dict[str, Any]:
    months = ["Oct", "Nov", "Dec", "Jan", "Feb", "Mar"]
    return {
        "bars": charts.bar_chart(
            [("Air conditioning and heating", 41), ("Billing", 27), ("Transport", 9), ("Noise", 0)]
        ),
        "stacked": charts.stacked_bars(
            ["On own authority", "With approval", "Declined"],
            [("Quayside", (52, 9, 3)), ("Mariahilf", (40, 12, 1)), ("Shibuya", (31, 4, 6))],
        ),
        "lines": charts.line_chart(months, [("Due", [40, 52, 61, 38, 47, 55]), ("Late", [4, 9, None, 3, 2, 5])]),
        "intervals": charts.interval_plot(
            [
                charts.Interval("Promises kept on time", 38, 39, 0.87, 0.995, 0.94),
                charts.Interval("Not reopened in 30 days", 55, 61, 0.80, 0.95, 0.91),
                charts.Interval("Refusals later granted", 2, 6, None, None),
            ],
            say=percent,
            of=lambda k, n: f"{k} of {n}",
        ),
        "heat": charts.heat_map(
            ["0", "4", "8", "12", "16", "20"],
            [("Mon", [1, 0, 4, 7, 9, 2]), ("Tue", [0, 1, 3, 6, 14, 5]), ("Wed", [2, None, 2, 5, 8, 3])],
        ),
    }


def make_app() -> Flask:
    """Build the gallery; /, /fragment and every page of the room."""
    app = Flask(__name__, static_folder="../../app/ui/static", template_folder="templates")
    app.config.update(SECRET_KEY="gallery-gallery-gallery-gallery-00", BABEL_DEFAULT_LOCALE="en_GB", TESTING=True)
    CSRFProtect(app)
    Babel(app, locale_selector=shell.locale, timezone_selector=shell.zone)
    wiring.register(app)
    app.register_blueprint(ui_bp)
    pages = {
        "home": ("desk", "search"), "cases": ("index", "new"), "approvals": ("inbox",), "budgets": ("mine",),
        "insights": ("overview",), "audit": ("trail",), "people": ("directory", "profile", "sign_out"),
        "notifications": ("inbox",), "policies": ("index",), "intake": ("index",), "customers": ("index",),
    }  # fmt: skip
    for room, names in pages.items():
        room_bp = Blueprint(room, room)
        for name in names:
            room_bp.add_url_rule(f"/{room}/{name}", name, gallery, methods=["GET", "POST"])
        app.register_blueprint(room_bp)
    app.add_url_rule("/", "gallery", gallery, methods=["GET", "POST"])
    app.add_url_rule("/matches", "matches", matches)
    app.add_url_rule("/error", "error", error)
    app.add_url_rule("/check", "check", check, methods=["POST"])
    app.add_url_rule(
        "/task",
        "task",
        lambda: render_template("gallery/task.html", soon=datetime.now(UTC) + timedelta(minutes=18), rows=WINDOWS),
    )
    app.add_url_rule("/empty-settings", "empty_settings", lambda: render_template("ui/settings.html", entries=[]))
    reader = shell.Reader(
        "Ana Ruiz",
        "Front desk · Quayside",
        lambda _permission: True,
        zone="Europe/London",
        locale="en_GB",
        unread=lambda: 2,
        counts=lambda: {"cases.index": 14},
    )
    shell.supply(app, lambda: None if "signed-out" in request.args else reader)
    return app


def gallery() -> Any:
    form = GalleryForm(severity="3")
    valid = form.validate_on_submit()
    if request.method == "GET" and "quiet" not in request.args:
        flash("Offered £120.00 to Cleo.", "good")
    soon = datetime.now(UTC) + timedelta(minutes=18)
    page = render_template(
        "gallery/gallery.html",
        form=form,
        now=NOW,
        soon=soon,
        late=soon - timedelta(minutes=30),
        rows=WINDOWS,
        **figures(),
    )
    return page, 200 if valid or request.method == "GET" else 422


def matches() -> str:
    term = request.args.get("customer", "")
    people = [("CU-1", "Cleo Marchetti"), ("CU-2", "Clea Moreau")] if term.lower().startswith("cl") else []
    return render_template("gallery/_matches.html", people=people)


def task() -> str:
    soon = datetime.now(UTC) + timedelta(minutes=18)
    return render_template("gallery/task.html", soon=soon)


def check() -> Any:
    """Answer a fragment: 422 for a bad amount, a whole page after a deed."""
    typed = request.form.get("sum", "")
    if typed == "go":
        return redirect("/error", 303)
    return (f"<p>{escape(typed)} is fine</p>", 200) if typed.isdigit() else ("<p>Type an amount</p>", 422)


def error() -> tuple[str, int]:
    text = "There is nothing here, or it is not yours to see."
    return render_template("ui/error.html", status=404, heading="Not found", text=text, request_id="4be107d2"), 404
