"""A small real IMAP server on this machine: the commands that fetching mail needs, over TCP, with flags that last."""

import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Post:
    """The mails of one folder by their number, which of them were seen, and what the server was told."""

    mails: dict[int, bytes] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    said: list[str] = field(default_factory=list)
    sizes: dict[int, int] = field(default_factory=dict)  # what it claims of a mail, where that is another size

    def put(self, raw: bytes) -> int:
        number = max(self.mails, default=0) + 1
        self.mails[number] = raw
        return number


class _Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.say("* OK stand-in ready")
        for line in self.rfile:
            tag, _blank, rest = line.decode().rstrip("\r\n").partition(" ")
            self.post.said.append(rest)
            if not self.answer(tag, rest):
                return

    @property
    def post(self) -> Post:
        return self.server.post  # type: ignore[attr-defined, no-any-return]

    def say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")

    def answer(self, tag: str, rest: str) -> bool:
        word = rest.split(" ")[0].upper()
        if word == "CAPABILITY":
            self.say("* CAPABILITY IMAP4rev1")
        elif word == "LOGIN" and '"secret"' not in rest:
            self.say(f"{tag} NO wrong")
            return True
        elif word in ("SELECT", "EXAMINE"):
            self.say(f"* {len(self.post.mails)} EXISTS\r\n* FLAGS (\\Seen)\r\n* OK [UIDVALIDITY 1] ok")
        elif word == "LOGOUT":
            self.say(f"* BYE\r\n{tag} OK bye")
            return False
        elif rest.upper().startswith("UID "):
            self.by_number(rest[4:])
        self.say(f"{tag} OK {word} done")
        return True

    def by_number(self, rest: str) -> None:
        word = rest.split(" ")[0].upper()
        if word == "SEARCH":
            self.say("* SEARCH " + " ".join(str(one) for one in sorted(self.post.mails) if one not in self.post.seen))
            return
        number = int(rest.split(" ")[1])
        if word == "STORE":
            self.post.seen.add(number)
            self.say(f"* {number} FETCH (UID {number} FLAGS (\\Seen))")
        elif "RFC822.SIZE" in rest:
            size = self.post.sizes.get(number, len(self.post.mails[number]))
            self.say(f"* {number} FETCH (UID {number} RFC822.SIZE {size})")
        else:
            raw = self.post.mails[number]
            if "HEADER" in rest:
                raw = re.split(rb"\r?\n\r?\n", raw)[0] + b"\r\n\r\n"
            self.wfile.write(f"* {number} FETCH (UID {number} BODY[] {{{len(raw)}}}\r\n".encode() + raw + b")\r\n")


@contextmanager
def imap_server() -> Iterator[tuple[Post, str]]:
    """A running server: its post, and the address to fetch from."""
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Session)
    server.daemon_threads = True
    server.post = Post()  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.post, f"imap://desk:secret@127.0.0.1:{server.server_address[1]}/INBOX"  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()
