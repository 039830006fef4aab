#!/usr/bin/env bash
# Installs what the tests need, builds, and runs them all.  Arguments go to ctest:
#     jobs/test.sh
#     jobs/test.sh -L unit
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

jobs/install-packages.sh build onnx test
source jobs/mpi-environment.sh

quiet=()
[[ -t 1 ]] || quiet=(-- --quiet)
echo "Building build/release"
cmake --preset release -DBUILD_TESTING=ON --log-level=WARNING >/dev/null
cmake --build --preset release "${quiet[@]}"

ctest --test-dir build/release --output-on-failure --no-tests=error --no-label-summary \
  --parallel "$(nproc)" "$@"
