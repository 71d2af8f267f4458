#!/bin/sh
# Installs the locked packages of the driver, only if the lock file changed since the last time.
# Runs none of their install scripts; safe to call from several test processes at once.
set -eu
cd "$(dirname "$0")"

# The folder itself is the lock, so that nothing is left behind.
exec 9<.
if command -v flock >/dev/null; then flock 9; fi

installed=node_modules/.installed-lock.json
if cmp -s package-lock.json "$installed"; then exit 0; fi
npm ci --no-audit --no-fund --ignore-scripts --loglevel=error
cp package-lock.json "$installed"
