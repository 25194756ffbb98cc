"""Talk to the company's OpenID provider: what it says of itself, its keys, and a code turned into an ID token.

Every request goes through the guard for outgoing addresses: one checked address, no redirects, small and short.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from flask import Flask, current_app
from flask_babel import lazy_gettext as _l

from app.kernel import outgoing
from app.kernel.errors import Refusal
from app.people.sso_rules import ALGORITHMS
from config import Settings

if TYPE_CHECKING:
    from joserfc.jwk import Key

SCOPE = "openid email profile"
KEPT_SECONDS = 3600
KEYS_AGAIN_SECONDS = 60  # a stranger's key id can't make us ask for the keys more often
_KEYS_MAX = 50


class ProviderUnavailable(Refusal):
    """The provider can't be asked, or says something that can't be used; nobody is to blame who wants to sign in."""

    status = 503
    code = "provider-unavailable"
    sentence = _l("Your company's sign-in doesn't answer just now. Try again in a minute, or sign in another way.")


class Untrusted(Exception):
    """A token that lets nobody in; says which part of it doesn't hold."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class About:
    """What the provider says of itself."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_auth: str


class Provider:
    """The provider of one application; what it says is kept for an hour."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._about: tuple[float, About] | None = None
        self._keys: tuple[float, list[Key]] | None = None
        self._asked_again = float("-inf")

    def about(self) -> About:
        """Return what it says of itself, which must be about this very issuer."""
        now = time.monotonic()
        if self._about is None or now - self._about[0] > KEPT_SECONDS:
            said = self._read(self.settings.oidc_issuer.rstrip("/") + "/.well-known/openid-configuration")
            if said.get("issuer") != self.settings.oidc_issuer:
                raise ProviderUnavailable(why="issuer")
            self._about = (now, self._checked(said))
        return self._about[1]

    def look(self) -> tuple[str, int]:
        """Ask what it says of itself, and for its keys; returns how our secret would be sent, and how many keys can be used."""
        return self.about().token_auth, len(self._known(is_again=False))

    def address(self, *, redirect_uri: str, state: str, nonce: str, verifier: str) -> str:
        """Return where the browser is sent to sign in."""
        about = self.about()
        address, _state = self._session(about, redirect_uri).create_authorization_url(
            about.authorization_endpoint, state=state, code_verifier=verifier, nonce=nonce
        )
        return str(address)

    def claims(self, *, code: str, redirect_uri: str, verifier: str) -> dict[str, Any]:
        """Turn a code into the claims of its ID token, whose signature holds. Raises Untrusted."""
        from authlib.common.errors import AuthlibBaseError
        from requests import RequestException

        about = self.about()
        try:
            token = self._session(about, redirect_uri).fetch_token(
                about.token_endpoint, code=code, code_verifier=verifier, grant_type="authorization_code"
            )
        except AuthlibBaseError as refusal:
            raise Untrusted("code") from refusal
        except (outgoing.NotReached, outgoing.NoAnswer, RequestException) as trouble:
            raise ProviderUnavailable(why=type(trouble).__name__) from trouble
        except (ValueError, TypeError, AttributeError, KeyError) as nonsense:
            raise Untrusted("answer") from nonsense
        id_token = token.get("id_token")
        if not isinstance(id_token, str):
            raise Untrusted("answer")
        return self._verified(id_token)

    def _verified(self, id_token: str) -> dict[str, Any]:
        from joserfc import jws
        from joserfc.errors import JoseError

        try:
            header = jws.extract_compact(id_token.encode("ascii")).headers()
            if header.get("alg") not in ALGORITHMS:
                raise Untrusted("algorithm")
            key = self._key(header)
            body = jws.deserialize_compact(id_token, key, algorithms=list(ALGORITHMS)).payload
            claims = orjson.loads(body)
        except (JoseError, ValueError, TypeError, KeyError) as mistake:
            raise Untrusted("signature") from mistake
        if not isinstance(claims, dict):
            raise Untrusted("answer")
        return claims

    def _key(self, header: Mapping[str, Any]) -> "Key":
        """Find the key that a token names; keys are asked for once more when it isn't among them."""
        kinds = {"RS256": "RSA", "ES256": "EC"}
        for is_again in (False, True):
            keys = [one for one in self._known(is_again) if one.key_type == kinds.get(header["alg"], "OKP")]
            named = [one for one in keys if one.kid == header["kid"]] if "kid" in header else keys
            if len(named) == 1:
                return named[0]
        raise Untrusted("key")

    def _known(self, is_again: bool) -> "list[Key]":
        now = time.monotonic()
        is_again = is_again and now - self._asked_again > KEYS_AGAIN_SECONDS
        if self._keys is None or is_again or now - self._keys[0] > KEPT_SECONDS:
            self._keys = (now, _usable(self._read(self.about().jwks_uri).get("keys")))
        if is_again:
            self._asked_again = now
        return self._keys[1]

    def _session(self, about: About, redirect_uri: str) -> Any:
        from authlib.integrations.requests_client import OAuth2Session

        from app.people.sso_transport import Guarded

        session = OAuth2Session(
            self.settings.oidc_client_id, self.settings.oidc_client_secret, scope=SCOPE, redirect_uri=redirect_uri,
            code_challenge_method="S256", token_endpoint_auth_method=about.token_auth,
        )  # fmt: skip
        session.trust_env = False
        for scheme in ("https://", "http://"):
            session.mount(scheme, Guarded(self.settings))
        return session

    def _checked(self, said: Mapping[str, Any]) -> About:
        endpoints = [said.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
        starts = ("https://",) if self.settings.oidc_issuer.startswith("https://") else ("https://", "http://")
        if not all(isinstance(one, str) and one.startswith(starts) and "#" not in one for one in endpoints):
            raise ProviderUnavailable(why="endpoints")
        ways = said.get("token_endpoint_auth_methods_supported")
        posts_only = isinstance(ways, list) and "client_secret_basic" not in ways and "client_secret_post" in ways
        begin, redeem, keys = map(str, endpoints)
        return About(begin, redeem, keys, "client_secret_post" if posts_only else "client_secret_basic")

    def _read(self, url: str) -> dict[str, Any]:
        try:
            answer = outgoing.send(
                "GET", url, headers={"Accept": "application/json"},
                private_hosts=self.settings.outgoing_private_hosts, seconds=self.settings.outgoing_seconds,
            )  # fmt: skip
            said = orjson.loads(answer.body) if answer.status == 200 else None
        except (outgoing.NotReached, outgoing.NoAnswer, ValueError) as trouble:
            raise ProviderUnavailable(why=type(trouble).__name__) from trouble
        if not isinstance(said, dict):
            raise ProviderUnavailable(why="answer")
        return said


def _usable(said: object) -> "list[Key]":
    """Read public keys for signatures and leave the others out: shared secrets, weak ones, kinds unknown here."""
    from joserfc.errors import JoseError
    from joserfc.jwk import import_key

    found = []
    for one in said[:_KEYS_MAX] if isinstance(said, list) else ():
        if not isinstance(one, dict) or one.get("kty") not in ("RSA", "EC", "OKP") or one.get("use", "sig") != "sig":
            continue
        try:
            key = import_key(one)
            is_weak = key.key_type == "RSA" and key.public_key.key_size < 2048  # type: ignore[union-attr]
        except (JoseError, ValueError, TypeError, KeyError):
            continue
        if not is_weak:
            found.append(key)
    return found


def provider() -> Provider:
    """Return this application's provider."""
    found: Provider = current_app.extensions["makegood_provider"]
    return found


def register(app: Flask) -> None:
    app.extensions["makegood_provider"] = Provider(app.extensions["makegood_settings"])
