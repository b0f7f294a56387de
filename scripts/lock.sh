#!/bin/sh
# Pin every dependency with hashes and without any address of a registry.
set -eu
common="--quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --extra build"
uv pip compile $common pyproject.toml -o requirements.lock
uv pip compile $common --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock
