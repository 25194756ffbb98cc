"""A passkey for tests: a device that makes keys and answers questions as browsers do, and can be made to lie."""

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import bytes_to_base64url

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


@dataclass
class Device:
    """`origin`, `rp_id`, `count`, `verifies` may be changed between two answers, as an attacker would."""

    origin: str = "http://localhost"
    rp_id: str = "localhost"
    count: int = 0
    verifies: bool = True
    handle: str = ""
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def make(self, options: dict[str, Any]) -> str:
        """Answer a question for a new passkey."""
        self.handle = options["user"]["id"]
        numbers = self.key.public_key().public_numbers()
        point = {-2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        public = cbor2.dumps({1: 2, 3: -7, -1: 1, **point})
        about = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id + public
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": self._state(ATTESTED) + about})
        client = self._client("webauthn.create", options["challenge"])
        return self._said(clientDataJSON=client, attestationObject=attestation)

    def answer(self, options: dict[str, Any], *, counts: bool = True) -> str:
        """Answer a question with the passkey; the counter moves on, unless it is a copy that lags behind."""
        self.count += 1 if counts else 0
        client = self._client("webauthn.get", options["challenge"])
        state = self._state()
        signature = self.key.sign(state + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._said(clientDataJSON=client, authenticatorData=state, signature=signature)

    def _state(self, flags: int = 0) -> bytes:
        flags |= PRESENT | (VERIFIED if self.verifies else 0)
        return hashlib.sha256(self.rp_id.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}).encode()

    def _said(self, **parts: bytes) -> str:
        response = {name: bytes_to_base64url(value) for name, value in parts.items()}
        identity = bytes_to_base64url(self.credential_id)
        if "signature" in response:
            response["userHandle"] = self.handle
        return json.dumps({"id": identity, "rawId": identity, "type": "public-key", "response": response})
