# The commands of this project; `make` or `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help demo sale rush stop reset test mutations faults format lock ready ready-to-test

PYTHON ?= python3
IN_VENV := .venv/bin/python

help:  ## List the commands
	@echo "Daedong: tickets for a university festival, first come, first served."
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "  make demo PORT=8100   on another port"
	@echo "  make demo LAN=1       for a phone in the same network, over HTTPS"

ready:
	@$(PYTHON) -I festival/demo/bootstrap.py

ready-to-test:
	@$(PYTHON) -I festival/demo/bootstrap.py --dev

demo: ready  ## Set everything up and serve http://127.0.0.1:8000 until Ctrl-C
	@$(IN_VENV) manage.py demo

sale: ready  ## Start another sale in the running demo, which opens in 60 seconds
	@$(IN_VENV) manage.py new_sale --in 60

rush: ready  ## Let 12,000 invented students press in the running demo, and judge what they were told
	@FESTIVAL_ALLOW_LOADTEST=1 $(IN_VENV) manage.py rush --html rush.html

# Neither makes an environment first: without one, nothing runs here.
stop:  ## End the demo of this clone from another terminal
	@if test -x $(IN_VENV); then $(IN_VENV) manage.py demo stop; else echo "No demo runs in this clone."; fi

reset:  ## End the demo and delete its data
	@if test -x $(IN_VENV); then $(IN_VENV) manage.py demo reset; else rm -rf .data; fi

test: ready-to-test  ## Run every check and every test, on servers of its own
	@$(IN_VENV) -m tests.checks

mutations: ready-to-test  ## Break each guarantee in a copy and see its test turn red (about ten minutes)
	@$(IN_VENV) -m tests.mutations

faults: ready-to-test  ## Kill each part in the midst of a sale, twice (about 15 minutes); FULL=1: twenty times
	@$(IN_VENV) -m loadtest.faults

format: ready-to-test  ## Put the code in order
	@$(IN_VENV) -m ruff check --fix --quiet .
	@$(IN_VENV) -m ruff format .

# uv is no part of the project: it lives in .data/ and only writes the lock files.
lock:  ## Pin the newest allowed versions with hashes, for every platform
	@test -x .data/uv/bin/uv || ($(PYTHON) -m venv .data/uv && .data/uv/bin/pip install --quiet uv)
	@.data/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-annotate --upgrade requirements.in --output-file requirements.txt
	@.data/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-annotate --upgrade requirements-dev.in --output-file requirements-dev.txt
