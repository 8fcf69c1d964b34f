SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: FORCE help setup tools midnight test test-wide test-full axe bench pictures docs lint lock schemas dashboards clean

PROFILE ?= fragile
SEED ?=

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
BENCH := $(VENV)/bench/.installed
DOCS := $(VENV)/docs/.installed
AXE := $(VENV)/axe/.installed
PIP := $(BIN)/python -m pip --disable-pip-version-check -q

# Each is tried by running it: a version manager puts shims on PATH for versions that are not installed.
PYTHONS := $(or $(PYTHON),python3.13 python3.12 python3.11 python3)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Keep compiled modules even if the caller's environment says not to: otherwise every process compiles its modules
# again, the tests start hundreds, and a command takes three times as long to start.
export PYTHONDONTWRITEBYTECODE :=

setup: $(STAMP) ## make the virtual environment and install the locked dependencies

# Also if the Python that the environment was made with is gone.
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
		echo "creating $(VENV) with $$("$$new" --version)"; \
		"$$new" -m venv --clear $(VENV); \
	fi
	@echo "installing the locked dependencies"
	@# Not compiled here: most modules are never imported, and the others are compiled on import.
	@$(PIP) install --no-compile --require-hashes -r requirements.lock
	@# Hatchling and editables are in the lock: the build fetches nothing that is not locked.
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

tools: setup ## find or get PostgreSQL, Toxiproxy, logrotate and Prometheus (midnight doctor --fix)
	@$(BIN)/midnight doctor --fix

# Plays on processes; images of hundreds of megabytes are left to `make tools` and `make test`.
midnight: export MIDNIGHT_DOCKER_IMAGES ?= none
midnight: tools ## play the midnight sequence: PROFILE=fragile|hardened SEED=n
	@# 0 and 1 are both a verdict, and so a success here.
	@$(BIN)/midnight run midnight --target embedded --profile $(PROFILE) $(if $(SEED),--seed $(SEED)); \
	code=$$?; if [ $$code -gt 1 ]; then exit $$code; fi

lint: setup ## check style, types and imports between rooms
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

# Most tests mostly wait. Those on the real stack need part of the machine, and some all of it.
SIDE_BY_SIDE := --dist loadscope --no-loadscope-reorder

test: lint tools $(AXE) ## lint, then run the tests that every change needs
	$(BIN)/python -m tests.again -m "not real and not alone and not full" -n 4 $(SIDE_BY_SIDE)
	$(BIN)/python -m tests.again -m "real and not wide and not alone and not full" -n 6 $(SIDE_BY_SIDE)
	$(BIN)/python -m tests.again -m "alone and not full"

test-wide: tools $(AXE) ## run more tests on real stacks, services and projects, as CI does after `make test`
	$(BIN)/python -m tests.again -m "wide and not full" -n 4 $(SIDE_BY_SIDE)

test-full: lint tools $(AXE) ## run every test, the long ones (many seeds, kills and variants) included
	$(BIN)/python -m tests.again --hypothesis-profile=searching -m "not real and not alone and not full" -n 4 $(SIDE_BY_SIDE)
	$(BIN)/python -m tests.again --hypothesis-profile=searching -m "real or alone or full"

axe: $(AXE) ## get axe-core, which checks pages for accessibility (needs npm)

# Without it, the tests of accessibility are skipped, and say so.
$(AXE): tests/accessibility/package-lock.json | $(STAMP)
	@mkdir -p $(@D); cp tests/accessibility/package.json $< $(@D); \
	if ! command -v npm >/dev/null; then echo "axe-core is not installed: npm is missing" >&2; \
	elif npm ci --prefix $(@D) --ignore-scripts --no-audit --no-fund --loglevel=error; then touch $@; \
	else echo "axe-core could not be installed" >&2; fi

bench: setup $(BENCH) ## compare the load generator with others and judge ten million hits
	@$(BIN)/python -m bench

pictures: setup ## draw the reports and the web as PNG and PDF in dist/pictures: NIGHT=DIR DRILL=DIR SAMPLE=1
	@$(BIN)/python -m tests.pictures $(if $(NIGHT),--night $(NIGHT)) $(if $(DRILL),--drill $(DRILL)) $(if $(SAMPLE),--docs)

# In its own environment: the others are not dependencies of midnight.
$(BENCH): bench/requirements.lock | $(STAMP)
	@echo "installing the other load generators"
	@$(BIN)/python -m venv --clear $(VENV)/bench
	@$(VENV)/bench/bin/python -m pip --disable-pip-version-check -q install --no-compile --require-hashes -r $<
	@touch $@

docs: $(DOCS) ## serve the documentation on http://127.0.0.1:8000
	@NO_MKDOCS_2_WARNING=1 $(VENV)/docs/bin/mkdocs serve --dev-addr 127.0.0.1:8000

$(DOCS): docs/requirements.lock | $(STAMP)
	@echo "installing mkdocs-material"
	@$(BIN)/python -m venv --clear $(VENV)/docs
	@$(VENV)/docs/bin/python -m pip --disable-pip-version-check -q install --no-compile --require-hashes -r $<
	@touch $@

schemas: setup ## make the JSON schemas of chaos/schemas/files, from the models
	@for kind in experiment target schedule suite; do \
		$(BIN)/midnight schema $$kind --output chaos/schemas/files/$$kind.schema.json || exit 1; \
	done

dashboards: setup ## write the Grafana dashboards of deploy/monitoring, from the builders in deploy/dashboards
	@$(BIN)/python -m deploy.dashboards

lock: ## resolve the dependencies and write every lock file
	@uv=$$(command -v uv || command -v $(BIN)/uv) || { \
		echo "uv is not installed; type: pipx install uv" >&2; exit 1; }; \
	"$$uv" pip compile --universal --generate-hashes --no-emit-index-url --all-extras \
		pyproject.toml -o requirements.lock && \
	"$$uv" pip compile --universal --generate-hashes --no-emit-index-url --group bench \
		-o bench/requirements.lock && \
	"$$uv" pip compile --universal --generate-hashes --no-emit-index-url --group docs \
		-o docs/requirements.lock
	@npm install --package-lock-only --omit-lockfile-registry-resolved --ignore-scripts --no-audit --no-fund \
		--prefix tests/accessibility

clean: ## remove the virtual environment and all caches, keep reports
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
