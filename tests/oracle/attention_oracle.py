#!/usr/bin/python3
"""Judges attention by heads in the ways in which exporters write it.

    attention_oracle.py --vpinfer build/release/vpinfer --ranks 1 3 8

Makes small graphs that attend to pixels of a picture, imports them, and compares the result with what NumPy makes of
the same weights by the paper's formula. Each must have become a layer that is divided, without islands. Prints a line
per graph; ends with 1 if one fails, with 2 if a program could not be run.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

from darknet_files import OracleError, launcher, run_quietly

ROWS, COLS, CHANNELS, HEADS, SIZE = 6, 5, 24, 3, 8
PIXELS = ROWS * COLS
BOUND = 1e-4


class Graph:
    """A graph that grows node by node."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.nodes, self.constants = [], []

    def constant(self, values):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def node(self, op, *inputs, count=1, **attributes):
        names = [f"{op.lower()}_{len(self.nodes)}_{i}" for i in range(count)]
        inputs = [x if isinstance(x, str) else self.constant(x) for x in inputs]
        self.nodes.append(helper.make_node(op, inputs, names, **attributes))
        return names[0] if count == 1 else names

    def weights(self, *shape):
        return self.random.normal(0, 1 / np.sqrt(shape[0]), shape).astype(np.float32)

    def conv(self, x, weights, **attributes):
        """1x1 by weights of [inputs][outputs], or as they are."""
        shaped = weights if weights.ndim == 4 else np.ascontiguousarray(weights.T[:, :, None, None])
        return self.node("Conv", x, shaped, **attributes)

    def save(self, path, output):
        graph = helper.make_graph(
            self.nodes, "attention", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, ROWS, COLS])],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)], self.constants)
        save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(path))


def ints(*values):
    return np.array(values, np.int64)


def attended(queries, keys, values, scale=SIZE ** -0.5):
    """softmax(scale q k^T) v of [pixels][heads][size] each, as [pixels][heads * size]."""
    scores = np.einsum("ihd,jhd->hij", queries, keys) * scale
    weights = np.exp(scores - scores.max(2, keepdims=True))
    weights /= weights.sum(2, keepdims=True)
    return np.einsum("hij,jhd->ihd", weights, values).reshape(len(queries), -1)


def by_heads(x):
    return x.reshape(len(x), HEADS, -1)


def vit(graph, pixels):
    """timm: one product for queries, keys and values, parted by their axis; scaled queries."""
    first, weights, last = graph.weights(3, CHANNELS), graph.weights(CHANNELS, 3 * CHANNELS), graph.weights(CHANNELS, CHANNELS)
    x = graph.node("Reshape", graph.conv("x", first), ints(1, CHANNELS, PIXELS))
    x = graph.node("MatMul", graph.node("Transpose", x, perm=[0, 2, 1]), weights)
    x = graph.node("Reshape", x, ints(1, PIXELS, 3, HEADS, SIZE))
    parts = graph.node("Split", graph.node("Transpose", x, perm=[2, 0, 3, 1, 4]), count=3, axis=0)
    q, k, v = (graph.node("Squeeze", part, ints(0)) for part in parts)
    q = graph.node("Mul", q, np.float32(SIZE ** -0.5))
    weight = graph.node("Softmax", graph.node("MatMul", q, graph.node("Transpose", k, perm=[0, 1, 3, 2])), axis=-1)
    y = graph.node("Transpose", graph.node("MatMul", weight, v), perm=[0, 2, 1, 3])
    y = graph.node("MatMul", graph.node("Reshape", y, ints(1, PIXELS, CHANNELS)), last)
    q, k, v = np.split(pixels @ first @ weights, 3, 1)
    return y, attended(by_heads(q), by_heads(k), by_heads(v)) @ last


def torch_multi_head(graph, pixels):
    """torch.nn.MultiheadAttention: [pixels, 1, channels], three products, heads in the batch's place."""
    first = graph.weights(3, CHANNELS)
    parts = [graph.weights(CHANNELS, CHANNELS) for _ in range(3)]
    x = graph.node("Reshape", graph.conv("x", first), ints(1, CHANNELS, PIXELS))
    x = graph.node("Transpose", x, perm=[2, 0, 1])
    moved = []
    for part in parts:
        y = graph.node("Reshape", graph.node("MatMul", x, part), ints(PIXELS, HEADS, SIZE))
        moved.append(graph.node("Transpose", y, perm=[1, 0, 2]))
    scores = graph.node("MatMul", moved[0], graph.node("Transpose", moved[1], perm=[0, 2, 1]))
    weight = graph.node("Softmax", graph.node("Div", scores, np.float32(SIZE ** 0.5)), axis=2)
    y = graph.node("Transpose", graph.node("MatMul", weight, moved[2]), perm=[1, 0, 2])
    y = graph.node("Reshape", y, ints(PIXELS, 1, CHANNELS))
    return graph.node("Transpose", y, perm=[1, 0, 2]), attended(*(by_heads(pixels @ first @ part) for part in parts))


def scaled_dot_product(graph, pixels):
    """torch's scaled_dot_product_attention: half of the scale on either side."""
    first = graph.weights(3, CHANNELS)
    parts = [graph.weights(CHANNELS, CHANNELS) for _ in range(3)]
    x = graph.node("Transpose", graph.node("Reshape", graph.conv("x", first), ints(1, CHANNELS, -1)), perm=[0, 2, 1])
    q, k, v = (graph.node("Reshape", graph.node("MatMul", x, part), ints(0, 0, HEADS, SIZE)) for part in parts)
    q = graph.node("Mul", graph.node("Transpose", q, perm=[0, 2, 1, 3]), np.float32(SIZE ** -0.25))
    k = graph.node("Mul", graph.node("Transpose", k, perm=[0, 2, 3, 1]), np.float32(SIZE ** -0.25))
    weight = graph.node("Softmax", graph.node("MatMul", q, k), axis=-1)
    y = graph.node("MatMul", weight, graph.node("Transpose", v, perm=[0, 2, 1, 3]))
    y = graph.node("Reshape", graph.node("Transpose", y, perm=[0, 2, 1, 3]), ints(0, 0, CHANNELS))
    return y, attended(*(by_heads(pixels @ first @ part) for part in parts))


def yolo11(graph, pixels):
    """C2PSA: heads of a picture with short queries and keys, values turned, and read as a picture beside it."""
    short = SIZE // 2
    first, weights = graph.weights(3, CHANNELS), graph.weights(CHANNELS, HEADS * (2 * short + SIZE))
    x = graph.conv(graph.conv("x", first), weights)
    x = graph.node("Reshape", x, ints(1, HEADS, 2 * short + SIZE, PIXELS))
    q, k, v = graph.node("Split", x, ints(short, short, SIZE), count=3, axis=2)
    scores = graph.node("MatMul", graph.node("Transpose", q, perm=[0, 1, 3, 2]), k)
    weight = graph.node("Softmax", graph.node("Mul", scores, np.float32(short ** -0.5)), axis=-1)
    y = graph.node("MatMul", v, graph.node("Transpose", weight, perm=[0, 1, 3, 2]))
    y = graph.node("Reshape", y, ints(1, CHANNELS, ROWS, COLS))
    y = graph.node("Add", y, graph.node("Reshape", v, ints(1, CHANNELS, ROWS, COLS)))
    y = graph.node("Transpose", y, perm=[0, 2, 3, 1])
    q, k, v = np.split(by_heads(pixels @ first @ weights), [short, 2 * short], 2)
    return y, attended(q, k, v, short ** -0.5) + v.reshape(PIXELS, -1)


def of_fewer_keys(graph, pixels):
    """SegFormer: keys and values of a smaller picture."""
    first, q_weights, kv_weights = graph.weights(3, CHANNELS), graph.weights(CHANNELS, CHANNELS), graph.weights(CHANNELS, 2 * CHANNELS)
    picture = graph.conv("x", first)
    small = graph.node("AveragePool", picture, kernel_shape=[2, 5], strides=[2, 5])
    def sequence(x, length):
        return graph.node("Transpose", graph.node("Reshape", x, ints(1, CHANNELS, length)), perm=[0, 2, 1])
    q = graph.node("MatMul", sequence(picture, PIXELS), q_weights)
    q = graph.node("Transpose", graph.node("Reshape", q, ints(1, PIXELS, HEADS, SIZE)), perm=[0, 2, 1, 3])
    kv = graph.node("Reshape", graph.node("MatMul", sequence(small, 3), kv_weights), ints(1, 3, 2, HEADS, SIZE))
    kv = graph.node("Transpose", kv, perm=[2, 0, 3, 1, 4])
    k, v = (graph.node("Gather", kv, np.int64(i), axis=0) for i in range(2))
    scores = graph.node("MatMul", q, graph.node("Transpose", k, perm=[0, 1, 3, 2]))
    weight = graph.node("Softmax", graph.node("Mul", scores, np.float32(SIZE ** -0.5)), axis=3)
    y = graph.node("Transpose", graph.node("MatMul", weight, v), perm=[0, 2, 1, 3])
    y = graph.node("Reshape", y, ints(1, PIXELS, CHANNELS))
    features = pixels @ first
    k, v = np.split(features.reshape(3, 10, CHANNELS).mean(1) @ kv_weights, 2, 1)
    return y, attended(by_heads(features @ q_weights), by_heads(k), by_heads(v))


def learnt_queries(graph, pixels):
    """DETR's decoder: constants attend to the pixels."""
    first, weights = graph.weights(3, CHANNELS), graph.weights(CHANNELS, 2 * CHANNELS)
    learnt = graph.random.normal(0, 1, (HEADS, 7, SIZE)).astype(np.float32)
    x = graph.node("Reshape", graph.conv("x", first), ints(1, CHANNELS, PIXELS))
    x = graph.node("MatMul", graph.node("Transpose", x, perm=[2, 0, 1]), weights)
    k, v = graph.node("Split", x, count=2, axis=2)
    k = graph.node("Transpose", graph.node("Reshape", k, ints(PIXELS, HEADS, SIZE)), perm=[1, 2, 0])
    v = graph.node("Transpose", graph.node("Reshape", v, ints(PIXELS, HEADS, SIZE)), perm=[1, 0, 2])
    scores = graph.node("MatMul", learnt, k)
    weight = graph.node("Softmax", graph.node("Mul", scores, np.float32(SIZE ** -0.5)), axis=-1)
    y = graph.node("Transpose", graph.node("MatMul", weight, v), perm=[1, 0, 2])
    y = graph.node("Transpose", graph.node("Reshape", y, ints(7, 1, CHANNELS)), perm=[1, 0, 2])
    k, v = np.split(pixels @ first @ weights, 2, 1)
    return y, attended(learnt.transpose(1, 0, 2), by_heads(k), by_heads(v))


KINDS = (vit, torch_multi_head, scaled_dot_product, yolo11, of_fewer_keys, learnt_queries)


def judge(vpinfer, kind, ranks, folder):
    graph = Graph(7)
    picture = graph.random.uniform(-1, 1, (ROWS, COLS, 3)).astype(np.float32)
    output, expected = kind(graph, picture.reshape(PIXELS, 3))
    graph.save(folder / "net.onnx", output)
    run_quietly([vpinfer, "import", folder / "net.onnx", "-o", folder / "net.h5"])
    layers = run_quietly([vpinfer, "info", folder / "net.h5"])
    with h5py.File(folder / "in.h5", "w") as file:
        file["input"] = picture
    run_quietly([*launcher(ranks), vpinfer, "--model", folder / "net.h5", "--input", folder / "in.h5", "--dump-output",
                 folder / "out.h5"])
    with h5py.File(folder / "out.h5") as file:
        found = np.asarray(next(iter(file["output"].values())))
    difference = np.abs(found.reshape(-1) - expected.reshape(-1)).max() / np.abs(expected).max()
    divided = " attention " in layers and " island " not in layers
    return difference, divided


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vpinfer", required=True, type=Path)
    parser.add_argument("--ranks", type=int, nargs="+", default=[3])
    options = parser.parse_args()
    failed = 0
    for kind in KINDS:
        for ranks in options.ranks:
            with tempfile.TemporaryDirectory() as path:
                difference, divided = judge(options.vpinfer, kind, ranks, Path(path))
            passed = difference <= BOUND and divided
            print(f"{kind.__name__} on {ranks} ranks: {'ok' if passed else 'FAILED'}, difference {difference:.1e}"
                  f"{'' if divided else ', not divided'}")
            failed += not passed
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except OracleError as e:
        print(e, file=sys.stderr)
        sys.exit(2)
