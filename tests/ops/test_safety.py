"""Production starts only with settings that are safe, and every refusal says what to do."""

import json
from dataclasses import replace
from pathlib import Path
from secrets import token_urlsafe

import pytest
from flask import Flask

from app import create_app
from app.kernel.database import db
from app.ops import safety
from app.ops.safety_rules import Facts, findings, is_private_connection, is_weak
from config import Settings
from tests.conftest import settings_for
from tests.people.builders import make_company

PRODUCTION = {
    "MAKEGOOD_ENV": "production",
    "MAKEGOOD_BASE_URL": "https://desk.hotel.example",
    "MAKEGOOD_TRUSTED_HOSTS": "desk.hotel.example,127.0.0.1",
    "MAKEGOOD_PROXY_HOPS": "1",
    "MAKEGOOD_BREACHED_HASHES": "/dev/null",
}
REMOTE = "postgresql+psycopg://app@db.hotel.example/makegood"


def production(folder: Path, url: str | None = None, **changes: str) -> Settings:
    settings = {**PRODUCTION, "SECRET_KEY": token_urlsafe(48), **changes}
    return settings_for(url or f"sqlite:///{folder}/p.db", folder, **settings)


def named(settings: Settings, facts: Facts | None = None) -> dict[str, bool]:
    return {one.setting: one.is_refused for one in findings(settings, facts or Facts())}


def test_settings_of_the_hardening_guide_have_no_finding(tmp_path: Path) -> None:
    assert named(production(tmp_path)) == {}


@pytest.mark.parametrize(
    ("changes", "setting", "is_refused"),
    [
        ({"SECRET_KEY": "x" * 40}, "SECRET_KEY", True),
        ({"SECRET_KEY": "please-changeme-0123456789-abcdefghij"}, "SECRET_KEY", True),
        ({"SECRET_KEY_FALLBACKS": "ab" * 20}, "SECRET_KEY_FALLBACKS", True),
        ({"MAKEGOOD_TRUSTED_HOSTS": "127.0.0.1,localhost"}, "MAKEGOOD_TRUSTED_HOSTS", True),
        ({"MAKEGOOD_TRUSTED_HOSTS": "desk.hotel.example,*"}, "MAKEGOOD_TRUSTED_HOSTS", True),
        ({"MAKEGOOD_PROXY_HOPS": "0"}, "MAKEGOOD_PROXY_HOPS", True),
        ({"MAKEGOOD_WEB_HOSTS": "2"}, "DATABASE_URL", True),
        ({"MAKEGOOD_SMTP_HOST": "mail.hotel.example", "MAKEGOOD_SMTP_STARTTLS": "no"}, "MAKEGOOD_SMTP_STARTTLS", True),
        ({"MAKEGOOD_SECOND_FACTOR": "nobody"}, "MAKEGOOD_SECOND_FACTOR", False),
        ({"MAKEGOOD_BREACHED_HASHES": ""}, "MAKEGOOD_BREACHED_HASHES", False),
        ({"MAKEGOOD_FX_DAYS_MAX": "any"}, "MAKEGOOD_FX_DAYS_MAX", False),
    ],
)
def test_an_unsafe_setting_is_found_alone(
    tmp_path: Path, changes: dict[str, str], setting: str, is_refused: bool
) -> None:
    assert named(production(tmp_path, **changes)) == {setting: is_refused}


@pytest.mark.parametrize(
    ("facts", "setting", "is_refused"),
    [
        (Facts(is_debug=True), "FLASK_DEBUG", True),
        (Facts(is_testing=True), "TESTING", True),
        (Facts(cookie_is_secure=False), "SESSION_COOKIE_SECURE", True),
        (Facts(log_level="debug"), "MAKEGOOD_LOG_LEVEL", False),
        (Facts(open_paths=("/srv/makegood",)), "MAKEGOOD_INSTANCE", True),
        (Facts(database_file_system="nfs4"), "DATABASE_URL", True),
        (Facts(has_demo_people=True), "MAKEGOOD_INSTANCE", True),
    ],
)
def test_an_unsafe_surrounding_is_found_alone(tmp_path: Path, facts: Facts, setting: str, is_refused: bool) -> None:
    assert named(production(tmp_path), facts) == {setting: is_refused}


def test_a_distant_database_is_asked_who_it_is(tmp_path: Path) -> None:
    owner = {"MAKEGOOD_OWNER_DATABASE_URL": "postgresql://owner@/makegood?host=/run/postgresql"}
    assert named(production(tmp_path, REMOTE, **owner)) == {"DATABASE_URL": True}
    assert named(production(tmp_path, f"{REMOTE}?sslmode=require", **owner)) == {"DATABASE_URL": True}
    assert named(production(tmp_path, f"{REMOTE}?sslmode=verify-full", **owner)) == {}
    same = named(production(tmp_path, "postgresql://app@/makegood?host=/run/postgresql"))
    assert same == {"MAKEGOOD_OWNER_DATABASE_URL": False}
    assert is_private_connection("postgresql+psycopg://app@127.0.0.1:5432/makegood")
    assert not is_private_connection("postgresql+psycopg://app@/makegood?host=/run/postgresql&host=db.example")


def test_a_random_secret_is_strong() -> None:
    assert not any(is_weak(token_urlsafe(24)) for _ in range(200))


def test_a_path_is_on_the_innermost_mount() -> None:
    mounts = "/dev/a / ext4 rw 0 0\nfiler:/x /srv nfs4 rw 0 0\n/dev/b /srv/local\\040disk ext4 rw 0 0\n"
    assert safety.file_system_of(Path("/srv/m/p.db"), mounts) == "nfs4"
    assert safety.file_system_of(Path("/srv/local disk/p.db"), mounts) == "ext4"
    assert safety.file_system_of(Path("/home/p.db"), mounts) == "ext4"
    assert safety.file_system_of(None) == ""


def test_production_refuses_to_start_with_every_reason_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FLASK_DEBUG", raising=False)
    create_app(production(tmp_path))
    (tmp_path / "secret_key").write_text("x")
    (tmp_path / "secret_key").chmod(0o644)
    (tmp_path / "demo-pass-phrase").write_text("x")
    tmp_path.chmod(0o755)
    monkeypatch.setenv("FLASK_DEBUG", "1")
    with pytest.raises(SystemExit) as refused:
        create_app(production(tmp_path, MAKEGOOD_PROXY_HOPS="0"))
    for part in ("FLASK_DEBUG", "MAKEGOOD_PROXY_HOPS", "demo people", f"chmod o-rwx {tmp_path}\n", "/secret_key"):
        assert part in str(refused.value)
    tmp_path.chmod(0o700)


def test_a_demo_company_is_not_served_in_production(app: Flask, tmp_path: Path) -> None:
    app.extensions["makegood_settings"] = replace(
        production(tmp_path), database_url=app.config["SQLALCHEMY_DATABASE_URI"]
    )
    app.testing, app.config["SESSION_COOKIE_SECURE"] = False, True
    safety.refuse_demo_people(app)
    make_company(second_site=False)
    db.session.rollback()
    with pytest.raises(RuntimeError, match="demo people"):
        safety.refuse_demo_people(app)


def test_the_command_reports_what_production_would_refuse(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("settings alone")
    done = app.test_cli_runner().invoke(args=["check", "--config", "--json"])
    said = json.loads(done.output)
    assert (done.exit_code, said["safe"]) == (1, False)
    assert {"MAKEGOOD_ENV", "MAKEGOOD_BASE_URL", "SECRET_KEY"} <= {row["setting"] for row in said["findings"]}
    plain = app.test_cli_runner().invoke(args=["check", "--config"])
    assert plain.exit_code == 1 and "REFUSED  SECRET_KEY: it was generated here" in plain.output
