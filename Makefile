# The commands of the README. Everything they make goes under .venv/ and build/.
PY := .venv/bin/python
READY := .venv/requirements.lock
PAGES := musegen/*/*.js musegen/*/*.css apps/*/*.js apps/*/*.css tests/player/javascript/*.mjs

.PHONY: play report train test soak notebooks lint lab bench lock

play: $(READY)  ## new songs, on a page: build/play/index.html
	@$(PY) -m musegen play

report: $(READY)  ## figures 5-11, the tables, the songs and a page per notebook: build/report/
	@$(PY) -m musegen report

train: $(READY)  ## trains all networks of the report here (hours), those that come with musegen, too
	@$(PY) -m musegen train --all

test: $(READY)  ## everything, with the networks that are in build/; NB=03 checks one notebook
	$(PY) -m pytest --nbval --durations=10 $(if $(NB),notebooks/$(NB)*.ipynb,\
		-n 2 --dist loadfile tests musegen apps notebooks)

soak: $(READY)  ## what is hard on a machine: full sizes, many kills (long)
	$(PY) -m pytest -m soak tests

notebooks: $(READY)  ## runs the notebooks in place and stores their outputs
	@$(PY) -m musegen notebooks

lint: $(READY)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	.venv/bin/oxlint
	.venv/bin/oxfmt --check $(PAGES)

lab: $(READY)  ## trusts the notebooks and opens JupyterLab
	@$(PY) -m jupyter trust notebooks/*.ipynb notebooks/more/*.ipynb
	MUSEGEN_PROGRESS=1 $(PY) -m jupyter lab notebooks \
		--ServerApp.kernel_websocket_connection_class=apps.composer.lab.PromptConnection

bench: $(READY)
	@$(PY) -m benchmarks

lock:  ## pins every package for Linux, macOS (arm64) and Windows at once; needs uv
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--group test --extra dask --custom-compile-command 'make lock' pyproject.toml -o requirements.lock

# Set-up, once and whenever the lock has changed. Hashes and an editable install don't mix in one
# pip call. The byte-code halves the time TensorFlow takes to import.
$(READY): requirements.lock
	@case "$$(uname -sm)" in "Darwin x86_64") \
		echo "TensorFlow has no wheels for Intel Macs; use Linux, an Apple silicon Mac or Windows."; \
		exit 1;; esac
	@found=; for p in "$(PYTHON)" python3.13 python3.12 python3.11 python3; do \
		"$$p" -c "$$FITS" 2>/dev/null || continue; found=$$p; \
		"$$p" -c "import venv, ensurepip" 2>/dev/null && \
		echo "Set-up 1/3: .venv with $$("$$p" --version)" && \
		"$$p" -m venv --clear .venv && exit 0; \
	done; \
	if [ "$$found" ]; then \
		v=$$("$$found" -c "import sys; print('python%d.%d-venv' % sys.version_info[:2])"); \
		echo "$$found cannot make a virtual environment; type: sudo apt install $$v"; \
	else \
		echo "musegen needs Python 3.11, 3.12 or 3.13 (TensorFlow has no wheels for others);"; \
		echo "type: sudo apt install python3.12-venv (macOS: brew install python@3.12)"; \
	fi; exit 1
	@echo "Set-up 2/3: the locked packages (about 1 GB to download, 2 to 10 minutes)"
	@$(PY) -m pip --require-virtualenv install -qq --progress-bar off --disable-pip-version-check --no-compile \
		--require-hashes -r requirements.lock
	@$(PY) -m pip --require-virtualenv install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@echo "Set-up 3/3: byte-code (about a minute); nothing after this needs the network"
	@$(PY) -m compileall -q -j 0 .venv/lib > /dev/null || true
	@cp requirements.lock $@

export FITS = import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))
