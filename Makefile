# Everything that is done with this repository, each by one name. `make` alone lists them.
#
# Needed beforehand: rustup (or a Rust of at least the version in Cargo.toml), a C compiler, make,
# for the image python3, and for the tests python3 and node. What else is needed, each target installs by itself, into
# target/ wherever that is possible.

SHELL := bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# The agent that `make run` serves and that goes into the image: the name of its package.
AGENT ?= agent-component
# The port of `make run`.
PORT ?= 8080
# How the native binaries of `make image` and `make bench` are built: release, or fast, which is
# built in a third of the time. Everything else uses fast.
PROFILE ?= release

# The C library in the image's host: gnu, or musl, which is smaller by a thirtieth and costs a third more
# processor time for each request (docs/binary.md has the figures).
LIBC ?= gnu
# 0 leaves the compiler out of the image's host, which then runs the agent that is in the image, and
# no .wasm file.
COMPILER ?= 1

TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))
GUESTS := $(TARGET)/wasm32-wasip2/release
ROOTFS := $(TARGET)/image/rootfs
AGENT_FILE = $(GUESTS)/$(subst -,_,$(AGENT)).wasm
TRIPLE := $(shell uname -m)-unknown-linux-$(LIBC)
# gnu is built as this machine's own target: so it shares what the tests build.
HOST_FLAGS := $(if $(filter musl,$(LIBC)),--target $(TRIPLE)) $(if $(filter 0,$(COMPILER)),--no-default-features)
# Less room for copies of functions where all crates become one program: a twelfth smaller, and no slower.
HOST_CODE := -C llvm-args=-inline-threshold=75
# What the start moves in memory is packed: 20 kB instead of 900. A static program does that with glibc
# 2.36 or later.
HOST_LINK := $(if $(filter gnu,$(LIBC)),$(shell \
	printf 'glibc 2.36\n%s\n' "$$(getconf GNU_LIBC_VERSION)" | sort -CV \
	&& echo '-C link-arg=-Wl,-z,pack-relative-relocs'))
HOST_FILE = $(TARGET)/$(if $(filter musl,$(LIBC)),$(TRIPLE)/)$(PROFILE)/attache-host
SBOM := $(TARGET)/image/sbom.cdx.json
PYTHON := $(TARGET)/clients/python/bin/python

# The components that ship, and those that only tests run. Each is built by its own cargo call:
# built together, one's features would reach another.
COMPONENTS := agent-component attache-spin-adapter converter-agent hello-agent tck-agent
TEST_COMPONENTS := bench-agent $(patsubst tests/guests/%/Cargo.toml,%,$(wildcard tests/guests/*/Cargo.toml))
BUILD_COMPONENT := cargo build --release --target wasm32-wasip2 -p

# Tools that the machine lacks are built into target/tools, unoptimised: that is quick, and they
# have little to do.
TOOLS := $(TARGET)/tools
NEXTEST := 0.9.143
DENY := 0.20.2
MDBOOK := 0.5.4
INFERNO := 0.12.8
BUILD_TOOL := CARGO_PROFILE_DEV_DEBUG=0 CARGO_INCREMENTAL=0 cargo install --quiet --locked \
	--profile dev --root $(TOOLS) --target-dir $(TOOLS)/build
export PATH := $(PATH):$(TOOLS)/bin

.PHONY: help
help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s  %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: components ## Build the components and the host
	@echo '== build: the host (profile fast), into $(TARGET)/fast/attache-host'
	cargo build --profile fast -p attache-host

# Where others reach the host, the inspector has to be asked for.
.PHONY: run
run: wasm-target ## Serve the data analyst and the inspector on port 8080; PORT=9000 or AGENT=hello-agent choose others
	@echo '== run: builds $(AGENT) and the host, then serves on port $(PORT) until Ctrl-C'
	$(BUILD_COMPONENT) $(AGENT)
	cargo build --profile fast -p attache-host
	@if [[ -z $$ATTACHE_HOST$$ATTACHE_PUBLIC_URL$$APP_URL$$AGENT_URL$$K_SERVICE ]]; then \
		export ATTACHE_INSPECTOR=$${ATTACHE_INSPECTOR-1}; \
	fi; \
	PORT=$(PORT) exec $(TARGET)/fast/attache-host serve $(AGENT_FILE)

.PHONY: test
test: PROFILE = fast
test: components test-components clients browser image nextest ## Run every test, the official clients' too
	@scripts/registry program > /dev/null
	@echo '== test: all tests, against the components and the image just built'
	ATTACHE_GUESTS_DIR=$(GUESTS) ATTACHE_HOST_BIN=$(ROOTFS)/attache-host \
	ATTACHE_IMAGE_ROOTFS=$(ROOTFS) \
	scripts/postgres with cargo nextest run --workspace --cargo-profile fast
	cargo test --quiet --workspace --doc --profile fast

.PHONY: lint
lint: wasm-target deny ## Check the format, the code, and what is in the dependency tree
	@echo '== lint: the format, then clippy on native and WebAssembly, then the dependencies'
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --profile fast -- -D warnings
	cargo clippy --release --target wasm32-wasip2 \
		$(addprefix -p ,$(COMPONENTS) $(TEST_COMPONENTS) bench-forgetful) -- -D warnings
	cargo clippy -p attache-host --no-default-features --profile fast -- -D warnings
	scripts/check-dependencies

.PHONY: evaluate
evaluate: wasm-target ## Ask the analyst the questions of examples/evaluation, with the model of GEMINI_API_KEY
	@echo '== evaluate: a line for each answer'
	$(BUILD_COMPONENT) agent-component
	cargo build --profile fast -p attache-host
	ATTACHE_GUESTS_DIR=$(GUESTS) ATTACHE_HOST_BIN=$(TARGET)/fast/attache-host \
	cargo run --quiet --profile fast -p attache-tests --bin evaluate

# QUICK=1 takes two minutes and measures little of everything. ONLY="messages streams" chooses what is
# measured, BEFORE=FILE is an older host to compare with, SIZES=0 leaves out the image without the
# compiler, which is built apart. ROUNDS=5 and TURN=3 (seconds) are how often and how long each server
# is loaded. MARKDOWN=FILE is for docs/performance.md, KEEP=1 for bench/ratios.json.
QUICK ?=
SIZES ?= $(if $(QUICK)$(ONLY),0,1)
SMALL := $(TARGET)/small
PEERS := $(TARGET)/peers
WASMTIME_FEATURES := addr2line,component-model,component-model-async,cranelift,demangle,parallel-compilation,pooling-allocator,run,serve

.PHONY: bench
bench: image components bench-clients ## Measure the image just built beside what one would take instead; QUICK=1 in two minutes
	@echo '== bench: measures the image just built (profile $(PROFILE)) and its peers'
	$(BUILD_COMPONENT) bench-agent
	$(BUILD_COMPONENT) bench-forgetful
	cargo build --profile fast -p attache-load
	cargo build --profile fast -p attache-task-store --features postgres --example stored
	cargo build --release --locked --manifest-path bench/peers/rust/Cargo.toml --target-dir $(PEERS)
ifneq ($(SIZES),0)
	CARGO_TARGET_DIR=$(SMALL) $(MAKE) image COMPILER=0
endif
	$(PYTHON) bench/main.py --rootfs $(ROOTFS) --shipped $(AGENT_FILE) \
		--agent $(GUESTS)/bench_agent.wasm --adapter $(GUESTS)/spin_adapter.wasm \
		--stub $(GUESTS)/bench_forgetful.wasm --programs $(TARGET)/fast \
		--peers $(PEERS)/release --results $(TARGET)/bench \
		$(if $(filter-out 0,$(SIZES)),--without-compiler $(SMALL)/image/rootfs) \
		$(if $(QUICK),--quick) $(if $(ONLY),--only $(ONLY)) $(if $(BEFORE),--before $(BEFORE)) \
		$(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(TURN),--seconds $(TURN)) \
		$(if $(MARKDOWN),--markdown $(MARKDOWN)) $(if $(KEEP),--keep)

# With what `make test` has left, of the profile fast, and its Python: no peer in Rust, and no limit, which
# are for a release. KEEP=1 is for bench/ratios-fast.json.
.PHONY: report
report: ## Print the ratios of what `make test` built beside those that are known, in a minute
	@echo '== report: measures the host that was tested; a ratio that is worse is said, and is no failure'
	$(PYTHON) bench/main.py --quick --only sizes start messages --no-limits \
		--ratios bench/ratios-fast.json --rootfs $(ROOTFS) --shipped $(AGENT_FILE) \
		--agent $(GUESTS)/bench_agent.wasm --programs $(TARGET)/fast --peers $(PEERS)/none \
		--results $(TARGET)/bench $(if $(KEEP),--keep)

# As the project publishes it, but for what `serve` has no use for. `make bench` takes it from there.
.PHONY: bench-wasmtime
bench-wasmtime: ## Build `wasmtime serve`, of our version, for `make bench` to compare with; in ten minutes
	CARGO_PROFILE_RELEASE_LTO=fat CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1 cargo install --quiet --locked \
		--no-default-features --features $(WASMTIME_FEATURES) --root $(TOOLS) \
		wasmtime-cli@$$(grep -A1 '^name = "wasmtime"$$' Cargo.lock | grep -o '[0-9.]*[0-9]')

# Frame pointers everywhere, so that perf finds its way through host, engine and component.
PROFILED := $(TARGET)/profile
.PHONY: profile
profile: wasm-target ## Print where the time of a request goes, and draw it as a flame graph, by perf
	@command -v perf > /dev/null || { \
		echo 'make profile: perf is missing; on Debian: apt-get install linux-perf' >&2; exit 69; \
	}
	@command -v inferno-flamegraph > /dev/null || { \
		echo '== profile: builds inferno $(INFERNO) into $(TOOLS), once'; \
		$(BUILD_TOOL) inferno@$(INFERNO) && rm -rf $(TOOLS)/build; \
	}
	CARGO_PROFILE_RELEASE_STRIP=none cargo build --release --target wasm32-wasip2 -p bench-agent \
		--target-dir $(PROFILED)
	cargo build --profile fast -p attache-load
	@echo '== profile: a host for perf, which takes as long to build as that of a release'
	RUSTFLAGS='-C force-frame-pointers=yes' CFLAGS='-O2 -fno-omit-frame-pointer' \
	CARGO_PROFILE_RELEASE_STRIP=none \
	cargo build --release -p attache-host --features perf-map --target-dir $(PROFILED)
	python3 bench/budget.py --host $(PROFILED)/release/attache-host \
		--agent $(PROFILED)/wasm32-wasip2/release/bench_agent.wasm \
		--load $(TARGET)/fast/attache-load --results $(TARGET)/bench

.PHONY: docs
docs: ## Make the book of docs/, in target/book
	@command -v mdbook > /dev/null || { \
		echo '== docs: builds mdbook $(MDBOOK) into $(TOOLS), once, in some minutes'; \
		$(BUILD_TOOL) --no-default-features --features search mdbook@$(MDBOOK) && rm -rf $(TOOLS)/build; \
	}
	mdbook build

.PHONY: image
image: wasm-target $(if $(filter musl,$(LIBC)),musl) ## Assemble the container's root filesystem in target/image/rootfs, with an SBOM
	@echo '== image: a static host (profile $(PROFILE), $(LIBC)) and $(AGENT), precompiled, into $(ROOTFS)'
	$(BUILD_COMPONENT) $(AGENT)
ifeq ($(COMPILER),0)
	cargo build --profile fast -p attache-host
	cp $(TARGET)/fast/attache-host $(TARGET)/image-compiler
endif
	cargo rustc --profile $(PROFILE) -p attache-host --bin attache-host $(HOST_FLAGS) \
		-- -C target-feature=+crt-static $(HOST_CODE) $(HOST_LINK)
	scripts/assemble-image $(HOST_FILE) $(AGENT_FILE) $(ROOTFS) \
		$(if $(filter 0,$(COMPILER)),$(TARGET)/image-compiler)
	scripts/write-sbom $(ROOTFS) $(SBOM) --target $(TRIPLE) --agent $(AGENT) \
		$(if $(filter 0,$(COMPILER)),--no-default-features)

# --- what the targets above need -----------------------------------------------------------------

.PHONY: components test-components
components: wasm-target
	@echo '== components: $(COMPONENTS), into $(GUESTS)'
	for package in $(COMPONENTS); do $(BUILD_COMPONENT) $$package || exit; done

test-components: wasm-target
	@echo '== test-components: $(TEST_COMPONENTS), into $(GUESTS)'
	for package in $(TEST_COMPONENTS); do $(BUILD_COMPONENT) $$package || exit; done

.PHONY: wasm-target
wasm-target:
	@test -d "$$(rustc --print target-libdir --target wasm32-wasip2)" || { \
		echo '== wasm-target: installs the compilation target wasm32-wasip2'; \
		rustup target add wasm32-wasip2; \
	}

# ring and SQLite are C: rustup has the target, and musl-gcc compiles for it.
.PHONY: musl
musl:
	@test -d "$$(rustc --print target-libdir --target $(TRIPLE))" || { \
		echo '== musl: installs the compilation target $(TRIPLE)'; \
		rustup target add $(TRIPLE); \
	}
	@command -v musl-gcc > /dev/null || { \
		echo 'musl-gcc is missing; install it (Debian: musl-tools)' >&2; exit 1; \
	}

.PHONY: nextest deny
nextest:
	@command -v cargo-nextest > /dev/null || { \
		echo '== nextest: builds cargo-nextest $(NEXTEST) into $(TOOLS), once, in some minutes'; \
		$(BUILD_TOOL) cargo-nextest@$(NEXTEST) && rm -rf $(TOOLS)/build; \
	}

deny:
	@command -v cargo-deny > /dev/null || { \
		echo '== deny: builds cargo-deny $(DENY) into $(TOOLS), once, in some minutes'; \
		$(BUILD_TOOL) cargo-deny@$(DENY) && rm -rf $(TOOLS)/build; \
	}

.PHONY: browser
browser:
	@scripts/chromium > /dev/null

.PHONY: clients
clients: $(TARGET)/clients/python.installed $(TARGET)/clients/js.installed

$(TARGET)/clients/python.installed: tests/clients/python/requirements.txt
	@echo '== clients: installs the official Python client into $(TARGET)/clients/python'
	rm -rf $(TARGET)/clients/python
	python3 -m venv $(TARGET)/clients/python
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps -r $<
	$(PYTHON) -m pip --disable-pip-version-check check
	touch $@

.PHONY: bench-clients
bench-clients: $(TARGET)/clients/bench.installed

$(TARGET)/clients/bench.installed: bench/peers/python/requirements.txt $(TARGET)/clients/python.installed
	@echo '== bench-clients: installs the servers that the bench compares with into $(TARGET)/clients/python'
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps -r $<
	$(PYTHON) -m pip --disable-pip-version-check check
	touch $@

# ECMAScript modules are looked for beside the script that imports them, hence not in target/.
$(TARGET)/clients/js.installed: tests/clients/js/package-lock.json
	@echo '== clients: installs the official JavaScript client into tests/clients/js/node_modules'
	cd tests/clients/js && npm ci --no-audit --no-fund --loglevel=error
	mkdir -p $(@D) && touch $@
