# What everyone runs. `make` alone lists the targets; docs and emulator/README.md say more.

.DEFAULT_GOAL := help
.PHONY: help setup check fmt guards test test-quick lint site demo dist bench bench-check conformance fuzz sweep clean

SHELL := /bin/bash
PYTHON ?= python3
# More than half of what tests do is to wait for others, so that as many as there are processors leave these idle; with more than
# twice as many, what has its time to answer does not get to it.
export RUST_TEST_THREADS ?= $(shell echo $$((2 * $$(nproc 2>/dev/null || sysctl -n hw.ncpu))))
# Where tests note that they showed nothing.
SKIPPED := $(or $(CARGO_TARGET_DIR),target)/tmp/skipped-tests
# What `make setup` installs comes first, except a terraform of the machine, which is taken from PATH.
export PATH := $(CURDIR)/.tools/bin:$(PATH)

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-12s %s\n", $$1, $$2 }'

setup: ## install the test bed into .tools and .venv (once; some minutes the first time)
	@$(PYTHON) emulator/setup

check: lint guards test-quick ## what to run before a commit: format, lints, documentation, dependencies, quick tests

lint:
	@! git grep -nE '^(<<<<<<<|>>>>>>>) '
	cargo fmt --all --check
	cargo clippy --all-targets --quiet -- -D warnings
	cargo check --manifest-path fuzz/Cargo.toml --target-dir target/fuzz --lib --quiet
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --quiet
	@for tool in terraform tofu; do if command -v $$tool >/dev/null; then $$tool fmt -check -recursive infra; exit; fi; done
	@if [ -x .tools/bin/actionlint ]; then emulator/lint-workflows; fi

guards: ## dependencies: their licences, duplicates and sources, and that each is used
	@$(PYTHON) emulator/setup guards
	@.tools/bin/cargo-deny --log-level warn check --hide-inclusion-graph licenses bans sources
	@.tools/bin/cargo-shear --deny-warnings

test-quick: ## unit tests only
	cargo test --lib --quiet

fmt: ## format Rust and Terraform
	cargo fmt --all
	@for tool in terraform tofu; do if command -v $$tool >/dev/null; then $$tool fmt -recursive infra; exit; fi; done

test: ## all tests, on real components; needs nothing but Rust, Go, Python 3 and Git
	@$(PYTHON) tests/prepare --lib --bins --test served --test it
	@tofu fmt -check -recursive infra
	@emulator/lint-workflows
	@rm -f $(SKIPPED)
	cargo test --lib --bins --test served
	cargo test --doc --quiet
	tests/suite
	@if [ -s $(SKIPPED) ]; then echo "tests that showed nothing, or not all: $$(sort -u $(SKIPPED) | wc -l)"; sort -u $(SKIPPED) | sed 's/^/  /'; else echo "no test was skipped"; fi

site: ## build the documentation as a searchable site into target/site
	@$(PYTHON) emulator/setup mdbook
	@.tools/bin/mdbook build

demo: ## the whole story: infrastructure, cluster, Argo CD, an application that follows Git
	@cargo build --quiet >/dev/null 2>&1 & slipway=$$!; \
	  trap 'kill $$slipway 2>/dev/null' EXIT; \
	  $(PYTHON) emulator/setup demo || exit; \
	  echo "building slipway (some minutes the first time)"; \
	  wait $$slipway; cargo build
	@.venv/bin/python -m emulator demo

dist: ## a static release for this machine, packed into target/dist; needs musl-tools and its Rust target
	@$(PYTHON) packaging/dist build

bench: setup ## benchmarks beside Terragrunt and the bare tool, into docs/benchmarks.md
	cargo build --release
	$(PYTHON) benches/run.py

conformance: ## read TREES="dir …" as TERRAGRUNT=path does? (CACHE=dir keeps its answers)
	cargo build --quiet
	@$(PYTHON) tests/conformance --terragrunt $(or $(TERRAGRUNT),terragrunt) $(if $(CACHE),--cache $(CACHE)) $(TREES)

FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?= parse parse_json evaluate filter yaml_edit archive git_tree journal saved_plans slipway_hcl

fuzz: ## fuzz each target for FUZZ_SECONDS, then sweep as long; needs a nightly toolchain and cargo-fuzz
	@for target in $(FUZZ_TARGETS); do \
	  mkdir -p fuzz/corpus/$$target; \
	  cargo +nightly fuzz run --sanitizer none $$target fuzz/corpus/$$target fuzz/seeds/$$target -- \
	    -max_total_time=$(FUZZ_SECONDS) -rss_limit_mb=1024 -timeout=1 -max_len=4096 || exit 1; \
	done
	SLIPWAY_SWEEP_SECONDS=$(FUZZ_SECONDS) cargo test --test it hostile::sweep -- --nocapture

sweep: ## every command over generated hostile trees, without end: until it finds something or is stopped
	SLIPWAY_SWEEP_SECONDS=0 cargo test --test it hostile::sweep -- --nocapture

bench-check: ## whether one more unit takes no more instructions than was recorded; needs valgrind
	cargo build --release
	$(PYTHON) benches/run.py --check

clean: ## remove what was built; .tools and .venv stay, since they take minutes to build again
	cargo clean
	rm -rf .demo
