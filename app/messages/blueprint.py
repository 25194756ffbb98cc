"""The room's blueprint; the views files hang their pages on it."""

from flask import Blueprint

bp = Blueprint("messages", __name__, template_folder="templates")
