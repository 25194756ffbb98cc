"""A field that is read once is taken once: sent twice it is refused, on every page, before anything reads it."""

import ast
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import MethodNotAllowed, NotFound

from app.ops.sent_twice import BRINGING, SEVERAL
from app.people.access import declared
from app.people.models import ROLES
from app.people.permissions import PERMISSIONS
from tests.architecture.test_routes import WRITING, address, is_api, one_of_each_role, rules
from tests.conftest import DATABASES
from tests.people.builders import make_company, sign_in

APP = Path(__file__).resolve().parents[2] / "app"
READERS = ("SelectMultipleField", "Checks", "FilesField", "MultipleFileField")


def read_as_several() -> set[str]:
    """Every name that a page reads as a list: by `getlist`, or by a form's field of several values."""
    found = set()
    for path in APP.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "getlist":
                found |= {one.value for one in node.args if isinstance(one, ast.Constant)}
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
                kind = getattr(node.value.func, "id", "")
                found |= {one.id for one in node.targets if kind in READERS and isinstance(one, ast.Name)}
    return {name for name in found if isinstance(name, str)}


class _Forms(HTMLParser):
    """The names of the controls of each form that posts; buttons and radio buttons send one value however many there are."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str | None, Counter[str]]] = []
        self.is_inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag == "form":
            self.is_inside = said.get("method") == "post"
            if self.is_inside:
                self.found.append((said.get("action"), Counter()))
        is_one = said.get("type") in ("radio", "submit", "button")
        name = said.get("name")
        if self.is_inside and name and tag in ("input", "select", "textarea") and not is_one:
            self.found[-1][1][name] += 1

    def handle_endtag(self, tag: str) -> None:
        self.is_inside = self.is_inside and tag != "form"


def doubled(app: Flask, page: str, here: str) -> Iterator[tuple[str, str]]:
    """The forms of a page that would be refused as they stand: one control twice under a name that counts once."""
    forms = _Forms()
    forms.feed(page)
    for action, names in forms.found:
        try:
            endpoint = app.url_map.bind("localhost").match((action or here).split("?")[0], method="POST")[0]
        except (NotFound, MethodNotAllowed):  # the address itself was an odd one
            endpoint = here
        allowed = {*SEVERAL.get(endpoint, ()), "files"}
        for name, count in names.items():
            if count > 1 and name not in allowed and endpoint.removeprefix("people.") not in BRINGING:
                yield endpoint, name


def test_a_form_with_one_control_twice_is_found(app: Flask) -> None:
    twice = '<input type="hidden" name="{0}"><input name="{0}">'
    page = f'<form method="post" action="/regions">{twice.format("name")}{twice.format("site_ids")}</form>{twice.format("x")}'
    assert list(doubled(app, page, "/regions/new")) == [("people.add_region", "name")]


def test_what_is_read_as_several_values_is_named_with_its_page_and_nothing_else_is() -> None:
    named = {name for names in SEVERAL.values() for name in names}
    assert read_as_several() == named | {"files"}
    merged = [path.name for path in APP.rglob("*.py") if "request.values" in path.read_text(encoding="utf-8")]
    assert merged == ["step_up.py"]  # a path of this site that another check looks at


@pytest.mark.parametrize("database_url", DATABASES[:1], indirect=True)
def test_every_page_refuses_what_came_twice(app: Flask) -> None:
    everyone = one_of_each_role(make_company())
    clients = {role: sign_in(app.test_client(), person, is_proved=True) for role, person in everyone.items()}
    taken, tried = [], 0
    for rule in rules(app):
        permission, _reason = declared(rule.endpoint)
        if is_api(rule) or getattr(app.view_functions[rule.endpoint], "is_signed", False):
            continue
        role = next((one for one in ROLES if permission and one in PERMISSIONS[permission]), None)
        client = clients[role] if role else app.test_client()
        methods = {"GET", *WRITING} & set(rule.methods or ())
        where = address(rule, app)
        for method in methods:
            tried += 1
            codes = [client.open(f"{where}?name=a&name=b", method=method).status_code]
            if method != "GET":
                twice = MultiDict([("csrf_token", "a"), ("csrf_token", "b")])
                codes.append(client.open(where, method=method, data=twice).status_code)
            if set(codes) != {400}:
                taken.append((method, rule.endpoint, codes))
    assert taken == []
    assert tried > 300


def test_pages_that_ask_for_several_values_still_exist(app: Flask) -> None:
    assert {name for name in SEVERAL if name not in app.view_functions} == set()
    assert {name for name in BRINGING if f"people.{name}" not in app.view_functions} == set()


def test_a_form_of_several_values_takes_them_and_the_rest_of_it_once(app: Flask) -> None:
    company = make_company()
    client = sign_in(app.test_client(), company.ada, is_proved=True)
    assert company.harbour
    sites = [str(company.quayside.id), str(company.harbour.id)]
    region = {"name": ["North", "South"], "site_ids": sites, "lead_ids": str(company.max.id)}
    refused = client.post("/regions", data=region)
    assert (refused.status_code, "came twice" in refused.text) == (400, True)
    assert client.post("/regions", data=region | {"name": "North"}).status_code == 303
    page = client.get("/regions").text
    assert "North" in page and "South" not in page
