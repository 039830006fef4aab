#!/usr/bin/env bash
# From a bare Debian 12 to answers: installs packages, builds, finds what is in a photo on 8 ranks, then
# runs YOLOv2, with random weights, on 8 ranks and compares with one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

show() {
  printf '\n$ %s\n' "$*"
  "$@"
}

jobs/install-packages.sh build onnx
source jobs/mpi-environment.sh

quiet=()
[[ -t 1 ]] || quiet=(-- --quiet)
echo "Building build/release/vpinfer"
cmake --preset release -DBUILD_TESTING=OFF --log-level=WARNING >/dev/null
cmake --build --preset release "${quiet[@]}"

show mpirun -np 8 build/release/vpinfer --model inputs/nanodet/nanodet.h5 \
  --input inputs/nanodet/dog.jpg --output out/dog --compare-single

show build/release/vpinfer import inputs/yolov2/yolov2.cfg --random-weights 7 -o out/yolov2.h5
show mpirun -np 8 build/release/vpinfer --model out/yolov2.h5 --compare-single --repeat 3

printf '\nThe photo with what was found in it: %s\n' "$PWD/out/dog/dog.jpg"
