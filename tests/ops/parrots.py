"""Servers that refuse every pass phrase and key, and repeat in their refusal what they were sent: HTTP, SMTP and IMAP."""

import base64
import json
import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Parrot(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        kind = self.server.kind  # type: ignore[attr-defined]
        if kind == "http":
            return self._http()
        self._say("220 parrot" if kind == "smtp" else "* OK parrot")
        for raw in self.rfile:
            line = raw.decode().strip()
            if kind == "imap":
                tag, _blank, rest = line.partition(" ")
                is_question = rest == "CAPABILITY"
                self._say(f"* CAPABILITY IMAP4rev1\r\n{tag} OK" if is_question else f"{tag} NO refused: {rest}")
            elif line.lower().startswith("ehlo"):
                self._say("250-parrot\r\n250 AUTH PLAIN LOGIN")
            else:
                sent = base64.b64decode(line.rpartition(" ")[2] + "==").decode(errors="replace")
                self._say(f"535 refused: {line} {sent!r}")

    def _http(self) -> None:
        head = b"".join(iter(self.rfile.readline, b"\r\n")).decode()
        length = re.search(r"(?i)content-length: (\d+)", head)
        sent = self.rfile.read(int(length[1])).decode() if length else ""
        here = f"http://127.0.0.1:{self.server.server_address[1]}"
        names = {name: f"{here}/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
        is_discovery = ".well-known" in head
        said = {"issuer": here, **names} if is_discovery else {"error": head, "error_description": head + sent}
        body = json.dumps(said).encode()
        first = "HTTP/1.1 200 OK" if is_discovery else "HTTP/1.1 401 Unauthorized"
        self.wfile.write(f"{first}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)

    def _say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address, daemon_threads = True, True
    kind = ""


@contextmanager
def parrot(kind: str) -> Iterator[int]:
    """Serve on a port of this machine, which is returned."""
    with _Server(("127.0.0.1", 0), Parrot) as server:
        server.kind = kind
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield int(server.server_address[1])
        server.shutdown()
