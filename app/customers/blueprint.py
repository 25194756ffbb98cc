"""The room's blueprint; its pages register on it."""

from flask import Blueprint

bp = Blueprint("customers", __name__, template_folder="templates")
