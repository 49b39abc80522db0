# `make run` and `make test` do all set-up themselves; `make help` lists what there is.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do command -v $$p >/dev/null 2>&1 && \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
PORT ?= 8501
MISSION := manifold:will-large-reasoning-models-signifi
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help run night test check bench format clean

help:
	@echo "make run     set up, run the night on the embedded suite, replay the past months, open the dashboard on 127.0.0.1:$(PORT)"
	@echo "make night   set up and run the night on the embedded suite"
	@echo "make test    set up and run every test"
	@echo "make check   lint, format check, types, import contracts"
	@echo "make bench   programs that print figures: speed, and how often intervals hold"
	@echo "make clean   remove .venv (the data folder is kept)"

# A stamp for each list of packages: nothing is installed again until the list changes.
.venv/.made:
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or newer was found: install one, or say which: make run PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "Python could not make a virtual environment: on Debian and Ubuntu, apt install python3-venv"; exit 1; }
	@touch $@

.venv/.product: .venv/.made requirements.txt
	@echo "Installing the product's packages (about 2 GB, some minutes the first time)…"
	@$(BIN)/pip install -qq -r requirements.txt
	@touch $@

.venv/.tools: .venv/.product requirements-dev.txt
	@echo "Installing what the tests need…"
	@$(BIN)/pip install -qq -r requirements-dev.txt
	@touch $@

run: night
	@$(BIN)/python -m jobs backtest --missing --no-table || echo "The past was not replayed (above): the dashboard works without it."
	@echo "The dashboard is at http://127.0.0.1:$(PORT) (Ctrl-C ends it); the question behind it all at"
	@echo "http://127.0.0.1:$(PORT)/question?question=$(MISSION)"
	@exec $(BIN)/python -m streamlit run app.py --server.port $(PORT)

night: .venv/.product
	@$(BIN)/python -m jobs nightly --suite embedded || echo "The night had failures (above, and on the Runs page)."

test: .venv/.tools
	$(BIN)/python -m pytest -n 2 --dist loadfile

check: .venv/.tools
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/.tools
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/.tools
	$(BIN)/python -m tests.bench.night
	$(BIN)/python -m tests.killed_nights --kills 20
	$(BIN)/python -m tests.bench.save_samples
	$(BIN)/python -m tests.bench.imports
	$(BIN)/python -m tests.bench.estimates
	$(BIN)/python -m tests.bench.coverage --worlds 400
	$(BIN)/python -m tests.bench.index --worlds 5
	$(BIN)/python -m tests.bench.scores_page
	$(BIN)/python -m tests.bench.longshot
	$(BIN)/python -m tests.bench.markets
	$(BIN)/python -m tests.market_faults --sequences 1000
	$(BIN)/python -m tests.bench.questions_page
	OMP_NUM_THREADS=1 POLARS_MAX_THREADS=1 $(BIN)/python -m tests.bench.join

clean:
	rm -rf .venv
