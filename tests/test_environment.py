import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).parent.parent


def _project() -> dict:
    return tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]


def _canonical(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", requirement)[0]).lower()


def _pins() -> dict[str, str]:
    lines = (PROJECT / "constraints.txt").read_text().splitlines()
    pairs = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {_canonical(name): version for name, version in pairs}


def test_conda_takes_its_python_packages_from_pyproject():
    environment = yaml.safe_load((PROJECT / "environment.yml").read_text())
    *conda, from_pip = environment["dependencies"]
    assert conda == [f"python{_project()['requires-python']}", "pip"]
    assert from_pip == {"pip": ["-c constraints.txt", "-e .[dev]"]}
    assert "dev" in _project()["optional-dependencies"]


def test_every_direct_dependency_is_pinned():
    project = _project()
    direct = project["dependencies"] + project["optional-dependencies"]["dev"]
    assert {_canonical(requirement) for requirement in direct} - _pins().keys() == set()
    assert _pins()["torch"] == "2.13.0"


@pytest.mark.parametrize("target", ["demo", "test", "check", "release", "bench"])
def test_makefile_has_the_target(target):
    done = subprocess.run(["make", "--dry-run", target], cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert ".venv/bin/" in done.stdout


def test_ci_runs_make_test_and_nothing_else():
    script = PROJECT / ".ci/run"
    assert script.stat().st_mode & 0o111
    lines = [line for line in script.read_text().splitlines() if not line.startswith("#")]
    assert lines == ["set -euo pipefail", 'cd "$(dirname "$0")/.."', "make test"]


def test_license_is_the_one_that_pyproject_names():
    assert _project()["license"] == "MIT"
    assert (PROJECT / "LICENSE").read_text().startswith("MIT License\n")
