"""Every command that reads a file and every address that programs write to is sent what is broken: told in words, never an accident.

The commands come from the command line itself, the addresses from the URL map; forms with files: test_hostile_forms.
"""

import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import click
import pytest
from flask import Flask

from app.api.endpoints import TABLE
from app.kernel.database import db
from tests.api.client import Api
from tests.architecture.hostile import GOOD, bodies, broken, files
from tests.architecture.test_routes import WRITING, rules
from tests.cases.builders import make_case
from tests.conftest import DATABASES
from tests.counts import count
from tests.people.builders import make_company
from tests.people.scim_client import program

BROKEN, BODIES = count(100, 4), count(200, 10)
# They write the file that they name, and read none.
WRITERS = {"backup"}
Command = tuple[tuple[str, ...], click.Command]


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[Command]:
    for name, one in sorted(group.commands.items()):
        if isinstance(one, click.Group):
            yield from commands(one, (*path, name))
        else:
            yield (*path, name), one


def read_by(command: click.Command) -> list[click.Parameter]:
    """The parameters that name a file to be read."""
    return [
        one
        for one in command.params
        if (isinstance(one.type, click.File) and "r" in one.type.mode)
        or (isinstance(one.type, click.Path) and (one.type.exists or one.name == "file"))
    ]


def arguments(command: click.Command, own: click.Parameter, file: Path, mapping: Path) -> list[str]:
    """The file for one parameter, a good mapping where another file is needed, and something plain for what must be given."""
    found: list[str] = []
    for one in command.params:
        value = str(file) if one is own else str(mapping) if one in read_by(command) else "1"
        if one is own or one.required:
            found += [value] if isinstance(one, click.Argument) else [one.opts[0], value]
    return found


@pytest.mark.slow
@pytest.mark.parametrize("database_url", DATABASES[: count(2, 1)], indirect=True)
def test_no_command_that_reads_a_file_breaks_whatever_is_in_it(app: Flask, tmp_path: Path) -> None:
    make_case(make_company().ana, customer="Cleo Marsh")
    draw, runner = random.Random(20_261_123), app.test_cli_runner()
    file, mapping = tmp_path / "sent", tmp_path / "mapping.yaml"
    readers = [(path, one) for path, one in commands(app.cli) if read_by(one) and path[-1] not in WRITERS]
    wrong, taken = [], 0
    for path, one in readers:
        mapping.write_bytes(GOOD["outcomes.yaml" if path[0] == "outcomes" else "mapping.yaml"])
        for own in read_by(one):
            hostile = [content for _name, content in files()] if own.required else []
            hostile += [broken(draw, draw.choice(list(GOOD.values()))) for _ in range(BROKEN)]
            for content in [*GOOD.values(), *hostile]:
                file.write_bytes(content)
                said = runner.invoke(app.cli, [*path, *arguments(one, own, file, mapping)])
                taken += said.exit_code == 0
                db.session.rollback()
                if said.exception is not None and not isinstance(said.exception, SystemExit):
                    wrong.append((" ".join(path), own.name, repr(said.exception)[:200], content[:80]))
    assert wrong == []
    assert {path[0] for path, _one in readers} >= {
        "approvals",
        "cases",
        "customers",
        "fx",
        "outcomes",
        "policy",
        "restore",
    }
    assert taken >= 8  # so that what is sent reaches further than the door


@pytest.mark.slow
@pytest.mark.parametrize("database_url", DATABASES[: count(2, 1)], indirect=True)
def test_no_program_breaks_what_it_writes_to(app: Flask) -> None:
    """SCIM with the bodies of a mad program, and everything of the API that takes bytes."""
    company, draw = make_company(), random.Random(20_261_123)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    scim, mails = program(app, company.ada), Api(app, company.ada)
    written = [rule for rule in rules(app) if rule.rule.startswith("/scim/") and set(WRITING) & set(rule.methods or ())]
    assert written
    broken_by: list[Any] = []
    places = [
        f"{root}{end}"
        for root in ("/Users", "/Groups", "/Bulk", "/Me", "/ServiceProviderConfig", "/.search", "")
        for end in ("", "/EM-1", "/1", "/%00")
    ]
    for method in WRITING:
        for body in islice(bodies(draw), BODIES):
            place = draw.choice(places)
            answer = scim.ask(method, place, body)
            db.session.remove()  # no read transaction stays open between requests
            if answer.status_code >= 500 and answer.status_code != 501:
                broken_by.append((method, place, answer.status_code, body[:200]))
    for spec in TABLE:
        for content in [*GOOD.values(), *(broken(draw, GOOD["mail.eml"]) for _ in range(BROKEN))] if spec.raw else ():
            answer = mails.post(spec.path, data=content, content_type=spec.raw)
            db.session.remove()
            if answer.status_code >= 500:
                broken_by.append((spec.name, answer.status_code, content[:200]))
    assert broken_by == []
