"""The room's pages."""

from flask import Blueprint

bp = Blueprint("ops", __name__, template_folder="templates")
