#!/bin/sh
# Makes the environment of the command-line client as its lock says, only if the lock file changed since the last time.
# Takes none of what the lock leaves out: packages that stand in for parts of Python itself.
set -eu
cd "$(dirname "$0")/../.."

# The folder itself is the lock, so that nothing is left behind.
exec 9<tests/clients
if command -v flock >/dev/null; then flock 9; fi

if cmp -s requirements/commander.txt .commander/lock.txt; then exit 0; fi
rm -rf .commander
"${VECHE_PYTHON:-python3}" -m venv .commander
PIP_DISABLE_PIP_VERSION_CHECK=1 .commander/bin/python -m pip install --quiet --prefer-binary --no-deps --require-hashes \
    -r requirements/commander.txt
cp requirements/commander.txt .commander/lock.txt
