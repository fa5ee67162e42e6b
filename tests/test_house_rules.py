"""House rules for Python; those for Rust and for documents are in xtask."""

import subprocess
import sys

import pytest

from harness import ROOT


@pytest.mark.parametrize(
    "command", ["ruff check .", "ruff format --check .", "mypy"], ids=lambda command: command.rstrip(" .")
)
def test_python_is_clean(command):
    ran = subprocess.run(
        [sys.executable, "-m", *command.split()], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
