#!/usr/bin/python3
"""Compares vpinfer's poolings with their definition in numpy over a sweep of window, stride, padding, dilation,
ceil_mode and count_include_pad, and, where onnxruntime-node is found, with ONNX Runtime without optimisation.

    windows_oracle.py --vpinfer build/release/vpinfer [--ranks 3] [--node-modules DIR]

Ends with 1 if one differs.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from onnx import helper

import onnx_sweep

BOUND = 1e-5
PICTURES = ((5, 8), (7, 6), (4, 4))  # rows, columns
CHANNELS = 3


@dataclass(frozen=True)
class Axis:
    """A window along one axis."""
    size: int
    stride: int
    before: int
    after: int
    dilation: int

    def starts(self, extent, ceil_mode):
        """Where windows begin, in the input's places: as many as fit, or, rounded up, as begin before its end."""
        room = extent + self.before + self.after - (self.size - 1) * self.dilation - 1
        count = (-(-room // self.stride) if ceil_mode else room // self.stride) + 1
        starts = [i * self.stride - self.before for i in range(count)]
        return [start for start in starts if start < extent] if ceil_mode else starts

    def places(self, start, bounds):
        """The places of a window's taps within [begin, end)."""
        taps = range(start, start + self.size * self.dilation, self.dilation)
        return [place for place in taps if bounds[0] <= place < bounds[1]]


@dataclass(frozen=True)
class Pool:
    """A pooling and how ONNX writes it."""
    average: bool
    rows: Axis
    cols: Axis
    ceil_mode: bool
    counts_padding: bool

    def node(self, name):
        options = {"kernel_shape": [self.rows.size, self.cols.size], "strides": [self.rows.stride, self.cols.stride],
                   "pads": [self.rows.before, self.cols.before, self.rows.after, self.cols.after],
                   "ceil_mode": int(self.ceil_mode)}
        if self.average:
            return helper.make_node("AveragePool", ["x"], [name], count_include_pad=int(self.counts_padding), **options)
        return helper.make_node("MaxPool", ["x"], [name], dilations=[self.rows.dilation, self.cols.dilation], **options)

    def compute(self, picture):
        """By the definition; None if a window holds nothing of the picture."""
        rows, cols = picture.shape[:2]
        results = []
        for row in self.rows.starts(rows, self.ceil_mode):
            results.append([])
            for col in self.cols.starts(cols, self.ceil_mode):
                places = np.ix_(self.rows.places(row, (0, rows)), self.cols.places(col, (0, cols)))
                values = picture[places].reshape(-1, picture.shape[2]).astype(np.float64)
                if not len(values):
                    return None
                count = len(values)
                if self.counts_padding:
                    count = (len(self.rows.places(row, (-self.rows.before, rows + self.rows.after)))
                             * len(self.cols.places(col, (-self.cols.before, cols + self.cols.after))))
                results[-1].append(values.sum(0) / count if self.average else values.max(0))
        return np.array(results) if results and results[0] else None


def sweep(shape):
    """Every pooling of the sweep that has a window in a picture of this shape."""
    axes = [Axis(*numbers) for numbers in itertools.product((1, 2, 3, 4), (1, 2, 3), (0, 1, 2), (0, 1, 2), (1, 2))]
    axes = [axis for axis in axes if max(axis.before, axis.after) < axis.size]
    picture = np.zeros((*shape, 1), np.float32)
    # The other axis takes a rule of its own, as far from the first one's as can be.
    for number, (axis, average, ceil_mode, counts) in enumerate(
            itertools.product(axes, (False, True), (False, True), (False, True))):
        if counts and not average or average and axis.dilation != 1:
            continue
        other = [candidate for candidate in axes if not average or candidate.dilation == 1]
        pool = Pool(average, axis, other[number * 7 % len(other)], ceil_mode, counts)
        if pool.compute(picture) is not None:
            yield pool


def check(arguments):
    for shape in PICTURES:
        pools = list(sweep(shape))
        picture = np.random.default_rng(1).standard_normal((*shape, CHANNELS)).astype(np.float32) - 2  # mostly negative
        if failure := onnx_sweep.judge(pools, picture, BOUND, arguments):
            return failure
        print(f"{shape[0]}x{shape[1]}: {len(pools)} poolings agree", flush=True)
    return None


if __name__ == "__main__":
    onnx_sweep.main(__doc__, check)
