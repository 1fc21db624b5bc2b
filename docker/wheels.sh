#!/bin/sh
# Unpacks the wheels of docker/requirements.txt into a virtual environment, for the processor that the image is for.
#
#   docker/wheels.sh amd64|arm64 ENVIRONMENT PIP
#
# Nothing of the environment is run. So the machine that builds may have another processor.
set -eu
cd "$(dirname "$0")"

case $1 in
  amd64) machine=x86_64 ;;
  arm64) machine=aarch64 ;;
  *)
    echo "E! there is no image for the processor '$1'. Build for linux/amd64 or linux/arm64, with BuildKit or buildah" >&2
    exit 1
    ;;
esac
version=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
place=$2/lib/python$version/site-packages

# The kinds of wheel that Debian 12 (glibc 2.36) can load. pip takes the first that a package has.
"$3" install --no-cache-dir --no-compile --no-deps --require-hashes --only-binary :all: --requirement requirements.txt --target "$place" \
  --implementation cp --python-version "$version" --abi "cp$(echo "$version" | tr -d .)" --abi abi3 --abi none \
  --platform "manylinux_2_34_$machine" --platform "manylinux_2_28_$machine" --platform "manylinux_2_17_$machine" \
  --platform "manylinux2014_$machine"
# Programs of these packages. Nothing starts them, and they name the Python that ran pip.
rm -rf "$place/bin"
