"""An OpenID provider of our own that can be made to lie in every way: `with provider() as idp: idp.claims["aud"] = "other"`."""

import base64
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT = "makegood"
SECRET = "a secret of the client"


@cache
def key(kid: str = "k1") -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})


def signed(claims: dict[str, Any], *, kid: str = "k1") -> str:
    return jwt.encode({"alg": "RS256", "kid": kid}, claims, key(kid))


def signed_with_public_key(claims: dict[str, Any]) -> str:
    """HS256 with the public key as the shared secret: whoever trusts the header's algorithm takes it."""
    head, body = (_coded(json.dumps(part).encode()) for part in ({"alg": "HS256", "kid": "k1"}, claims))
    mark = hmac.digest(key().as_pem(private=False), f"{head}.{body}".encode(), "sha256")
    return f"{head}.{body}.{_coded(mark)}"


def unsigned(claims: dict[str, Any]) -> str:
    return f"{_coded(json.dumps({'alg': 'none'}).encode())}.{signed(claims).split('.')[1]}."


def _coded(said: bytes) -> str:
    return base64.urlsafe_b64encode(said).rstrip(b"=").decode()


@dataclass
class Provider:
    """What it will say. claims: laid over the honest ones; a value of None leaves a claim out."""

    issuer: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    sign: Callable[[dict[str, Any]], str] = signed
    keys: tuple[str, ...] = ("k1",)
    document: dict[str, Any] = field(default_factory=dict)
    padding: int = 0
    token_status: int = 200
    nonce: str = ""
    asked: list[str] = field(default_factory=list)
    redeemed: list[dict[str, str]] = field(default_factory=list)

    def discovery(self) -> dict[str, Any]:
        own = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "padding": "x" * self.padding,
        }
        return {**own, **self.document}

    def id_token(self) -> str:
        now = int(time.time())
        honest = {
            "iss": self.issuer, "aud": CLIENT, "sub": "s-ana", "iat": now, "exp": now + 300, "nonce": self.nonce,
            "email": "ana@makegood.example", "email_verified": True,
        }  # fmt: skip
        said = {**honest, **self.claims}
        return self.sign({name: value for name, value in said.items() if value is not None})

    def answer_to(self, location: str, **changes: str) -> str:
        """Let the user agree at once; returns the path and query that the browser comes back with."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        self.nonce = asked["nonce"]
        said = {"code": "c-1", "state": asked["state"], **changes}
        return urlsplit(asked["redirect_uri"]).path + "?" + "&".join(f"{k}={v}" for k, v in said.items() if v)


@contextmanager
def provider() -> Iterator[Provider]:
    idp = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            idp.asked.append(self.path)
            if self.path == "/keys":
                return self.say(200, {"keys": [key(kid).as_dict(private=False) for kid in idp.keys]})
            return self.say(200, idp.discovery())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            idp.redeemed.append({name: values[0] for name, values in parse_qs(body).items()})
            said = {"access_token": "a", "token_type": "Bearer", "id_token": idp.id_token()}
            if idp.token_status == 400:
                said = {"error": "invalid_grant"}
            self.say(idp.token_status, said)

        def say(self, status: int, document: dict[str, Any]) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            if status in (302, 307):
                self.send_header("Location", "http://169.254.169.254/latest/meta-data/")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    idp.issuer = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield idp
    finally:
        server.shutdown()
        server.server_close()


def settings_of(issuer: str) -> dict[str, str]:
    """The environment with which an application trusts this provider."""
    return {
        "MAKEGOOD_OIDC_ISSUER": issuer,
        "MAKEGOOD_OIDC_CLIENT_ID": CLIENT,
        "MAKEGOOD_OIDC_CLIENT_SECRET": SECRET,
        "MAKEGOOD_OIDC_NAME": "Quayside Hotels",
        "MAKEGOOD_OUTGOING_PRIVATE_HOSTS": urlsplit(issuer).netloc,
    }
