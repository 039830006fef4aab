#!/usr/bin/python3
"""Compares vpinfer's poolings with their definition in numpy over a sweep of window, stride, padding, dilation,
ceil_mode and count_include_pad, and, where onnxruntime-node is found, with ONNX Runtime without optimisation.

    windows_oracle.py --vpinfer build/release/vpinfer [--ranks 3] [--node-modules DIR]

One network holds all poolings that fit one picture: each is an output of its own. Ends with 1 if one differs.
"""

import argparse
import itertools
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from darknet_files import OracleError
from onnx_network_oracle import Network, OnnxRuntime, Vpinfer

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


def make_network(shape, pools, path):
    names = [f"y{i}" for i in range(len(pools))]
    graph = helper.make_graph([pool.node(name) for pool, name in zip(pools, names)], "poolings",
                              [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, CHANNELS, *shape])],
                              [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.save(model, path)
    return names


def first_difference(actual, expected, pools, judge):
    for (name, wanted), pool in zip(expected.items(), pools):
        found = actual[name]
        if found.shape != wanted.shape:
            return f"{judge}: {pool}: {found.shape}, expected {wanted.shape}"
        if not np.allclose(found, wanted, BOUND, BOUND):
            return f"{judge}: {pool}: differs by {np.abs(found - wanted).max()}"
    return None


def check(shape, arguments, directory):
    """Prints how many poolings agree; returns the first that does not."""
    pools = list(sweep(shape))
    path = directory / "poolings.onnx"
    names = make_network(shape, pools, path)
    picture = np.random.default_rng(1).standard_normal((*shape, CHANNELS)).astype(np.float32) - 2  # mostly negative
    expected = {name: pool.compute(picture) for name, pool in zip(names, pools)}
    network = Network(path)
    vpinfer = Vpinfer(arguments.vpinfer, network, picture, directory)
    for ranks in [None, *arguments.ranks]:
        actual = vpinfer.run(ranks, ranks and "data")
        if failure := first_difference(actual, expected, pools, f"numpy, {ranks or 1} ranks"):
            return failure
    if arguments.node_modules:
        runtime = OnnxRuntime(network, arguments.node_modules).run(picture, directory)
        if failure := first_difference(actual, runtime, pools, "ONNX Runtime"):
            return failure
    print(f"{shape[0]}x{shape[1]}: {len(pools)} poolings agree", flush=True)
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vpinfer", type=Path, required=True, help="the program to judge")
    parser.add_argument("--ranks", type=int, nargs="+", default=[], metavar="N", help="also run on so many MPI ranks")
    parser.add_argument("--node-modules", type=Path, metavar="DIR", help="where onnxruntime-node is")
    arguments = parser.parse_args()
    for shape in PICTURES:
        with tempfile.TemporaryDirectory() as name:
            if failure := check(shape, arguments, Path(name)):
                print(failure)
                return 1
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OracleError, subprocess.SubprocessError) as error:
        print(f"windows_oracle: {error}", file=sys.stderr)
        sys.exit(2)
