#!/usr/bin/env bash
# Checks src with clang-tidy; .clang-tidy says for what.  A floor is checked as one source that includes
# all of its own, in a fraction of the time that they take one by one: names in its unnamed namespaces
# have to differ.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

jobs/install-packages.sh build onnx tidy
echo "Checking src with clang-tidy"
cmake --preset tidy --log-level=WARNING >/dev/null
# GCC warns of shadowing, which means little among the sources of a floor; and clang-tidy 14 knows
# neither all names of processor features that GCC 12 does nor -Wno-restrict.
sed -n 's/^ *"file": "\(.*\)",\?$/\1/p' build/tidy/compile_commands.json | grep -v /bench/ |
  xargs --max-procs="$(nproc)" --max-args=1 clang-tidy -p build/tidy --quiet \
    --extra-arg=-Wno-unknown-warning-option --extra-arg=-Wno-shadow --extra-arg='-D__builtin_cpu_supports(feature)=1' \
    2> >(grep -vE '^[0-9]+ warnings? generated|^Suppressed|^Use -header-filter' >&2)
