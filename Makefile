SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: FORCE help setup tools midnight test test-full bench lint lock clean

PROFILE ?= fragile
SEED ?=

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
BENCH := $(VENV)/bench/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check -q

# Tried by running them: a version manager's shim is on PATH for versions that are not there.
PYTHONS := $(or $(PYTHON),python3.13 python3.12 python3.11 python3)

help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Every process would compile its modules again, also where the caller's environment says to keep nothing: the
# tests start hundreds, and a command of midnight's takes three times as long to start.
export PYTHONDONTWRITEBYTECODE :=

setup: $(STAMP) ## make the virtual environment and install the locked dependencies

# Also when the Python that the environment was made with has gone.
$(STAMP): requirements.lock pyproject.toml $(if $(wildcard $(BIN)/python),,FORCE)
	@set -e; \
	if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
		new= unfit=; \
		for python in $(PYTHONS); do \
			"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
			if "$$python" -c 'import venv, ensurepip' 2>/dev/null; then new=$$python; break; fi; \
			unfit=$${unfit:-$$python}; \
		done; \
		if [ -z "$$new" ] && [ -n "$$unfit" ]; then \
			version=$$("$$unfit" -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
			echo "$$unfit cannot make a virtual environment: ensurepip is missing;" \
				"on Debian type: sudo apt-get install python$$version-venv" >&2; exit 1; \
		fi; \
		if [ -z "$$new" ]; then \
			echo "no Python >= 3.11 among: $(PYTHONS); install one (Debian: sudo apt-get install" \
				"python3 python3-venv), or name it: make setup PYTHON=/path/to/python" >&2; exit 1; \
		fi; \
		echo "making $(VENV) with $$("$$new" --version)"; \
		"$$new" -m venv --clear $(VENV); \
	fi
	@echo "installing the locked dependencies"
	@# Not compiled: most modules are never imported, and those that are compile themselves.
	@$(PIP) install --no-compile --require-hashes -r requirements.lock
	@# Hatchling and editables are in the lock, so that nothing unlocked is fetched to build.
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

tools: setup ## find or get PostgreSQL, Toxiproxy and logrotate (midnight doctor --fix)
	@$(BIN)/midnight doctor --fix

# It plays on processes: images of hundreds of megabytes are for who asks for them (make tools, make test).
midnight: export MIDNIGHT_DOCKER_IMAGES ?= none
midnight: tools ## play the midnight sequence: PROFILE=fragile|hardened SEED=n
	@# A verdict was reached, whichever it is: 0 and 1 are both success here.
	@$(BIN)/midnight run midnight --target embedded --profile $(PROFILE) $(if $(SEED),--seed $(SEED)); \
	code=$$?; if [ $$code -gt 1 ]; then exit $$code; fi

lint: setup ## style, types, and which room may import which
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

# Most tests wait more than they work; those on the real stack need some of the machine, and some all of it.
SIDE_BY_SIDE := --dist loadscope --no-loadscope-reorder

test: lint tools ## lint, then every test but the long proofs
	$(BIN)/python -m pytest -m "not real and not alone and not full" -n 4 $(SIDE_BY_SIDE)
	$(BIN)/python -m pytest -m "real and not alone and not full" -n 4 $(SIDE_BY_SIDE)
	$(BIN)/python -m pytest -m "alone and not full"

test-full: lint tools ## every test, the long proofs (many seeds, many kills, every variant) too
	$(BIN)/python -m pytest -m "not real and not alone and not full" -n 4 $(SIDE_BY_SIDE)
	$(BIN)/python -m pytest -m "real or alone or full"

bench: setup $(BENCH) ## compare the instrument with its peers and judge ten million hits
	@$(BIN)/python -m bench

# In an environment of its own: what we are compared with is no dependency of ours.
$(BENCH): bench/requirements.lock | $(STAMP)
	@echo "installing what is compared with"
	@$(BIN)/python -m venv --clear $(VENV)/bench
	@$(VENV)/bench/bin/python -m pip --disable-pip-version-check -q install --no-compile --require-hashes -r $<
	@touch $@

lock: ## resolve the dependencies anew and write requirements.lock, and that of the bench
	@uv=$$(command -v uv || command -v $(BIN)/uv) || { \
		echo "uv is not here; type: pipx install uv" >&2; exit 1; }; \
	"$$uv" pip compile --universal --generate-hashes --no-emit-index-url --all-extras \
		pyproject.toml -o requirements.lock && \
	"$$uv" pip compile --universal --generate-hashes --no-emit-index-url --group bench \
		-o bench/requirements.lock

clean: ## remove the virtual environment and every cache; reports stay
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
