"""`check --config` about the ways in: it asks the provider for what everybody may read, and says no secret."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from app.kernel.time import utc_now
from app.ops import ways_in
from app.people import scim_actions
from config import read_settings
from tests.people.builders import make_company
from tests.people.provider import SECRET, provider, settings_of


def said(app: Flask, issuer: str, tmp_path: Path, **environ: str) -> str:
    theirs = read_settings({**settings_of(issuer), "MAKEGOOD_INSTANCE": str(tmp_path), **environ})
    mine = app.extensions["makegood_settings"]
    app.extensions["makegood_settings"] = replace(
        theirs, database_url=mine.database_url, owner_database_url=mine.owner_database_url
    )
    return app.test_cli_runner().invoke(args=["check", "--config"]).output


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_provider_is_asked_and_what_is_wrong_is_said_without_a_secret(app: Flask, tmp_path: Path) -> None:
    with provider() as idp:
        good = said(app, idp.issuer, tmp_path)
        assert f"company's account: {idp.issuer} answers" in good and "1 of its keys can be used" in good
        assert "no https" in good and "no token" in good
        idp.keys = ()
        assert "look     company's account: 0 of its keys can be used" in said(app, idp.issuer, tmp_path)
        idp.document = {"issuer": "https://evil.example"}
        assert "it names itself otherwise" in said(app, idp.issuer, tmp_path)
        assert idp.redeemed == [], "no secret of ours is sent"
    gone = said(app, idp.issuer, tmp_path, MAKEGOOD_OIDC_ONLY="yes")
    assert "it can't be reached" in gone and "only administrators get in meanwhile" in gone
    assert SECRET not in good + gone


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_tokens_are_told_by_age_and_end_and_never_shown(app: Flask) -> None:
    company, now = make_company(second_site=False), utc_now()
    secret = scim_actions.make_provisioning_token(name="Entra", actor=company.ada.actor, now=now - timedelta(days=340))
    found = [line for line in ways_in.lines(app, now) if line.way == "provisioning"]
    assert [(line.is_good, "is 340 days old and ends in 2" in line.sentence) for line in found] == [(False, True)]
    assert secret not in str(found)
