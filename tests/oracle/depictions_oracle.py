#!/usr/bin/python3
"""Judges the pictures, maps of classes and points that networks show.

    depictions_oracle.py --vpinfer build/release/vpinfer --ranks 1 3

Makes small graphs that end as exporters end segmentation, saliency, depth, super-resolution and landmark networks,
imports them without another word (points with --heads), and runs them on a picture of the input's size. What is written
must be what NumPy makes of the pixels, read back by OpenCV: numbers of classes exactly, values within 1 of 255. Prints a
line per graph; ends with 1 if one fails, with 2 if a program could not be run.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

from darknet_files import OracleError, launcher, run_quietly

ROWS, COLS = 48, 80
HEADS = "[landmarks]\ninput=y\ncoding=heat-maps\n"


def convolved(picture, weights):
    """A 1x1 convolution of an RGB picture in [0, 1], [rows][cols][filters]."""
    return (picture.astype(np.float32) / 255) @ weights[:, :, 0, 0].T


def near(found, wanted):
    return found is not None and found.shape == wanted.shape and np.abs(found.astype(float) - wanted).max() <= 1


def stretched(values):
    return (values - values.min()) * (255 / (values.max() - values.min()))


def has_classes(folder, wanted, classes):
    found = cv2.imread(str(folder / "p.png.classes.png"))
    shares = json.loads((folder / "segmentations.json").read_text())[0]["classes"]
    counts = {c["class_index"]: round(c["share"] * ROWS * COLS) for c in shares}
    colours = {tuple(found[wanted == c][0]) for c in counts}
    uniform = all(len(np.unique(found[wanted == c].reshape(-1, 3), axis=0)) == 1 for c in counts)
    numbers = {c: int((wanted == c).sum()) for c in range(classes) if (wanted == c).any()}
    return counts == numbers and uniform and len(colours) == len(counts)


def drawn(folder):
    return cv2.imread(str(folder / "p.png"))


def argmax(weights, picture):
    return lambda folder: has_classes(folder, convolved(picture, weights).argmax(2), len(weights))


def saliency(weights, picture):
    values = 255 / (1 + np.exp(-convolved(picture, weights)))
    return lambda folder: near(drawn(folder), np.repeat(values, 3, 2))


def depth(weights, picture):
    values = stretched(convolved(picture, weights))
    return lambda folder: near(drawn(folder), np.repeat(values, 3, 2))


def super_resolution(weights, picture):
    values = convolved(picture, weights).reshape(ROWS, COLS, 3, 2, 2).transpose(0, 3, 1, 4, 2)
    wanted = np.clip(values.reshape(2 * ROWS, 2 * COLS, 3)[:, :, ::-1] * 255, 0, 255)
    return lambda folder: near(drawn(folder), wanted)


def landmarks(weights, picture):
    heat = convolved(picture, weights)
    peaks = [np.unravel_index(heat[:, :, i].argmax(), (ROWS, COLS)) for i in range(len(weights))]
    wanted = [[col + 0.5, row + 0.5] for row, col in peaks]
    return lambda folder: np.allclose(json.loads((folder / "landmarks.json").read_text())[0]["points"], wanted, atol=0.01)


def node(op, attributes=None, inputs=()):
    return helper.make_node(op, ["s", *inputs], ["y"], **(attributes or {}))


KINDS = {
    "argmax": (6, node("ArgMax", {"axis": 1, "keepdims": 0}), TensorProto.INT64, argmax),
    "argmax-keepdims": (6, node("ArgMax", {"axis": 1}), TensorProto.INT64, argmax),
    "softmax": (5, node("Softmax", {"axis": 1}), TensorProto.FLOAT, argmax),
    "saliency": (1, node("Sigmoid"), TensorProto.FLOAT, saliency),
    "depth": (1, node("Squeeze", inputs=["axis"]), TensorProto.FLOAT, depth),
    "super-resolution": (12, node("DepthToSpace", {"blocksize": 2, "mode": "CRD"}), TensorProto.FLOAT, super_resolution),
    "landmarks": (4, node("Identity"), TensorProto.FLOAT, landmarks),
}


def write_graph(path, last, weights, kind):
    constants = [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(np.array([1]), "axis")]
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "w"], ["s"]), last], path.stem,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, ROWS, COLS])],
        [helper.make_tensor_value_info("y", kind, None)], constants)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(path))


def judge(vpinfer, name, ranks, picture, folder):
    filters, last, kind, expectation = KINDS[name]
    weights = np.random.default_rng(filters).normal(0, 1, (filters, 3, 1, 1)).astype(np.float32)
    write_graph(folder / "net.onnx", last, weights, kind)
    (folder / "net.heads.cfg").write_text(HEADS)
    heads = ["--heads", folder / "net.heads.cfg"] if name == "landmarks" else []
    run_quietly([vpinfer, "import", folder / "net.onnx", *heads, "-o", folder / "net.h5"])
    output = folder / f"out-{ranks}"
    run_quietly([*launcher(ranks), vpinfer, "--model", folder / "net.h5", "--input", folder / "p.png", "--output", output])
    return expectation(weights, picture)(output)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vpinfer", required=True, type=Path)
    parser.add_argument("--ranks", type=int, nargs="+", default=[3])
    options = parser.parse_args()
    picture = np.random.default_rng(1).integers(0, 256, (ROWS, COLS, 3), np.uint8)
    failed = 0
    for name in KINDS:
        for ranks in options.ranks:
            with tempfile.TemporaryDirectory() as path:
                folder = Path(path)
                cv2.imwrite(str(folder / "p.png"), picture[:, :, ::-1])
                passed = judge(options.vpinfer, name, ranks, picture, folder)
            print(f"{name} on {ranks} ranks: {'ok' if passed else 'FAILED'}")
            failed += not passed
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except OracleError as e:
        print(e, file=sys.stderr)
        sys.exit(2)
