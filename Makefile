# `make help` lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CARGO ?= cargo
# PostgreSQL majors to test with, for example `make test VERSIONS="16 18"`.
# Empty: every one that can be had.
VERSIONS ?=
# Further arguments for the test runner, for example a filter.
TEST_ARGS ?=
# How long `make torture` goes on, on each version side by side. REPACKD_TEST_SEED
# replays one.
TORTURE_SECONDS ?= 900

# Tools that are built rather than installed live with the test servers, outside
# the build tree, so that `make clean` does not throw them away.
CARGO_DENY_VERSION := 0.20.2
TOOLS := $(shell . scripts/lib.sh && cache_dir)/tools
export PATH := $(PATH):$(TOOLS)/bin

.PHONY: help build fmt test lint doc deny tests torture demo bench clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 14

build: ## build the release binary
	$(CARGO) build --release --locked
	@test -x $(or $(CARGO_TARGET_DIR),target)/release/repackd
	@! grep -aq REPACKD_FAILPOINT $(or $(CARGO_TARGET_DIR),target)/release/repackd || \
	    { echo "build: there are failpoints in the release" >&2; exit 1; }

fmt: ## format the sources
	$(CARGO) fmt --all

# One after another, quick checks first: the first failure is what one sees last.
test: ## all checks, then the tests against real PostgreSQL servers
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory doc
	@$(MAKE) --no-print-directory deny
	@$(MAKE) --no-print-directory tests

lint:
	$(CARGO) fmt --all -- --check
	$(CARGO) clippy --workspace --all-targets --all-features --locked -- -D warnings

doc:
	RUSTDOCFLAGS="-D warnings -D rustdoc::broken_intra_doc_links" \
	    $(CARGO) doc --workspace --no-deps --document-private-items --locked

# Licenses, duplicate and banned crates, sources; known vulnerabilities only
# where their database can be reached, since a build machine may have no access
# to it, which says nothing about the crates.
deny:
	@if [ ! -f deny.toml ]; then echo "deny: no deny.toml, nothing to check"; exit 0; fi; \
	if ! $(CARGO) deny --version >/dev/null 2>&1; then \
	    echo "deny: cargo-deny is not installed, building it (once)"; \
	    $(CARGO) install --locked --quiet cargo-deny --version $(CARGO_DENY_VERSION) --root $(TOOLS) || \
	        { echo "deny: SKIPPED: cargo-deny cannot be had here"; exit 0; }; \
	fi; \
	$(CARGO) deny --locked --all-features check bans licenses sources; \
	if $(CARGO) deny --locked fetch db >/dev/null 2>&1; then \
	    $(CARGO) deny --locked --all-features check advisories; \
	else \
	    echo "deny: SKIPPED advisories: their database cannot be reached"; \
	fi

# with-postgres prints as its last line which PostgreSQL versions ran.
# nextest runs no documentation tests; cargo runs them where there is a library.
tests:
	@run=(scripts/with-postgres); \
	[ -z "$(VERSIONS)" ] || run+=(--versions "$(VERSIONS)"); \
	if $(CARGO) nextest --version >/dev/null 2>&1; then \
	    profile=(--profile ci --test-threads "$$(($$(nproc) * 3))"); \
	    if $(CARGO) metadata --no-deps --format-version 1 --locked | grep -q '"kind":\["lib"\]'; then \
	        $(CARGO) test --doc --workspace --all-features --locked; \
	    fi; \
	    "$${run[@]}" $(CARGO) nextest run --workspace --all-features --locked "$${profile[@]}" $(TEST_ARGS); \
	else \
	    "$${run[@]}" $(CARGO) test --workspace --all-features --locked $(TEST_ARGS); \
	fi

# One process for all versions, which prints one table at its end.
torture: ## kill repackd at every step in every way, for TORTURE_SECONDS
	TORTURE_SECONDS=$(TORTURE_SECONDS) scripts/with-postgres --versions "$(or $(VERSIONS),14 18)" \
	    $(CARGO) test --test main --all-features --locked -- crash::torture $(TEST_ARGS)

demo: ## show a bloated table being repacked online
	$(CARGO) build --release --locked
	scripts/demo

bench: ## measure against pg_repack
	scripts/bench

clean: ## remove what was built; the cache with the test servers stays
	$(CARGO) clean
