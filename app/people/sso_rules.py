"""What an OpenID provider's token must say before it lets anybody in. Pure."""

import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

# Signatures by a private key alone: with none, or a shared secret (HS256), whoever knows what is public could sign.
ALGORITHMS = ("RS256", "ES256", "EdDSA", "Ed25519")
BEGUN_LASTS = timedelta(minutes=10)
CLOCKS_APART_SECONDS = 60
TOKEN_AGE_SECONDS_MAX = 600
SUBJECT_MAX = 255


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the provider says it is. has_factor: a second factor that the company trusts was proved there."""

    subject: str
    email: str
    is_verified: bool
    has_factor: bool


def mistake_of(claims: Mapping[str, Any], *, issuer: str, client_id: str, nonce: str, now_seconds: float) -> str | None:
    """Name the first claim of an ID token that doesn't hold, or None.

    Source: OpenID Connect Core 1.0, section 3.1.3.7. Clocks may be a minute apart; both bounds are exclusive.
    """
    if claims.get("iss") != issuer:
        return "issuer"
    audience = claims.get("aud")
    named = [audience] if isinstance(audience, str) else audience if isinstance(audience, list) else []
    if client_id not in named or (len(named) > 1 and "azp" not in claims):
        return "audience"
    if claims.get("azp", client_id) != client_id:
        return "audience"
    ends, made = _seconds(claims.get("exp")), _seconds(claims.get("iat"))
    begins = _seconds(claims.get("nbf", 0))
    if ends is None or now_seconds >= ends + CLOCKS_APART_SECONDS:
        return "expired"
    if made is None or made > now_seconds + CLOCKS_APART_SECONDS or now_seconds > made + TOKEN_AGE_SECONDS_MAX:
        return "expired"
    if begins is None or begins > now_seconds + CLOCKS_APART_SECONDS:
        return "expired"
    said = claims.get("nonce")
    if not isinstance(said, str) or not hmac.compare_digest(said.encode(), nonce.encode()):
        return "nonce"
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 1 <= len(subject) <= SUBJECT_MAX or not subject.isprintable():
        return "subject"
    return None


def identity_of(claims: Mapping[str, Any], trusted: Collection[str]) -> Identity:
    """Read who it is from claims that hold. trusted: the `acr` and `amr` values that count as a second factor."""
    email, acr, amr = claims.get("email"), claims.get("acr"), claims.get("amr")
    methods = {one for one in amr if isinstance(one, str)} if isinstance(amr, list) else set()
    return Identity(
        subject=claims["sub"],
        email=email if isinstance(email, str) else "",
        is_verified=claims.get("email_verified") is True,
        has_factor=(isinstance(acr, str) and acr in trusted) or not methods.isdisjoint(trusted),
    )


def _seconds(claim: object) -> float | None:
    return float(claim) if isinstance(claim, int | float) and not isinstance(claim, bool) else None
