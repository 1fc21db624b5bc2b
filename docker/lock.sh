#!/bin/sh
# Writes docker/requirements.txt and docker/build-requirements.txt: every package that the image installs, with its hashes.
#
#   docker/lock.sh              keeps the locked versions, adds packages that are new in pyproject.toml
#   docker/lock.sh --upgrade    takes the newest versions
#
# It also writes versions and licences into THIRD-PARTY.md. It needs uv (`python3 -m pip install uv`). Each file of requirements lists the
# hashes of the wheels of all platforms, so it works for every platform.
set -eu
cd "$(dirname "$0")/.."

lock() { # lock FROM TO [OPTION…]
  from=$1 to=$2
  shift 2
  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url --no-emit-find-links \
    --custom-compile-command docker/lock.sh --output-file "$to" "$@" "$from"
}

lock pyproject.toml docker/requirements.txt "$@"
lock docker/build-requirements.in docker/build-requirements.txt "$@"
python3 packaging/licences.py --update
