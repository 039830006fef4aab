#!/usr/bin/python3
"""Compares vpinfer's Resize with ONNX's formulas in single precision, over a sweep of scales, coordinates and roundings,
and, where onnxruntime-node is found, with ONNX Runtime without optimisation. The scales have places that lie in the
middle of two pixels in floats only, or beside it in floats only.

    resize_oracle.py --vpinfer build/release/vpinfer [--ranks 3] [--node-modules DIR]
"""

import argparse
import itertools
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from darknet_files import OracleError
from onnx_network_oracle import Network, OnnxRuntime, Vpinfer

BOUND = 2e-6
SHAPE = (5, 23, 2)  # rows, columns, channels
SCALES = (0.3, 0.5, 0.7, 0.9, 1.1, 1.3, 1.7, 2, 2.1, 2.2, 2.3, 2.6, 3, 3.4, 4.6, 5.2)
TRANSFORMS = ("half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_half_pixel_for_nn")
HALF = 0.5 + 1e-6  # ONNX Runtime 1.30 takes what is so close to a half for one
ROUNDINGS = {"round_prefer_floor": lambda x: np.ceil(x - HALF), "round_prefer_ceil": lambda x: np.floor(x + HALF),
             "floor": np.floor, "ceil": np.ceil}


@dataclass(frozen=True)
class Resize:
    """A Resize by one scale along columns; rows stay."""
    scale: float
    transform: str
    rounding: str | None  # None: linear

    @property
    def outputs(self):
        return int(np.floor(np.float32(SHAPE[1]) * np.float32(self.scale)))

    def node(self, name):
        mode = {"mode": "nearest", "nearest_mode": self.rounding} if self.rounding else {"mode": "linear"}
        return helper.make_node("Resize", ["x", "", f"scales{self.scale}"], [name],
                                coordinate_transformation_mode=self.transform, **mode)

    def places(self):
        """x_original of ONNX's specification for each output column, every operation in float32."""
        one, half, scale = np.float32(1), np.float32(0.5), np.float32(self.scale)
        at = np.arange(self.outputs, dtype=np.float32)
        if self.transform == "align_corners":
            return at * (np.float32(SHAPE[1]) - one) / (np.float32(self.outputs) - one)
        if self.transform == "asymmetric":
            return at / scale
        return (at + half) / scale - (0 if self.transform == "tf_half_pixel_for_nn" else half)

    def compute(self, picture):
        places, last = self.places().astype(np.float64), SHAPE[1] - 1
        if self.rounding:
            return picture[:, np.clip(ROUNDINGS[self.rounding](places), 0, last).astype(int)]
        inside = np.clip(places, 0, last)
        low = inside.astype(int)
        share = (inside - low)[None, :, None]
        return picture[:, low] * (1 - share) + picture[:, np.minimum(low + 1, last)] * share


def make_network(resizes, path):
    names = [f"y{i}" for i in range(len(resizes))]
    scales = [numpy_helper.from_array(np.array([1, 1, 1, scale], np.float32), f"scales{scale}") for scale in SCALES]
    graph = helper.make_graph([resize.node(name) for resize, name in zip(resizes, names)], "resizes",
                              [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, SHAPE[2], *SHAPE[:2]])],
                              [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names], scales)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.save(model, path)
    return names


def first_difference(actual, expected, resizes, judge):
    for (name, wanted), resize in zip(expected.items(), resizes):
        found = actual[name]
        if found.shape != wanted.shape or not np.abs(found - wanted).max() <= BOUND:
            columns = np.flatnonzero(np.abs(found - wanted).max((0, 2)) > BOUND) if found.shape == wanted.shape else "all"
            return f"{judge}: {resize} differs in the columns {columns}"
    return None


def check(arguments, directory):
    """The first difference, or None."""
    modes = [mode for mode in itertools.product(SCALES, TRANSFORMS, [None, *ROUNDINGS])
             if mode[1] != "tf_half_pixel_for_nn" or mode[2]]  # that transform is for the nearest alone
    resizes = [Resize(*mode) for mode in modes]
    path = directory / "resizes.onnx"
    names = make_network(resizes, path)
    picture = np.random.default_rng(1).random(SHAPE, np.float32)
    network = Network(path)
    vpinfer = Vpinfer(arguments.vpinfer, network, picture, directory)
    expected = {name: resize.compute(picture) for name, resize in zip(names, resizes)}
    for ranks in [None, *arguments.ranks]:
        actual = vpinfer.run(ranks, ranks and "data")
        if failure := first_difference(actual, expected, resizes, f"ONNX's formulas, {ranks or 1} ranks"):
            return failure
    if arguments.node_modules:
        runtime = OnnxRuntime(network, arguments.node_modules).run(picture, directory)
        if failure := first_difference(actual, runtime, resizes, "ONNX Runtime"):
            return failure
    print(f"{len(resizes)} resizes agree")
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vpinfer", type=Path, required=True, help="the program to judge")
    parser.add_argument("--ranks", type=int, nargs="+", default=[], metavar="N", help="also run on so many MPI ranks")
    parser.add_argument("--node-modules", type=Path, metavar="DIR", help="where onnxruntime-node is")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        failure = check(arguments, Path(name))
    if failure:
        print(failure)
    return 1 if failure else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except OracleError as error:
        print(f"resize_oracle: {error}", file=sys.stderr)
        sys.exit(2)
