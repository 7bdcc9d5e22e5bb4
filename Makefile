# The two commands of the README are `make demo` and `make test`; both set up what is missing.
.DELETE_ON_ERROR:
.PHONY: demo demo-fleet demo-retraining test test-spark test-engine test-aws serving pulumi pulumi-yaml pulumi-if-possible layer-if-possible typescript-if-possible spark-if-possible local-aws lint lock layer unpinned schema clean sbom audit

PYTHON ?= $(shell tools/python.sh)
# One more than there are processors: many tests wait for a server, or for a process of theirs.
# nproc, where there is one, knows of how many a container may use.
WORKERS ?= $(shell expr $$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN) + 1)
VENV := .venv
BIN := $(VENV)/bin
UV := 0.13.9
READY := $(VENV)/.ready
# A Pulumi CLI that somebody installed comes before the one that `make pulumi` has built.
BUILT := $(CURDIR)/build/bin
export PATH := $(PATH):$(BUILT)
# Containers like to set it. Each of the hundred processes of a test run would then compile Pulumi's and Amazon's SDKs
# from their sources: 4.0 s of CPU for the program's imports in place of 0.6.
unexport PYTHONDONTWRITEBYTECODE

# A set-up that was interrupted leaves no .ready behind and is done again.
$(READY): requirements-dev.txt Makefile
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; say which one with: make PYTHON=python3.12 ...")'
	@echo "setting up $(VENV) with $$(command -v $(PYTHON)) (once; a minute on a slow network) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV)
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip sync --quiet --require-hashes requirements-dev.txt
	@touch $@

demo: $(READY)
	@$(BIN)/python -m examples.demo

# Many models in three accounts: rolled out by the real engine where there is one to be had.
demo-fleet: $(READY) pulumi
	@$(BIN)/python -m examples.fleet

demo-retraining: $(READY)
	@$(BIN)/python -m examples.demo_retraining

local-aws: $(READY)
	@$(BIN)/python -m local_aws

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --num-workers auto

# What is missing is set up at the same time, and beside what waits for none of it: most of it is waiting for the network.
test: $(READY)
	@$(MAKE) --no-print-directory --jobs=6 --output-sync=line lint $(COMPILED) test-spark \
		pulumi-if-possible serving layer-if-possible typescript-if-possible
	$(BIN)/python -m pytest -q -n $(WORKERS)

# In a new .venv nothing is compiled, and each of the workers that begin together would compile all that tests import:
# twenty seconds of processor time each. What only one test needs is compiled then.
COMPILED := build/collected.txt
$(COMPILED): $(READY)
	@mkdir -p build
	@$(BIN)/python -m pytest -q --collect-only >$@ || { cat $@; exit 1; }

# The real engine, and deployed stacks, against the embedded AWS. `make test` has the minutes of it that find most; this
# has every step of every update, failed and reverted, and every flow.
test-engine: $(READY) pulumi pulumi-yaml layer
	MODEL_MONITORING_ENGINE_MATRIX=1 $(BIN)/python -m pytest -q -n $(WORKERS) tests/engine tests/open_engine

# The same life on a real account: asks before it begins, tags and removes all that it makes.
test-aws: $(READY) pulumi
	@$(BIN)/python -m tests.engine.real_account

# The Pulumi CLI, for machines that have none: two minutes from its Go module the first time, then seconds.
pulumi: $(READY)
	@if command -v pulumi >/dev/null; then echo "the Pulumi CLI is there: $$(command -v pulumi)"; \
	elif command -v go >/dev/null; then \
		echo "building the Pulumi CLI into build/bin (once; minutes) ..."; \
		tools/pulumi/build.sh $(BUILT) $(CURDIR)/$(BIN)/python; \
	else echo "there is no Pulumi CLI: install it (https://www.pulumi.com/docs/install/), or Go, which builds one here"; \
		exit 1; fi

pulumi-yaml:
	@command -v pulumi-language-yaml >/dev/null || tools/pulumi/yaml/build.sh $(BUILT)

pulumi-if-possible: $(READY)
	@$(MAKE) --no-print-directory pulumi || echo "LEFT OUT: the tests of the real engine (tests/engine)"

# The compiler that checks the TypeScript example, as its lock has it; no scripts of packages run.
TYPESCRIPT := examples/typescript/node_modules/.ready
$(TYPESCRIPT): examples/typescript/package-lock.json
	@echo "setting up examples/typescript (once; a minute on a slow network) ..."
	@npm ci --prefix examples/typescript --ignore-scripts --omit=optional --no-audit --no-fund --silent
	@touch $@

typescript-if-possible:
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory $(TYPESCRIPT); \
	else false; fi || echo "LEFT OUT: TypeScript's own check of examples/typescript (it needs npm and the network)"

# Spark is 430 MB and needs Java: an environment of its own, that a demo does not wait for.
SPARK := build/spark
$(SPARK)/.ready: requirements-spark.txt $(READY)
	@echo "setting up $(SPARK) (once; Spark is a large download) ..."
	@$(BIN)/python -m venv --clear $(SPARK)
	@VIRTUAL_ENV=$(SPARK) $(BIN)/uv pip sync --quiet --require-hashes requirements-spark.txt
	@touch $@

spark-if-possible: $(READY)
	@if command -v java >/dev/null; then $(MAKE) --no-print-directory $(SPARK)/.ready; fi

test-spark: spark-if-possible
	@if command -v java >/dev/null; then $(SPARK)/bin/python -m pytest -q tests/spark; \
	else echo "no Java: the Spark tests are left out"; fi

# What AWS's scikit-learn image starts a model with, at its versions (Python 3.12): tests/container runs it, and the
# patch is the image's own.
SERVING := build/serving
PYTHON312 ?= $(firstword $(wildcard $(HOME)/.pyenv/versions/3.12*/bin/python3.12) python3.12)
$(SERVING)/.ready: tests/container/requirements.txt $(READY)
	@echo "setting up $(SERVING) (once; half a minute) ..."
	@$(BIN)/uv venv --quiet --clear --python $(PYTHON312) $(SERVING)
	@VIRTUAL_ENV=$(SERVING) $(BIN)/uv pip sync --quiet --require-hashes tests/container/requirements.txt
	@sed -i.orig -e 's/^import collections$$/import collections.abc/' -e 's/collections\.Mapping/collections.abc.Mapping/' \
		$(SERVING)/lib/python3.12/site-packages/sagemaker_containers/_mapping.py
	@touch $@

serving: $(READY)
	@$(MAKE) --no-print-directory $(SERVING)/.ready || \
		echo "no Python 3.12, or no package index: the tests of the serving container are left out"

# Without the lock: what a plain install of today gets. Its own environment, so that .venv stays as locked.
unpinned:
	$(PYTHON) -m venv --clear build/unpinned
	build/unpinned/bin/python -m pip install --quiet --disable-pip-version-check '.[aws,dev,pulumi]'
	@# What is tested is the checkout; installed beside it, a process that may not have the monitor would find it.
	build/unpinned/bin/python -m pip uninstall --quiet --yes model-monitoring
	build/unpinned/bin/python -m pytest

# requirements.txt is what the Pulumi program needs: the extras aws and pulumi. requirements-dev.txt has everything but Spark.
lock:
	uv pip compile --universal --generate-hashes --python-version 3.11 pyproject.toml --extra dev --extra aws --extra pulumi -o requirements-dev.txt -q --custom-compile-command "make lock"
	uv pip compile --universal --generate-hashes --python-version 3.11 pyproject.toml --extra aws --extra pulumi -c requirements-dev.txt -o requirements.txt -q --custom-compile-command "make lock"
	uv pip compile --universal --generate-hashes --python-version 3.11 requirements-spark.in -c requirements.txt -o requirements-spark.txt -q --custom-compile-command "make lock"
	uv pip compile --generate-hashes --python-version 3.12 tests/container/requirements.in --overrides tests/container/overrides.txt -o tests/container/requirements.txt -q --custom-compile-command "make lock"
	uv pip compile --generate-hashes --python-version 3.13 --python-platform aarch64-manylinux_2_28 --only-binary :all: layers/requirements.in -o layers/requirements.txt -q --custom-compile-command "make lock"

# numpy and scipy for the function that looks at small windows (engine: open). A deployment makes it where it is missing.
layer: $(READY)
	@$(BIN)/python -c "import sys; from components.archives import numpy_layer; sys.exit(numpy_layer.main())"

layer-if-possible: $(READY)
	@$(MAKE) --no-print-directory layer || echo "LEFT OUT: the tests of the real engine (tests/engine): no package index"

# What the release is made of, from the locks and with their hashes: CycloneDX, the same from the same locks.
sbom: $(READY)
	@mkdir -p build/sbom
	@for lock in requirements layers/requirements; do \
		$(BIN)/uv tool run --quiet --from cyclonedx-bom==7.5.0 cyclonedx-py requirements $$lock.txt --output-reproducible \
			--output-format JSON --output-file build/sbom/$$(echo $$lock | tr / -).json || exit 1; \
	done
	@echo "build/sbom: requirements.json, layers-requirements.json"

# Known vulnerabilities of what the locks hold. The package index must offer the data (/pypi/NAME/VERSION/json), else it
# fails: a package that nobody could look up is not one without vulnerabilities.
audit: $(READY)
	@for lock in requirements-dev requirements-spark layers/requirements; do \
		$(BIN)/uv tool run --quiet --from pip-audit==2.10.1 pip-audit --strict --require-hashes --disable-pip -r \
			$$lock.txt || { echo "NOT AUDITED, OR VULNERABLE: $$lock.txt; the line above says which package. Where it was" \
			"not found, this index offers no vulnerabilities: run make audit with one that does (pypi.org)"; exit 1; }; \
	done

# What programs in other languages see of the components; the tests hold the plugin against it.
schema: $(READY)
	$(BIN)/python -m components --schema > tests/plugin/schema.json

clean:
	rm -rf $(VENV) build
