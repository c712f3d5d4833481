# Florin: make help lists the targets. Needed: Go, Git, Make; the targets fetch the rest.

ARGS     ?=
FUZZTIME ?= 10s

GO      := go
BUF     := tools/node_modules/.bin/buf
LINT    := bin/golangci-lint
PYTHON  := .venv/bin/python
# One PostgreSQL server for all the tests of a run, and a Python with requests.
WITH_DB := FLORIN_TEST_PYTHON=$(CURDIR)/$(PYTHON) $(GO) run ./test/postgres --
# What make interop installs: clients, linters and a fuzzer of others, for their languages.
JUDGES  := bin/interop/ready .venv-interop/ready tools/interop/node_modules/ready sdk/typescript/node_modules/ready
# What people write: generated code and tools are left out.
OURS     = $(shell find . -name '*.go' -not -path './gen/*' -not -path './tools/*' -not -path './.venv/*')

.DEFAULT_GOAL := help
.PHONY: help demo build test interop golden fuzz bench bench-codec gen gen-check lint clean setup

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: build ## build Florin, play its story against a real server and leave it running (ARGS=--exit to end)
	@bin/florin demo $(ARGS)

build: ## build the static binary bin/florin
	@echo "building bin/florin (the first time fetches and compiles the modules)"
	@CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=auto -o bin/florin ./cmd/florin

test: setup ## run every test, with the race detector, on SQLite and a real PostgreSQL (ARGS=-run=Name)
	@$(GO) vet ./...
	@CGO_ENABLED=1 $(WITH_DB) $(GO) test -race -count=1 -timeout 30m $(ARGS) ./...

interop: export PATH := $(CURDIR)/bin/node:$(PATH)
interop: $(JUDGES) ## hold the server to linters, fuzzers, browsers and clients of others (some minutes; ARGS=-run=Name)
	@tools/setup.sh interop
	@$(GO) vet -tags interop ./test/interop/...
	@$(GO) test -tags interop -count=1 -timeout 40m $(ARGS) ./test/interop/...

golden: setup ## write the golden files anew; read the difference before you commit it
	@FLORIN_UPDATE_GOLDEN=1 $(WITH_DB) $(GO) test -count=1 ./...

fuzz: ## run each fuzz test for FUZZTIME (10s)
	@grep -rEo --include='*_test.go' '^func Fuzz\w+' cmd internal | while IFS=: read -r file func; do \
		echo "fuzzing $${func#func } in $$(dirname $$file) for $(FUZZTIME)"; \
		$(GO) test ./$$(dirname $$file) -run '^$$' -fuzz "^$${func#func }\$$" -fuzztime $(FUZZTIME) </dev/null || exit 1; \
	done

bench: setup build ## measure throughput and latency beside the machine's ceilings, and keep the table (about 10 minutes)
	@$(WITH_DB) bin/florin bench --markdown docs/benchmarks.md $(ARGS)

bench-codec: ## measure the codecs beside the libraries, and keep the table (about two minutes)
	@$(GO) test -run '^$$' -bench RoundTrip -benchmem -count 5 ./internal/wire | $(GO) run ./internal/bench/codec -markdown docs/benchmarks.md

gen: $(BUF) ## generate gen/ and the client libraries' types and methods from proto/
	@echo "generating gen/"
	@$(BUF) generate
	@echo "generating sdk/"
	@$(BUF) build -o - | $(GO) run ./sdk/gen -out sdk

gen-check: $(BUF) ## fail when what is generated is not what proto/ gives
	@echo "comparing gen/ with what proto/ gives"
	@new=$$(mktemp -d) && trap 'rm -rf "$$new"' EXIT && $(BUF) generate -o "$$new" && diff -rq "$$new/gen" gen || \
		{ echo "gen/ is stale: run make gen" >&2; exit 1; }
	@echo "comparing sdk/ with what proto/ gives"
	@$(BUF) build -o - | $(GO) run ./sdk/gen -out sdk -check

lint: $(BUF) $(LINT) ## check the contract, its compatibility, the format and the code
	@echo "checking the contract"
	@$(BUF) lint
	@tools/breaking.sh $(BUF)
	@echo "checking the code"
	@bad=$$(gofmt -l $(OURS)); [ -z "$$bad" ] || { echo "gofmt -w would change: $$bad" >&2; exit 1; }
	@$(LINT) run ./...

clean: ## remove what the targets made
	@rm -rf bin .venv .venv-interop tools/node_modules tools/interop/node_modules sdk/typescript/node_modules sdk/typescript/dist sdk/typescript/build

# What make test needs and the machine lacks: PostgreSQL's server, a C compiler for
# the race detector, and a Python with requests.
setup: .venv/ready
	@tools/setup.sh tests

.venv/ready: tools/requirements.txt
	@tools/setup.sh tests
	@echo "making .venv with the Python client's packages"
	@python3 -m venv --clear .venv
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-input -r tools/requirements.txt
	@touch $@

.venv-interop/ready: tools/requirements-interop.txt
	@tools/setup.sh interop
	@echo "making .venv-interop with the packages of make interop"
	@python3 -m venv --clear .venv-interop
	@.venv-interop/bin/python -m pip install --quiet --disable-pip-version-check --no-input -r tools/requirements-interop.txt
	@touch $@

bin/interop/ready: tools/go.mod
	@echo "building grpcurl, h2spec and pebble (a minute, once)"
	@mkdir -p bin/interop
	@CGO_ENABLED=0 $(GO) build -C tools -o ../bin/interop/ github.com/fullstorydev/grpcurl/cmd/grpcurl \
		github.com/summerwind/h2spec/cmd/h2spec github.com/letsencrypt/pebble/v2/cmd/pebble github.com/letsencrypt/pebble/v2/cmd/pebble-challtestsrv
	@touch $@

tools/interop/node_modules/ready: tools/interop/package-lock.json
	@tools/setup.sh interop
	@echo "installing the linters of make interop"
	@npm ci --prefix tools/interop --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

sdk/typescript/node_modules/ready: sdk/typescript/package-lock.json
	@tools/setup.sh interop
	@echo "installing the compiler of the TypeScript client"
	@npm ci --prefix sdk/typescript --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

$(BUF): tools/package-lock.json
	@tools/setup.sh contract
	@echo "installing buf"
	@npm ci --prefix tools --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

$(LINT): tools/go.mod
	@echo "building golangci-lint (some minutes, once)"
	@CGO_ENABLED=0 $(GO) build -C tools -o ../$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
