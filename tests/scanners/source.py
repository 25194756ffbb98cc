"""Scanners that read the source: bandit, semgrep with the project's own rules, and the list of what is shipped."""

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.scanners.findings import Finding, NotRun, TooSlow

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
BIN = ROOT / ".venv-scanners" / "source" / "bin"
OURS = ("app", "config.py", "wsgi.py", "gunicorn.conf.py", "migrations")
PLANTED_PYTHON, PLANTED_TEMPLATE = "tests/scanners/planted.py", "tests/scanners/planted_templates/holes.html"
SECONDS_MAX = 900


def run(arguments: Sequence[str], *, good: Sequence[int], seconds_max: int = SECONDS_MAX) -> str:
    """Run a scanner and return what it said; NotRun when it is missing, too slow, or says that it failed."""
    try:
        done = subprocess.run(
            arguments, cwd=ROOT, capture_output=True, text=True, timeout=seconds_max, check=False,
            env={**os.environ, "SEMGREP_SEND_METRICS": "off", "NO_COLOR": "1"},
        )  # fmt: skip
    except FileNotFoundError:
        raise NotRun(f"{arguments[0]} is not installed") from None
    except subprocess.TimeoutExpired:
        raise TooSlow(f"{Path(arguments[0]).name} took more than {seconds_max} s") from None
    if done.returncode not in good:
        raise NotRun(f"{Path(arguments[0]).name} ended with code {done.returncode}: {done.stderr.strip()[-300:]}")
    return done.stdout


def bandit(places: Sequence[str] = OURS) -> list[Finding]:
    said = json.loads(run([str(BIN / "bandit"), "-q", "-r", "--ignore-nosec", *places, "-f", "json"], good=(0, 1)))
    if said["errors"]:
        raise NotRun(f"bandit could not read {said['errors'][0]}")
    return [_found("bandit", one["test_id"], one["filename"], one["line_number"]) for one in said["results"]]


def semgrep(places: Sequence[str] = OURS) -> list[Finding]:
    """Offline: no rules of strangers, no metrics, no question for a newer version."""
    said = json.loads(
        run(
            [
                str(BIN / "semgrep"), "scan", "--metrics=off", "--disable-version-check", "--disable-nosem", "--no-git-ignore",
                "--quiet", "--json", "--config", "tests/scanners/rules", *places,
            ],
            good=(0, 1),
        )
    )  # fmt: skip
    if said["errors"]:
        raise NotRun(f"semgrep: {said['errors'][0].get('message', said['errors'][0])}")
    return sorted(
        {
            _found("semgrep", one["check_id"].split(".")[-1], one["path"], one["start"]["line"])
            for one in said["results"]
        },
        key=str,
    )


def rule_names() -> set[str]:
    """The rules that are ours, by their names."""
    lines = "\n".join(path.read_text(encoding="utf-8") for path in (HERE / "rules").glob("*.yaml")).splitlines()
    return {line.partition("- id:")[2].strip() for line in lines if line.strip().startswith("- id:")}


def bill_of_materials(target: Path) -> int:
    """Write what runs in production, by the lock, as CycloneDX; returns how many components."""
    run(
        [
            str(BIN / "cyclonedx-py"), "requirements", "requirements.txt", "--output-reproducible", "--of", "JSON",
            "-o", str(target),
        ],
        good=(0,),
    )  # fmt: skip
    return len(json.loads(target.read_text(encoding="utf-8"))["components"])


def _found(scanner: str, rule: str, path: str, line: int) -> Finding:
    place = Path(path).as_posix().removeprefix("./")
    lines = (ROOT / place).read_text(encoding="utf-8").splitlines()
    return Finding(scanner, rule, place, lines[line - 1] if 0 < line <= len(lines) else "", line)
