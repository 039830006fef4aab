#!/usr/bin/env bash
# Installs the Debian 12 (or Raspberry Pi OS) packages of the named groups that are missing:
#     jobs/install-packages.sh [build|onnx|test|tidy|run|emulate|bench|peers|arm64]...      [build]
# Needs neither root nor network when nothing is missing.  With --list before the groups, it installs
# nothing and names their packages, one a line.
set -euo pipefail

declare -A packages=(
  # To compile vpinfer and run it here.
  [build]="g++ cmake ninja-build pkg-config git ca-certificates
    libopenmpi-dev openmpi-bin libopenblas-pthread-dev libhdf5-dev libcli11-dev nlohmann-json3-dev
    libturbojpeg0-dev libpng-dev libexif-dev libcairo2-dev fonts-dejavu-core"
  # To import ONNX files; vpinfer builds without, too.
  [onnx]="libonnx-dev libprotobuf-dev"
  # What the tests need besides: GoogleTest, the programs that judge vpinfer's numbers, and emulated
  # hosts.
  [test]="libgtest-dev libgmock-dev darknet libonnx-testdata python3 python3-h5py python3-numpy
    python3-onnx python3-opencv iproute2"
  # To check the sources, jobs/tidy.sh.
  [tidy]="clang-tidy"
  # To run a vpinfer that was compiled elsewhere on the same kind of machine.
  [run]="openmpi-bin libopenblas0-pthread libhdf5-103-1 libturbojpeg0 libpng16-16 libexif12 libcairo2
    fonts-dejavu-core"
  # To emulate a cluster, jobs/emulate.sh.
  [emulate]="openmpi-bin iproute2"
  # To compare the strategies with bench/strategies.py: networks, and plots.
  [bench]="openmpi-bin iproute2 darknet gnuplot-nox"
  # To compile for 64-bit ARM and run that in an emulator, jobs/test-arm64.sh.
  [arm64]="g++-aarch64-linux-gnu mmdebstrap qemu-user-static"
  # To compare with other engines with bench/peers.py.
  [peers]="openmpi-bin g++ darknet libdnnl-dev python3-h5py python3-numpy python3-onnx python3-opencv
    python3-torch"
)

list=false
if [[ ${1-} == --list ]]; then
  list=true
  shift
fi
[[ $# -gt 0 ]] || set -- build
missing=()
for group in "$@"; do
  if [[ ! -v packages[$group] ]]; then
    echo "install-packages.sh: no group '$group'; the groups are build, onnx, test, tidy, run, emulate, bench, peers and arm64" >&2
    exit 2
  fi
  for package in ${packages[$group]}; do
    if $list; then
      echo "$package"
      continue
    fi
    status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) || true
    [[ $status == installed ]] || missing+=("$package")
  done
done
[[ ${#missing[@]} -gt 0 ]] || exit 0

as_root=(env)
if [[ $EUID -ne 0 ]]; then
  if ! command -v sudo >/dev/null; then
    echo "install-packages.sh: needs root or sudo to install: ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo env)
fi
as_root+=(DEBIAN_FRONTEND=noninteractive)

echo "Installing ${missing[*]}"
"${as_root[@]}" apt-get -qq update
"${as_root[@]}" apt-get -qq install --yes --no-install-recommends "${missing[@]}" >/dev/null
