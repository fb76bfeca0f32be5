# Everything runs in .venv, which the first call creates and later calls reuse.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check release bench constraints hostile-report mutation clean

demo: .venv/installed
	$(BIN)/course demo

test: .venv/installed
	$(BIN)/python -m pytest -n auto

check: .venv/installed
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

release: .venv/installed
	$(BIN)/course release --all

bench: .venv/installed
	$(BIN)/python benchmarks/operators.py
	$(BIN)/python benchmarks/grading.py

hostile-report: .venv/installed
	PYTHONPATH=tests $(BIN)/python -m hostile.report

mutation: .venv/installed
	PYTHONPATH=tests $(BIN)/python -m mutation.run

constraints:
	$(PYTHON) -m venv build/fresh && build/fresh/bin/pip install -q torch==2.13.0 -e '.[dev]'
	(echo "# The exact versions that CI ran. Update: make constraints"; build/fresh/bin/pip freeze --exclude-editable | sed 's/+cpu//') > constraints.txt

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is %s: make PYTHON=python3.11 ..." % sys.version.split()[0])'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

clean:
	rm -rf .venv build
