# Everything that a checkout needs: Rust, Go and make. What is built beyond cargo's target folder is
# kept by content in $LAZARET_CACHE (~/.cache/lazaret).
#
# LAZARET_KUBECONFIG=/path/to/kubeconfig runs demo and tests on that cluster instead of a control
# plane of their own.

CARGO ?= cargo
export RUST_BACKTRACE ?= 0

.PHONY: help demo cluster test test-all contracts fuzz fmt lint generate check-go

help: ## Shows this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: check-go ## Verifies a pack, publishes a dataset version, quarantines another (STAY=1 keeps it up)
	$(CARGO) build --workspace --bins
	target/debug/demo $(if $(STAY),--stay)

cluster: check-go ## Keeps a Kubernetes control plane up for playing, until Ctrl-C
	$(CARGO) build --package lazaret-e2e --bin cluster
	target/debug/cluster

# Always the same packages: others would have other features, and half of all crates would be built again.
test: check-go ## Unit, property and end-to-end tests
	$(CARGO) test --workspace --no-run
	$(CARGO) test --package lazaret
	$(CARGO) test --workspace --test suite -- --test-threads=4

test-all: $(if $(TESTED),,test) lint ## Test, lint, and the suites with heavy peers (TESTED=1: test ran just now)
	e2e/heavy/run

fuzz: ## Fuzzes archive, manifest, bundle, kept packs and GraphQL, each for FUZZ_SECONDS (180)
	fuzz/run $(or $(FUZZ_SECONDS),180)

lint: contracts ## Formatting, clippy, documentation, licences, contracts
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --quiet

# The last freeze comes from the same change as the contracts; the base does not.
contracts: ## Lazaret's own contracts: sound, kept as they were frozen, changed only as they may (BASE=HEAD)
	$(CARGO) test --workspace --no-run
	target/debug/lazaret contracts validate --strict
	target/debug/lazaret contracts verify
	target/debug/lazaret contracts check --against freeze:latest
	$(if $(BASE),,! git rev-parse -q --verify HEAD:contracts.yaml >/dev/null ||) target/debug/lazaret contracts check --against 'git:$(or $(BASE),HEAD)'
	target/debug/lazaret contracts changelog --check

fmt: ## Formats the code
	$(CARGO) fmt --all

generate: ## Rewrites what is generated from code: CRDs, reference pages, reason codes
	UPDATE=1 $(CARGO) test --package lazaret --quiet --test it generated::
	UPDATE=1 $(CARGO) test --package lazaret --quiet --lib reasons_page

check-go:
	@test -n "$(LAZARET_KUBECONFIG)" || command -v go >/dev/null || { echo "Go is missing: install Go 1.26 or newer, or set LAZARET_KUBECONFIG"; exit 1; }
