# Every target sets the environment up first; when nothing changed that takes a tenth of a second.

BIN := .venv/bin
PYTEST_WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help setup check format lint types contracts tidy test kill kill-exchange simulate fuzz flood run screens bench image-check lock lock-image

help: ## List these targets.
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

setup: ## Make ./.venv hold exactly what the lock names.
	@bin/setup

check: setup ## Run every gate: format, lint, types, contracts, tidy, tests.
	@$(BIN)/ruff format --check
	@$(MAKE) --no-print-directory lint types contracts tidy test

format: setup ## Format the code and sort its imports.
	@$(BIN)/ruff check --select I --fix --quiet
	@$(BIN)/ruff format

lint: setup ## Refuse careless code, wall clocks and loose chance.
	@$(BIN)/ruff check

types: setup ## Check every type, strictly.
	@$(BIN)/mypy src tests $(if $(wildcard bench/*.py),bench)

contracts: setup ## Check that imports respect the floors of the building.
	@$(BIN)/lint-imports --no-logo --cache-dir .import_linter_cache

tidy: setup ## Measure the house style: sizes, names, sentences.
	@$(BIN)/python -m pytest tests/tidy

test: setup ## Run the whole test suite.
	@$(BIN)/python bin/browser
	@$(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist worksteal

kill: setup ## Kill the fund at every numbered point, then at N=... random ones.
	@$(BIN)/python -m tests.kills $(or $(N),0)

simulate: setup ## Play 300 seeded hours of faults, crashes and restarts (SEEDS=... for others).
	@$(BIN)/quantum-os simulate --seeds $(or $(SEEDS),300)

kill-exchange: setup ## The same between it and an exchange, at an emulator that lives on.
	@$(BIN)/python -m tests.kills.exchange $(or $(N),0)

fuzz: setup ## Bend 100,000 examples for each parser and send the API 20,000 requests (CASES=... for others).
	@QUANTUM_OS_FUZZ_CASES=$(or $(CASES),100000) $(BIN)/python -m pytest -s --timeout 3600 tests/fuzzing
	@QUANTUM_OS_API_CASES=$(or $(CASES),20000) QUANTUM_OS_API_PATHS=1000 $(BIN)/python -m pytest \
	  -s --timeout 3600 tests/api/test_generated_cases.py tests/api/test_crooked_paths.py

flood: setup ## Flood a trading process on this machine: connections, guesses, bodies, followers.
	@$(BIN)/python bench/flood.py

run: setup ## Start the fund in demo mode, with its dashboard: no keys, no real money.
	@$(BIN)/quantum-os run --mode demo --port

screens: setup ## Make the pictures of docs/screens anew, from a demo.
	@$(BIN)/python bin/browser
	@$(BIN)/python -m tests.api.dashboard.screens

bench: setup ## Measure the budgets; one table per benchmark.
	@for file in $(filter-out bench/attacks.py,$(shell grep -l __main__ bench/*.py)); do $(BIN)/python "$$file" || exit 1; done

image-check: setup ## Do what the Dockerfile does in a scratch folder, without Docker.
	@$(BIN)/python -m tests.deploy

COMPILED := --universal --python-version 3.11 --generate-hashes --no-annotate --quiet

lock: ## Resolve the dependencies anew and write their hashes (needs uv).
	@uv pip compile pyproject.toml --group dev --group torch-needs $(COMPILED) \
	  --custom-compile-command "make lock" --output-file requirements.lock
	@$(MAKE) --no-print-directory lock-image

lock-image: ## Write the parts of the lock that the image needs; nothing gets another version.
	@uv pip compile pyproject.toml --constraint requirements.lock $(COMPILED) \
	  --custom-compile-command "make lock-image" --output-file requirements-runtime.lock
	@echo hatchling | uv pip compile - --constraint requirements.lock $(COMPILED) \
	  --custom-compile-command "make lock-image" --output-file requirements-build.lock
