"""A real SMTP server on this machine, and an application that sends through it."""

import socket
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from flask import Flask

from app import create_app
from app.kernel.database import db
from tests.conftest import settings_for


class Box:
    """Keeps what the server was given; `answers` come first, one per mail."""

    def __init__(self) -> None:
        self.mails: list[Any] = []
        self.answers: list[str] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        if self.answers:
            return self.answers.pop(0)
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 kept"


@pytest.fixture
def box() -> Iterator[tuple[Box, int]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    found = Box()
    server = Controller(found, hostname="127.0.0.1", port=port)
    server.start()
    yield found, port
    server.stop()


@pytest.fixture
def posting(box: tuple[Box, int], database_url: str, tmp_path: Path) -> Iterator[tuple[Flask, Box]]:
    """An application that sends through the box."""
    settings = settings_for(
        database_url, tmp_path, MAKEGOOD_SMTP_HOST="127.0.0.1", MAKEGOOD_SMTP_PORT=str(box[1]),
        MAKEGOOD_SMTP_STARTTLS="no", MAKEGOOD_MAIL_FROM="makegood@example.org",
    )  # fmt: skip
    app = create_app(settings, TESTING=True, WTF_CSRF_ENABLED=False)
    with app.app_context():
        yield app, box[0]
        db.session.remove()
        db.engine.dispose()
