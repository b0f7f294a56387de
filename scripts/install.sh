#!/bin/sh
# Make .venv from a lock with hashes: install.sh PYTHON LOCK
set -eu
python=$1
lock=$2
if [ -z "$python" ] || ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "archiver needs Python 3.11 or newer; on Debian: apt-get install python3.11 python3.11-venv" >&2
    exit 1
fi
if [ ! -x .venv/bin/python ]; then
    "$python" -m venv .venv || {
        echo "Python's venv module is missing; on Debian: apt-get install python3-venv" >&2
        exit 1
    }
fi
echo "Installing what $lock pins (about a minute the first time)"
install() {
    # What pip says matters only when it fails.
    .venv/bin/python -m pip install --disable-pip-version-check "$@" >.venv/install.log 2>&1 || {
        cat .venv/install.log >&2
        exit 1
    }
}
# The lock names everything that is needed; what a package asks for beyond it was left out on purpose (pyproject.toml).
install --require-hashes --no-deps -r "$lock"
install --no-index --no-deps --no-build-isolation -e .
