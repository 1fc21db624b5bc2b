#!/bin/sh
# Writes docker/requirements.txt and docker/build-requirements.txt: every package that the image installs, with its hashes.
#
#   docker/lock.sh              keeps the versions that stand there, adds what pyproject.toml has new
#   docker/lock.sh --upgrade    takes the newest
#
# It needs uv (`python3 -m pip install uv`). The hashes of every platform's wheels are listed, so one file serves all.
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
