# `make run` does the main job on sample footage, `make test` proves it. Both set up what they need.
#
#   make run                  the whole story on sample footage, on this machine only
#   make run URLS=my.csv      archive your own list into ./vault
#   make test [T=name]        every test, or those whose name contains T
#   make check                lint, types and the quick tests
#   make bench                the measurements of benchmarks/
#   make lock                 pin the dependencies anew (needs uv)

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
VAULT := $(or $(ARCHIVER_VAULT),vault)

# Three test processes for two processors, because many tests wait: numerical libraries that start threads of their own
# would fight over them.
export OPENBLAS_NUM_THREADS := 1

.PHONY: run test check bench setup setup-dev system lock generate clean

run: setup
ifdef URLS
	@test -e "$(VAULT)" || $(BIN)/archiver --vault "$(VAULT)" init
	@$(BIN)/archiver --vault "$(VAULT)" add --from "$(URLS)" || test $$? -eq 1
	@$(BIN)/archiver --vault "$(VAULT)" run || test $$? -eq 1
	@$(BIN)/archiver --vault "$(VAULT)" requests
	@$(BIN)/archiver --vault "$(VAULT)" items
	@$(BIN)/archiver --vault "$(VAULT)" matches
	@$(BIN)/archiver --vault "$(VAULT)" verify
	@echo "For a report: $(BIN)/archiver --vault $(VAULT) export --case CASE --to FOLDER"
else
	@$(BIN)/archiver demo
endif

test: setup-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/pytest -n 3 --dist worksteal $(if $(T),-k "$(T)")

check: setup-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/pytest -n 3 --dist worksteal -m "not slow" $(if $(T),-k "$(T)")

bench: setup-dev
	@for benchmark in benchmarks/*.py; do echo "== $$benchmark"; $(BIN)/python $$benchmark || exit 1; done

setup: system .venv/.installed

setup-dev: system .venv/.installed-dev

system:
	@sh scripts/system-packages.sh

.venv/.installed: requirements.lock pyproject.toml
	@sh scripts/install.sh "$(PYTHON)" requirements.lock
	@touch $@

.venv/.installed-dev: requirements-dev.lock pyproject.toml
	@sh scripts/install.sh "$(PYTHON)" requirements-dev.lock
	@touch $@ .venv/.installed

lock:
	@sh scripts/lock.sh

generate: setup-dev
	@$(BIN)/python scripts/generate.py

clean:
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
