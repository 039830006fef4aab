#!/bin/sh
# Makes every generated file of this folder: face.cfg, face.weights, face.labels and astronaut.jpg.
# Needs npm, and Debian's python3-numpy, python3-pil and python3-skimage.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cd "$work"
npm pack @vladmandic/face-api@1.7.15
tar xf vladmandic-face-api-1.7.15.tgz
/usr/bin/python3 "$here/make_face_model.py" package "$here"

/usr/bin/python3 - "$here/astronaut.jpg" <<'PYTHON'
import sys
from PIL import Image
from skimage import data

Image.fromarray(data.astronaut()).save(sys.argv[1], quality=92)
PYTHON
