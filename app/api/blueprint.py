"""The blueprint of API v1 and how it answers refusals."""

from flask import Blueprint
from werkzeug.exceptions import HTTPException

from app.api import problems
from app.kernel.errors import Refusal

PREFIX = "/api/v1"

bp = Blueprint("api", __name__, url_prefix=PREFIX)
bp.register_error_handler(problems.ApiProblem, problems.of_problem)
bp.register_error_handler(Refusal, problems.of_refusal)
bp.register_error_handler(HTTPException, problems.of_http)
