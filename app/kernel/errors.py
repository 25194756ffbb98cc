"""Expected refusals. Each room defines its own beside the action that raises it; these are the families."""

from collections.abc import Mapping

from flask_babel import lazy_gettext as _l


class Refusal(Exception):
    """A deed that the rules do not allow now. Says so in a sentence that tells what to do next."""

    status = 409
    code = "refused"
    sentence: object = _l("This can't be done now.")

    def __init__(self, sentence: object | None = None, **details: object) -> None:
        self.details = details
        if sentence is not None:
            self.sentence = sentence
        super().__init__(sentence)

    def __str__(self) -> str:
        return str(self.sentence)


class NotFound(Refusal):
    """Nothing there, or nothing that this person may see: the answer is the same."""

    status = 404
    code = "not-found"
    sentence = _l("There is nothing here, or it is not yours to see.")


class NotPermitted(Refusal):
    status = 403
    code = "not-permitted"
    sentence = _l("Your role doesn't include this. Ask your administrator if you need it.")


class Conflict(Refusal):
    """Somebody else changed the record after it was shown."""

    status = 409
    code = "changed-meanwhile"
    sentence = _l("Somebody changed this after you opened it. Look at the new state, then try again.")


class BadInput(Refusal):
    """Input that a form would refuse; `errors` maps a field name to its sentences."""

    status = 422
    code = "bad-input"
    sentence = _l("Please check the marked fields.")

    def __init__(self, errors: Mapping[str, list[str]]) -> None:
        super().__init__(fields=dict(errors))
        self.errors = {name: [str(text) for text in texts] for name, texts in errors.items()}
