"""Joins holds to merges: who was under a hold stays so when they are taken apart."""

from flask import Flask

from app.customers import hooks
from app.privacy.erasure_actions import keep_holds


def register(app: Flask) -> None:
    if keep_holds not in hooks.on_merge:
        hooks.on_merge.append(keep_holds)
