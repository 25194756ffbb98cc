"""What `check --config` says of the ways in: pass phrases, the company's provider as it answers now, provisioning's tokens.

The provider is asked through the guard for outgoing addresses, with nothing of ours: neither the client's secret nor a code
is sent. No sentence holds a secret.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from app.kernel.database import db
from app.people import scim_queries
from app.people.sso_provider import KEPT_SECONDS, KEYS_AGAIN_SECONDS, Provider, ProviderUnavailable
from config import ROLES, Settings

ENDS_SOON = timedelta(days=30)
HIGH_ROLES = ("hr", "auditor", "admin")
WHY = {
    "NotReached": "it can't be reached: no such name, nobody listens, no trusted certificate, or an inner address that "
    "MAKEGOOD_OUTGOING_PRIVATE_HOSTS doesn't name",
    "NoAnswer": "it doesn't answer in time",
    "issuer": "it names itself otherwise than the setting, to the letter",
    "endpoints": "what it says of itself names no usable addresses",
    "answer": "it answers something else than an OpenID provider does",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence about a way in. is_good: nothing needs to be done."""

    way: str
    sentence: str
    is_good: bool = True


def lines(app: Flask, now: datetime) -> list[Line]:
    settings: Settings = app.extensions["makegood_settings"]
    try:
        tokens: Sequence[scim_queries.ProvisioningTokenRow] | None = scim_queries.live_tokens(now)
    except SQLAlchemyError:
        tokens = None
    db.session.rollback()
    return [*_of_phrases(settings), *_of_provider(settings), *_of_provisioning(settings, tokens, now)]


def _of_phrases(settings: Settings) -> Iterator[Line]:
    roles = settings.second_factor_roles
    who = "everybody" if set(roles) == set(ROLES) else ", ".join(roles) or "nobody"
    whose = "administrators alone" if settings.oidc_only else "everybody"
    yield Line("pass phrases", f"for {whose}; a second factor is asked of: {who}", bool(roles))


def _of_provider(settings: Settings) -> Iterator[Line]:
    way, issuer = "company's account", settings.oidc_issuer
    if not issuer:
        yield Line(way, "not set up (MAKEGOOD_OIDC_ISSUER)")
        return
    if not issuer.startswith("https://"):
        yield Line(way, "the issuer's address has no https; production refuses it", False)
    try:
        methods, keys = Provider(settings).look()
    except ProviderUnavailable as trouble:
        why = WHY.get(str(trouble.details.get("why")), WHY["answer"])
        left = "only administrators get in meanwhile, by pass phrase" if settings.oidc_only else "other ways in stay"
        yield Line(way, f"{issuer}: {why}; {left}", False)
    else:
        sentence = f"{issuer} answers; client id and secret are given, the secret goes by {methods}"
        yield Line(way, sentence + "; whether they are right shows at a sign-in")
        yield Line(
            way,
            f"{keys} of its keys can be used"
            f"; they are asked for after {KEPT_SECONDS // 60} minutes, and at once for a key that isn't known"
            f" (at most every {KEYS_AGAIN_SECONDS} s); when it doesn't answer then, a sign-in is refused with 503",
            keys > 0,
        )
    if not settings.oidc_second_factor:
        yield Line(way, "no second factor proved there counts here (MAKEGOOD_OIDC_SECOND_FACTOR)")


def _of_provisioning(
    settings: Settings, tokens: Sequence[scim_queries.ProvisioningTokenRow] | None, now: datetime
) -> Iterator[Line]:
    way = "provisioning"
    if tokens is None:
        yield Line(way, "the database doesn't say which tokens there are", False)
        return
    if not tokens:
        yield Line(way, "no token: nobody is added or closed by a program")
    for token in sorted(tokens, key=lambda one: one.id):
        age, left = (now - token.made_at).days, token.expires_at - now
        sentence = f"token {token.id} is {age} days old and ends in {left.days} days"
        is_good = left > ENDS_SOON
        yield Line(way, sentence if is_good else sentence + "; make a new one before", is_good)
    given = sorted({ours for _theirs, ours in settings.scim_roles} & set(HIGH_ROLES))
    if given:
        yield Line(way, f"a program may give the role {', '.join(given)}; see docs/provisioning.md", False)
