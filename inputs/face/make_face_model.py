#!/usr/bin/env python3
"""Turn the tiny face detector of the npm package @vladmandic/face-api into Darknet files.

    npm pack @vladmandic/face-api@1.7.15
    tar xf vladmandic-face-api-1.7.15.tgz
    /usr/bin/python3 make_face_model.py package .

writes face.cfg, face.weights and face.labels into the second folder. Needs Python 3 and numpy.

The detector is a Tiny-YOLOv2 with depthwise-separable convolutions. Two things change on the way, neither changes the result:
- The original subtracts a mean colour from the picture; Darknet does not. The first convolution has no padding, so each of its
  outputs sees nine true pixels, and the mean is a constant that moves into the bias: b' = b - sum(w * mean / 255).
- The original has one bias per separable convolution, after its 1x1 half; the depthwise half gets biases of zero.
"""
import argparse
import json
import pathlib
import struct

import numpy as np

MANIFEST = "tiny_face_detector_model-weights_manifest.json"
MEAN_RGB = (117.001, 114.697, 97.404)
# Width and height of each anchor, in cells of the 13x13 grid.
ANCHORS = ((1.603231, 2.094468), (6.041143, 7.080126), (2.882459, 3.518061), (4.266906, 5.178857), (9.041765, 10.66308))
CHANNELS = (16, 32, 64, 128, 256, 512)  # after conv0 .. conv5
BOX_VALUES = 5  # x, y, width, height, objectness: the same order as Darknet's
CLASS_LABELS = ("face",)

HEADER = """\
# Tiny face detector of @vladmandic/face-api 1.7.15 (MIT), see README.md. Written by make_face_model.py.
[net]
batch=1
width=416
height=416
channels=3
"""


def read_weights(model_dir):
    """All tensors by name, dequantised to float64: value = byte * scale + min."""
    tensors = {}
    for group in json.loads((model_dir / MANIFEST).read_text()):
        data = b"".join((model_dir / path).read_bytes() for path in group["paths"])
        offset = 0
        for entry in group["weights"]:
            code = entry["quantization"]
            if code["dtype"] != "uint8":
                raise SystemExit(f"{entry['name']}: quantised as {code['dtype']}, expected uint8")
            count = int(np.prod(entry["shape"]))
            raw = np.frombuffer(data, np.uint8, count, offset)
            tensors[entry["name"]] = (raw * code["scale"] + code["min"]).reshape(entry["shape"])
            offset += count
        if offset != len(data):
            raise SystemExit(f"{model_dir}: {len(data)} bytes of weights, the manifest describes {offset}")
    return tensors


def convolution(filters, size, pad, activation, groups=1):
    lines = ["[convolutional]", f"filters={filters}", f"size={size}", "stride=1", f"pad={pad}", f"activation={activation}"]
    if groups > 1:
        lines.insert(2, f"groups={groups}")
    return "\n".join(lines) + "\n"


def max_pool(stride):
    return f"[maxpool]\nsize=2\nstride={stride}\n"


def region():
    anchors = ",  ".join(f"{width},{height}" for width, height in ANCHORS)
    return f"[region]\nanchors={anchors}\nclasses=0\ncoords=4\nnum={len(ANCHORS)}\nsoftmax=0\n"


def darknet_network(tensors):
    """The cfg sections, and per convolution the pair (biases, weights [filters][channels/groups][rows][columns])."""
    first, bias = tensors["conv0/filters"], tensors["conv0/bias"]  # [row][column][input][output]
    mean = np.array(MEAN_RGB) / 255
    sections = [convolution(CHANNELS[0], 3, 0, "leaky"), max_pool(2)]
    arrays = [(bias - np.einsum("yxio,i->o", first, mean), first.transpose(3, 2, 0, 1))]

    for block, (inputs, outputs) in enumerate(zip(CHANNELS, CHANNELS[1:]), start=1):
        depthwise = tensors[f"conv{block}/depthwise_filter"]  # [row][column][channel][1]
        pointwise = tensors[f"conv{block}/pointwise_filter"]  # [1][1][input][output]
        sections += [convolution(inputs, 3, 1, "linear", groups=inputs), convolution(outputs, 1, 0, "leaky")]
        arrays += [(np.zeros(inputs), depthwise.transpose(2, 3, 0, 1)),
                   (tensors[f"conv{block}/bias"], pointwise.transpose(3, 2, 0, 1))]
        sections.append(max_pool(1 if outputs == CHANNELS[-1] else 2))

    head = tensors["conv8/filters"]
    sections += [convolution(len(ANCHORS) * BOX_VALUES, 1, 0, "linear"), region()]
    arrays.append((tensors["conv8/bias"], head.transpose(3, 2, 0, 1)))
    return sections, arrays


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=pathlib.Path, help="folder of the unpacked npm package")
    parser.add_argument("output", type=pathlib.Path, help="folder for face.cfg, face.weights and face.labels")
    options = parser.parse_args()

    sections, arrays = darknet_network(read_weights(options.package / "model"))
    (options.output / "face.cfg").write_text("\n".join([HEADER] + sections))
    (options.output / "face.labels").write_text("\n".join(CLASS_LABELS) + "\n")
    with open(options.output / "face.weights", "wb") as file:
        file.write(struct.pack("<iiiQ", 0, 2, 5, 0))  # version 0.2.5, no training pictures counted
        for biases, weights in arrays:
            file.write(biases.astype("<f4").tobytes())
            file.write(weights.astype("<f4").tobytes())


if __name__ == "__main__":
    main()
