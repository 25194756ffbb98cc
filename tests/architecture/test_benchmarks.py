"""What is measured is what the product does, and each benchmark runs: at a size that takes seconds."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench import authority

ROOT = Path(__file__).resolve().parents[2]
SMALLEST = {
    "tests.bench": ["--cases", "300", "--seconds", "0.2"],
    "tests.bench.approvals": ["--requests", "10"],
    "tests.bench.audit": ["--entries", "300", "--seconds", "0.2", "--rounds", "1"],
    "tests.bench.authority": ["--seconds", "0.2", "--remedies", "10", "20", "--times", "3"],
    "tests.bench.clocks": ["--clocks", "2000", "4000", "--cases", "100"],
    "tests.bench.overview": ["--cases", "300", "--seconds", "0.3"],
}


def test_the_bare_script_writes_the_rows_that_the_product_writes(tmp_path: Path) -> None:
    authority.compare_rows(authority.stage(f"sqlite:///{tmp_path}/bare.db", tmp_path))


@pytest.mark.soak
@pytest.mark.parametrize("name", SMALLEST)
def test_a_benchmark_runs_to_its_end(name: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", name, "--db", "sqlite", *SMALLEST[name]],
        cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert "Traceback" not in ran.stderr, ran.stderr[-2000:]
    lines = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
    assert lines and all("bench" in line for line in lines)
