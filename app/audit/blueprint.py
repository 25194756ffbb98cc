"""The blueprint of the trail's pages, apart from them so that every file of pages can hang below it."""

from flask import Blueprint

bp = Blueprint("audit", __name__, template_folder="templates")
