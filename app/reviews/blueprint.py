"""The room's blueprint, shared by its pages."""

from flask import Blueprint

bp = Blueprint("reviews", __name__, template_folder="templates")
