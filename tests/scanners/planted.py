"""A tiny application full of holes, one of each kind. Every scanner must find its own here, or its silence elsewhere says nothing.

Served only on 127.0.0.1, for the seconds that a scan takes: `python -m tests.scanners.planted PORT`.
"""

import pickle
import smtplib
import sqlite3
import sys
import urllib.request
from datetime import datetime
from typing import Any

from flask import Flask, redirect, render_template_string, request
from markupsafe import Markup
from sqlalchemy import Column, Float

bp = app = Flask(__name__)
store = sqlite3.connect(":memory:", check_same_thread=False)
store.execute("CREATE TABLE guest (name TEXT, room TEXT)")
store.execute("INSERT INTO guest VALUES ('Cleo', '12'), ('Rafael', '14')")
db: Any = None
transaction: Any = None
Guest: Any = None
price = Column("price", Float)
COOKIE, TOKEN = "desk=open", "planted"


@bp.get("/")
def index() -> str:
    return (
        "<a href='/guests?name=Cleo'>guests</a> <a href='/hello?name=Cleo'>hello</a> <a href='/away?to=/'>away</a>"
        "<form method='post' action='/notes'><input name='note'><button>Keep</button></form>"
    )


@bp.get("/guests")
def guests() -> str:
    name = request.args.get("name", "")
    rows = store.execute(f"SELECT name, room FROM guest WHERE name = '{name}'").fetchall()
    return f"{len(rows)} found: {rows}"


@bp.get("/rooms")
def rooms() -> Any:
    """Only for who is signed in, and in a number: whoever does not carry the cookie along finds nothing."""
    if request.cookies.get("desk") != "open":
        return redirect("/")
    room = request.args.get("room", "0")
    rows = store.execute(f"SELECT name FROM guest WHERE room = {room} ORDER BY room").fetchall()
    return f"{len(rows)} found: {rows}"


@bp.get("/found")
def found() -> Any:
    """Only for a program, and in a search."""
    if request.headers.get("Authorization") != f"Bearer {TOKEN}":
        return "Who asks?", 401
    rows = store.execute(f"SELECT name, room FROM guest WHERE name LIKE '%{request.args.get('q', '')}%'").fetchall()
    return f"{len(rows)} found: {rows}"


@bp.get("/safe")
def safe() -> str:
    rows = store.execute("SELECT name, room FROM guest WHERE name = ?", (request.args.get("name", ""),)).fetchall()
    return f"{len(rows)} found: {rows}"


@bp.get("/hello")
def hello() -> str:
    return "<p>Hello " + request.args.get("name", "") + "</p>"


@bp.post("/notes")
def notes() -> str:
    return str(Markup(request.form["note"]))


@bp.get("/away")
def away() -> Any:
    return redirect(request.args["to"])


@bp.get("/broken")
def broken() -> str:
    return str(1 / 0)


def holes(amount_minor: int, token: str, given: str, body: bytes) -> Any:
    """Never called: what the rules about source text must see."""
    loads = pickle.loads(body)
    now = datetime.now()  # noqa: DTZ005
    shown = render_template_string(given)
    half = float(amount_minor) + amount_minor / 2 + amount_minor * 0.5
    guest = db.session.get(Guest, given)
    if token == given:
        Guest(**request.form)
    with transaction():
        urllib.request.urlopen(given)
        smtplib.SMTP("localhost")
    return loads, now, shown, half, guest


@bp.get("/counted")
def counted() -> str:
    with transaction():
        db.session.add(Guest(name="counted"))
    return "counted"


if __name__ == "__main__":
    app.run("127.0.0.1", int(sys.argv[1]), threaded=True)
