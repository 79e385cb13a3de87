# Papertide's targets. `make help` lists them.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
MANAGE := $(BIN)/python manage.py

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

.PHONY: setup
setup: ## Make .venv with everything the site needs
	@$(PYTHON) scripts/setup_env.py

.PHONY: setup-dev
setup-dev: ## The same with the tools of the workshop
	@$(PYTHON) scripts/setup_env.py --dev

.PHONY: setup-train
setup-train: ## The same with what `manage.py train_encoder` needs beyond
	@$(PYTHON) scripts/setup_env.py --train

.PHONY: run
run: setup ## Set up and serve the site on http://127.0.0.1:8000
	@$(MANAGE) prepare
	@trap : INT; PORT="$${PORT:-8000}" $(BIN)/honcho -e /dev/null start || [ $$? -eq 130 ]

.PHONY: admin
admin: setup ## Make an administrator: asks for a name and a password
	@$(MANAGE) createsuperuser

.PHONY: services
services: setup ## Start Elasticsearch, Redis and PostgreSQL for trying things, with data that is thrown away
	@$(BIN)/python -m scripts.services serve

.PHONY: institute
institute: setup ## Serve the site on all three with two workers; its data stays in data/institute
	@$(BIN)/python -m scripts.services institute

.PHONY: test
test: setup-dev ## Set up and run the tests, on SQLite and on PostgreSQL
	@$(BIN)/python -m scripts.test $(ARGS)

.PHONY: soak
soak: setup-dev ## Kill workers more often than the tests do (SOAK_KILLS, else 100 on each pair), for half an hour
	@SOAK_KILLS="$${SOAK_KILLS:-100}" $(BIN)/python -m scripts.test tests/workers/test_worker_kills.py $(ARGS)

.PHONY: fuzz
fuzz: setup-dev ## Try more requests, records and answers at random than the tests do (FUZZ times, else 60), for ten minutes or so
	@FUZZ="$${FUZZ:-60}" LOG_LEVEL=CRITICAL $(BIN)/python -m pytest tests/hardening/test_fuzz.py tests/hardening/test_schema.py tests/hardening/test_web_worker.py tests/hardening/test_garbled_days.py -q -s -p no:logging $(ARGS)

.PHONY: lint
lint: setup-dev ## Style, types, templates, migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djade --check --target-version 5.2 $$(git ls-files 'templates/*.html')
	$(BIN)/mypy .
	$(MANAGE) makemigrations --check --dry-run

.PHONY: format
format: setup-dev ## Bring code and templates into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/djade --target-version 5.2 $$(git ls-files 'templates/*.html')

.PHONY: messages
messages: setup-dev ## Gather what the pages say into the Chinese catalogue and compile it (needs GNU gettext)
	@$(BIN)/python -m scripts.messages

.PHONY: lock
lock: setup-dev ## Choose the newest versions that fit and write requirements.lock
	$(PYTHON) scripts/lock.py

.PHONY: arxiv
arxiv: setup-dev ## Serve an arXiv of this machine's own, to pull from and to break
	@trap : INT; $(BIN)/python -m tests.arxiv $(ARGS)

.PHONY: bench
bench: setup-dev ## Measure speed beside peers on up to 1.1 million papers and write docs/performance.md, for an hour
	@$(BIN)/python -m benchmarks.suite $(ARGS)

.PHONY: bench-backfill
bench-backfill: setup-dev ## Measure how fast OAI-PMH fills a database, against a loopback arXiv
	@$(BIN)/python -m benchmarks.backfill $(ARGS)

.PHONY: bench-engines
bench-engines: setup-dev ## Measure both search engines side by side on 364,000 papers
	@$(BIN)/python -m benchmarks.engines $(ARGS)

.PHONY: bench-digests
bench-digests: setup-dev ## Measure how long the mails of 10,000 readers take, made and not sent
	@$(BIN)/python -m benchmarks.digests $(ARGS)

.PHONY: bench-pages
bench-pages: setup-dev ## Measure pages at 364,000 papers beside a plain Django view, and 1,000 cards in a browser
	@$(BIN)/python -m benchmarks.pages $(ARGS)

.PHONY: screenshots
screenshots: setup-dev ## Take the pictures of the documentation anew, on the sample shelf
	@$(BIN)/python -m scripts.screenshots $(ARGS)

.PHONY: quality
quality: setup-dev ## Measure what is found, on judged sets and real papers, and write docs/quality.md
	@$(BIN)/python -m benchmarks.quality $(ARGS)
