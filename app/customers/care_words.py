"""What consents, wishes and flags are called on the screen."""

from typing import Any

from flask_babel import lazy_gettext as _l

PURPOSE_WORDS: dict[str, Any] = {
    "suggestions": _l("Automatic suggestions"),
    "updates": _l("News of what we put right"),
    "marketing": _l("Advertising"),
}
PURPOSE_NOTES: dict[str, Any] = {
    "suggestions": _l(
        "What helped in similar cases, and how likely they may be lost, is worked out for them, unless they say no."
    ),
    "updates": _l("A note when the cause of their trouble is gone, only if they say yes."),
    "marketing": _l("Offers and advertising, only if they say yes. Makegood sends none; other systems ask here."),
}
SOURCE_WORDS: dict[str, Any] = {
    "desk": _l("At the desk"),
    "phone": _l("By telephone"),
    "email": _l("By e-mail"),
    "letter": _l("By letter"),
    "web": _l("On the website"),
    "import": _l("From a file"),
}
CHANNEL_WORDS: dict[str, Any] = {
    "phone": _l("By telephone"),
    "email": _l("By e-mail"),
    "letter": _l("By letter"),
    "desk": _l("In person"),
}
FLAG_WORDS: dict[str, tuple[Any, Any]] = {
    # code: (what it says when it is up, what it says when it isn't)
    "severe": (_l("Badly let down"), _l("Nothing severe")),
    "repeated": (_l("Not the first time"), _l("No second failure")),
    "stable_cause": (_l("The same cause again"), _l("No cause came back")),
    "under_control": (_l("In our hands"), _l("Nothing that was ours to prevent")),
}
FLAG_REASONS: dict[str, Any] = {
    "severe": _l("a case of severity 3 or 4 within a year"),
    "repeated": _l("two or more failures within a year"),
    "stable_cause": _l("two or more with one cause within a year"),
    "under_control": _l("a failure within a year that is ours to answer for"),
}
