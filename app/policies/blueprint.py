"""The room's pages, whichever module holds them."""

from flask import Blueprint

bp = Blueprint("policies", __name__, template_folder="templates")
