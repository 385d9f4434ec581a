# The desk's commands. `make` alone lists them.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.ONESHELL:
.SHELLFLAGS := -eu -c

PYTHON ?= python3
BIN := .venv/bin
# The stamps change with the pinned requirements, so a second `make install` does nothing.
RUNTIME := .venv/installed-runtime-$(shell cksum <requirements/base.txt | tr ' ' '-')
COMPLETE := .venv/installed-complete-$(shell cat requirements/base.txt requirements/dev.txt | cksum | tr ' ' '-')

# What `manage.py check --deploy` is asked about: a desk as in production, on values of no use.
DEPLOYED := DEBUG=0 DATABASE_URL=postgres://desk_owner@db.invalid/desk REDIS_URL=redis://redis.invalid:6379/0 \
	SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(60))') \
	DESK_KEYRING=k1:$$($(BIN)/python -c 'import base64, secrets; print(base64.b64encode(secrets.token_bytes(32)).decode())') \
	DESK_MARK_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_hex(32))') \
	SIMULATOR_TOKEN=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(32))') \
	ALLOWED_HOSTS=desk.example.org CSRF_TRUSTED_ORIGINS=https://desk.example.org

.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: install
install: $(COMPLETE) ## Make .venv from the pinned, hashed requirements

define INSTALL
if command -v uv >/dev/null 2>&1; then
	[ -x $(BIN)/python ] || uv venv --quiet --python $(PYTHON) .venv
	VIRTUAL_ENV=.venv uv pip install --quiet --require-hashes $(1)
else
	[ -x $(BIN)/python ] || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip --upgrade
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes $(1)
fi
endef

$(RUNTIME):
	@echo "Installing the pinned requirements into .venv …"
	$(call INSTALL,-r requirements/base.txt)
	rm -f .venv/installed-runtime-*
	touch $@

$(COMPLETE): $(RUNTIME)
	@echo "Installing what tests and checks need …"
	$(call INSTALL,-r requirements/base.txt -r requirements/dev.txt)
	rm -f .venv/installed-complete-*
	touch $@

.PHONY: run
run: $(RUNTIME) ## Start the whole desk (PORT=8000, DESK_HOME=.desk); Ctrl-C stops it
	@exec $(BIN)/python -m tradingdesk.supervisor

.PHONY: test
test: install ## Run the whole suite on embedded servers of its own, with branch coverage
	@rm -f .coverage .coverage.*
	$(BIN)/python -m pytest -n $${TEST_PROCESSES:-2} --dist loadgroup --cov --cov-report= $(TESTS)
	$(BIN)/python -m tests.coverage_gate

.PHONY: check
check: install ## Lint, format, types, imports, migrations, deployment, templates
	@$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(DEPLOYED) $(BIN)/python manage.py check --deploy --fail-level WARNING
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml apps tradingdesk
	find templates apps -name '*.html' -print0 | xargs -0 --no-run-if-empty $(BIN)/djade --target-version 5.2 --check

.PHONY: fmt
fmt: install ## Format Python and templates, fix what can be fixed
	@$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format --quiet .
	find templates apps -name '*.html' -print0 | xargs -0 --no-run-if-empty $(BIN)/djade --target-version 5.2 || true

.PHONY: bench
bench: install ## Run every script in benchmarks/
	@for script in benchmarks/*.py; do
		[ -e "$$script" ] || continue
		echo "== $$script"
		$(BIN)/python "$$script"
	done

.PHONY: soak-reconciliation
soak-reconciliation: install ## Live RECONCILE_HOURS=24 simulated hours of trading without one false break
	@RECONCILE_HOURS=$${RECONCILE_HOURS:-24} LOG_LEVEL=ERROR $(BIN)/pytest --timeout=0 -q -n0 \
		tests/reconciliation/test_planted_breaks.py -k no_false

.PHONY: soak
soak: install ## Play SEEDS=10000 seeds of the order simulation (FIRST=1, PROCESSES=all)
	@LOG_LEVEL=ERROR $(BIN)/python -m tests.simulation.soak --seeds $${SEEDS:-10000} --first $${FIRST:-1} \
		--processes $${PROCESSES:-$$(nproc)}

.PHONY: chaos
chaos: install ## Kill real processes along an order's road (RUNS=450), then the servers themselves
	@failed=0
	LOG_LEVEL=CRITICAL $(BIN)/python -m tests.chaos.matrix --runs $${RUNS:-450} || failed=1
	LOG_LEVEL=CRITICAL $(BIN)/python -m tests.chaos.outages || failed=1
	exit $$failed

.PHONY: clean
clean: ## Remove what tests and tools leave (never the desk's data in .desk)
	@rm -rf .desk-test .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache \
		.coverage .coverage.* htmlcov mutants .static
	find apps tradingdesk tests -name __pycache__ -type d -prune -exec rm -rf {} +
