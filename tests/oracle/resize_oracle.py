#!/usr/bin/python3
"""Compares vpinfer's Resize with ONNX's formulas in single precision, over a sweep of scales, coordinates and roundings,
and, where onnxruntime-node is found, with ONNX Runtime without optimisation. The scales have places that lie in the
middle of two pixels in floats only, or beside it in floats only.

    resize_oracle.py --vpinfer build/release/vpinfer [--ranks 3] [--node-modules DIR]
"""

import itertools
from dataclasses import dataclass

import numpy as np
from onnx import helper, numpy_helper

import onnx_sweep

BOUND = 1e-6
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


def check(arguments):
    modes = [mode for mode in itertools.product(SCALES, TRANSFORMS, [None, *ROUNDINGS])
             if mode[1] != "tf_half_pixel_for_nn" or mode[2]]  # that transform is for the nearest alone
    resizes = [Resize(*mode) for mode in modes]
    scales = [numpy_helper.from_array(np.array([1, 1, 1, scale], np.float32), f"scales{scale}") for scale in SCALES]
    failure = onnx_sweep.judge(resizes, np.random.default_rng(1).random(SHAPE, np.float32), BOUND, arguments, scales)
    if not failure:
        print(f"{len(resizes)} resizes agree")
    return failure


if __name__ == "__main__":
    onnx_sweep.main(__doc__, check)
