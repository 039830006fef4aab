#!/usr/bin/env bash
# Checks on any machine that vpinfer computes right on 64-bit ARM: unpacks Debian 12's libraries for
# that processor, compiles vpinfer and its tests with them, and runs those in an emulator:
#     jobs/test-arm64.sh [ROOT [VPINFER]]
# ROOT is the folder for the libraries [build/arm64-root], which stays for the next time; VPINFER is a
# vpinfer of this machine whose numbers the emulated one's are compared with [build/release/vpinfer,
# if that is there].
#
# Only mpirun's and vpinfer's own processes are emulated, so that this needs no arm64 programs known to
# the kernel (binfmt_misc), and no folder to be the root of anything.  For the same reason packages
# are only unpacked: to configure them, their arm64 scripts would have to run.
#
# Times that tests print say nothing about any ARM: qemu computes about 0.4 GFLOP/s.
set -euo pipefail
root=$(realpath --canonicalize-missing "${1:-"$(dirname "${BASH_SOURCE[0]}")/../build/arm64-root"}")
host=$(realpath --canonicalize-missing "${2:-"$(dirname "${BASH_SOURCE[0]}")/../build/release/vpinfer"}")
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The links that dpkg's alternatives would be, and those to absolute paths, which would lead out of
# the root.
link_libraries() {
  local root=$1 link
  while read -r link; do
    ln -snrf "$root$(readlink "$link")" "$link"
  done < <(find "$root"/{etc,lib,usr} -type l -lname '/*')
  cd "$root/usr/lib/aarch64-linux-gnu"
  ln -s openblas-pthread/*.so* openmpi/lib/libmpi.so .
  cd pkgconfig
  ln -s ../openblas-pthread/pkgconfig/openblas.pc .
  ln -s hdf5-serial.pc hdf5.pc
  ln -s ompi-c.pc mpi-c.pc
}

# What vpinfer and its tests are compiled with, and what they need to run.
unpack_libraries() {
  local packages
  packages=$(
    jobs/install-packages.sh --list build onnx test | grep -e '-dev$'
    jobs/install-packages.sh --list run
  )
  rm -rf "$root.new"
  mkdir -p "${root%/*}"
  mmdebstrap --quiet --variant=extract --architectures=arm64 --include="$packages" bookworm "$root.new"
  rm -rf "$root.new/dev"  # this machine's is meant
  (link_libraries "$root.new")
  mv "$root.new" "$root"
}

# Makes a command of this machine of an arm64 program.
emulate() {
  local command=$1 program=$2
  mkdir -p "${command%/*}"
  printf '#!/bin/sh\nexec qemu-aarch64-static -L "%s" "%s" "$@"\n' "$root" "$program" >"$command"
  chmod +x "$command"
}

# The compiler must keep all sums of the micro-kernel's largest tile in registers: between a
# function's first and last multiplication nothing may be on the stack.
check_micro_kernel() {
  local function=$1
  aarch64-linux-gnu-objdump --disassemble --demangle --no-show-raw-insn \
    build/arm64/CMakeFiles/vpinfer_kernel.dir/src/kernel/convolution/micro_kernel.cpp.o |
    awk -v function_name="$function<4, 12>" '
      index($0, function_name) && />:$/ { inside = 1 }
      /^$/ { inside = 0 }
      inside && sums && /\[(sp|x29)/ { ++waiting }
      inside && /\tfmla\t/ { ++sums; spills += waiting; waiting = 0 }
      END {
        printf "%s: %d multiplications of vectors, %d accesses to the stack between them\n",
          function_name, sums, spills
        exit sums < 24 || spills > 0
      }'
}

# Runs a model on each of these numbers of ranks, which must give what one rank gives, and what the
# vpinfer of this machine gives.
check_network() {
  local ranks dump=build/arm64/dump options=("${@:2}" --dump-layers all --dump-output)
  [[ ! -x $host ]] || "$host" "${options[@]}" $dump-host.h5 >/dev/null
  for ranks in $1; do
    echo "mpirun -np $ranks vpinfer ${*:2}"
    mpirun -np "$ranks" vpinfer "${options[@]}" $dump.h5 --compare-single | grep -E '^(PASS|FAIL)'
    [[ ! -x $host ]] || compare_dumps $dump.h5 $dump-host.h5
  done
}

# Every layer's output, of the emulated vpinfer and of this machine's.
compare_dumps() {
  PYTHONPATH=tests/e2e /usr/bin/python3 - "$@" <<'END'
import sys

import numpy as np
from program import read_dump

emulated, host = map(read_dump, sys.argv[1:])
worst = max(np.abs(emulated[name] - host[name]).max() / np.abs(host[name]).max() for name in host)
passed = emulated.keys() == host.keys() and worst <= 1e-4
print(f"{'PASS' if passed else 'FAIL'}: largest difference {worst:.2e} relative from this machine's vpinfer")
sys.exit(not passed)
END
}

jobs/install-packages.sh build test arm64
source jobs/mpi-environment.sh
# In the emulator, processes that read each other's memory get wrong data, and no error.
export OMPI_MCA_btl_vader_single_copy_mechanism=none

if [[ ! -d $root ]]; then
  echo "Unpacking $root"
  unpack_libraries
fi

quiet=()
[[ -t 1 ]] || quiet=(-- --quiet)
echo "Building build/arm64"
fresh=()
grep -qs "^CMAKE_SYSROOT:.*=$root\$" build/arm64/CMakeCache.txt || fresh=(--fresh)  # another ROOT before
cmake --preset arm64 "${fresh[@]}" -DCMAKE_SYSROOT="$root" --log-level=WARNING >/dev/null
cmake --build --preset arm64 "${quiet[@]}"

# Under these names, for the rest of this script and for tests/e2e, which find them by $PATH and $VPINFER.
commands=$PWD/build/arm64/emulated
emulate "$commands/mpirun" "$root/usr/bin/mpirun.openmpi"
emulate "$commands/vpinfer" "$PWD/build/arm64/vpinfer"
emulate "$commands/unit_tests" "$PWD/build/arm64/tests/vpinfer_unit_tests"
export PATH=$commands:$PATH

check_micro_kernel compute_tile
check_micro_kernel multiply_elements
# Without the tests that try out very many plans: they would take most of the time, and what they check
# does not depend on the processor.
unit_tests --gtest_brief --gtest_filter='-Program.*:Exchange.*:RequiredInput.*:*Sweep.*'
vpinfer import tests/oracle/odd.cfg --random-weights 7 -o build/arm64/odd.h5
check_network "1 2 3" --model build/arm64/odd.h5
check_network "1 2 3" --model inputs/face/face.h5 --input inputs/face/astronaut.jpg
check_network 3 --model inputs/nanodet/nanodet.h5 --input inputs/nanodet/dog.jpg
