"""What the application needs from people on every request: who asks, default deny, headers, refusals, language."""

from flask import Flask
from flask_babel import Babel

from app.people import sign_in


def register(app: Flask) -> None:
    Babel(app)
    sign_in.register(app)
