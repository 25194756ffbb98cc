"""The commands: exit code 0 only on success, heads read as they were printed."""

import json
from pathlib import Path

import pytest
from flask import Flask

from app.audit.chain_rules import BadHead, Head, parse_heads
from tests.audit.test_verify import CLEO, attack, record

HASH = "ab" * 32


def run(app: Flask, *arguments: str) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=["audit", *arguments])
    return result.exit_code, result.output


def test_verify_succeeds_with_the_head_that_was_printed(app: Flask, tmp_path: Path) -> None:
    record(3)
    kept = tmp_path / "heads"
    for form in ([], ["--json"]):
        code, line = run(app, "head", *form)
        assert code == 0
        kept.write_text((kept.read_text() if kept.exists() else "") + line)
    code, said = run(app, "verify", "--head", str(kept))
    assert code == 0
    assert "Whole: 3 entries, agrees with 2 head(s)" in said
    code, said = run(app, "verify", "--head", str(kept), "--newer", "--json")
    assert (code, json.loads(said)["checked"]) == (0, 0)


def test_verify_fails_and_names_the_first_bad_number(app: Flask) -> None:
    record(4)
    attack("UPDATE audit_entry SET subject = 'MG-99' WHERE id = 3")
    code, said = run(app, "verify")
    assert code == 1
    assert "First bad number: 3" in said
    code, said = run(app, "verify", "--json")
    assert code == 1
    report = json.loads(said)
    assert (report["whole"], report["problem"], report["first_bad_number"]) == (False, "columns-changed", 3)


@pytest.mark.parametrize("content", ["", "not a head\n", "1 abc\n", '{"number": 1}\n', f"-1 {HASH}\n", '{"number"\n'])
def test_a_file_that_holds_no_head_is_refused_in_words(app: Flask, tmp_path: Path, content: str) -> None:
    record(1)
    kept = tmp_path / "heads"
    kept.write_text(content)
    code, said = run(app, "verify", "--head", str(kept))
    assert code == 2
    assert "head" in said
    assert "Traceback" not in said


def test_newer_without_a_head_is_refused(app: Flask) -> None:
    assert run(app, "verify", "--newer")[0] == 2


def test_the_export_holds_everything_a_verifier_needs(app: Flask) -> None:
    record(3)
    code, lines = run(app, "export")
    assert code == 0
    rows = [json.loads(line) for line in lines.splitlines()]
    assert [row["number"] for row in rows] == [1, 2, 3]
    assert set(rows[0]) == {"number", "entry_id", "content", "content_hash", "chain_hash", "salt", "payload"}
    assert CLEO in rows[0]["payload"]
    code, lines = run(app, "export", "--case", "MG-2")
    assert [json.loads(line)["number"] for line in lines.splitlines()] == [2]
    assert run(app, "export", "--case", "two")[0] == 2


def test_heads_are_read_in_both_forms_and_ascending() -> None:
    text = f'{{"number": 9, "chain_hash": "{HASH}", "at": "2026-03-19T15:00:00Z"}}\n\n3 {HASH} 2026-03-18T15:00:00Z\n'
    assert parse_heads(text) == [Head(3, HASH, "2026-03-18T15:00:00Z"), Head(9, HASH, "2026-03-19T15:00:00Z")]
    with pytest.raises(BadHead):
        parse_heads(f"3 {HASH.upper()}")


def test_a_stopped_verification_says_that_nothing_is_proved_and_is_no_broken_trail(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(**_asked: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("app.audit.checkpoint_queries.verify", stopped)
    code, said = run(app, "verify")
    assert (code, "nothing is proved" in said, "Traceback" in said) == (130, True, False)
