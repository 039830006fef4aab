#!/usr/bin/python3
"""Writes an ONNX network of the kinds that people have, with seeded weights, for onnx_network_oracle.py.

    make_onnx_network.py resnet resnet.onnx

Exported as PyTorch does it: batch normalisation as nodes of its own, flattening by Shape, Gather, Concat and Reshape.
Needs Debian's python3-onnx.
"""

import argparse
import sys

import numpy as np
import onnx
import onnx.shape_inference
from onnx import TensorProto, helper, numpy_helper

OPSET = 13


class Builder:
    """A graph that grows node by node; every method returns the name of the value it makes."""

    def __init__(self, rows, columns, seed):
        self.random = np.random.default_rng(seed)
        self.nodes = []
        self.initializers = []
        self.channels = {"picture": 3}
        self.input = helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, rows, columns])

    def constant(self, array):
        name = f"constant{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def weights(self, *shape):
        """He's initialisation: activations keep their size."""
        fan_in = np.prod(shape[1:])
        return self.constant((self.random.standard_normal(shape) * np.sqrt(2 / fan_in)).astype(np.float32))

    def around(self, centre, *shape):
        return self.constant(self.random.uniform(centre - 0.2, centre + 0.2, shape).astype(np.float32))

    def node(self, op, inputs, channels=None, **attributes):
        name = f"{op.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [name], **attributes))
        self.channels[name] = self.channels.get(inputs[0], 0) if channels is None else channels
        return name

    def convolution(self, x, filters, size=3, stride=1, groups=1, normalised=True):
        weights = self.weights(filters, self.channels[x] // groups, size, size)
        pads = [size // 2] * 4
        x = self.node("Conv", [x, weights] + ([] if normalised else [self.around(0, filters)]), filters,
                      strides=[stride] * 2, pads=pads, group=groups, kernel_shape=[size] * 2)
        if not normalised:
            return x
        statistics = [self.around(1, filters), self.around(0, filters), self.around(0, filters), self.around(1, filters)]
        return self.node("BatchNormalization", [x, *statistics])

    def halves(self, x):
        """The channels of x in two."""
        names = [f"half{len(self.nodes)}", f"half{len(self.nodes)}b"]
        self.nodes.append(helper.make_node("Split", [x], names, axis=1))
        self.channels |= dict.fromkeys(names, self.channels[x] // 2)
        return names

    def flattened(self, x):
        """x.view(x.size(0), -1)"""
        shape = self.node("Shape", [x], 0)
        batch = self.node("Gather", [shape, self.constant(np.int64(0))], 0, axis=0)
        batch = self.node("Unsqueeze", [batch, self.constant(np.array([0], np.int64))], 0)
        shape = self.node("Concat", [batch, self.constant(np.array([-1], np.int64))], 0, axis=0)
        return self.node("Reshape", [x, shape], self.channels[x])

    def fully_connected(self, x, inputs, outputs):
        return self.node("Gemm", [x, self.weights(outputs, inputs), self.around(0, outputs)], outputs, transB=1)

    def model(self, *outputs, shape=None):
        """`shape` of the outputs, where ONNX cannot infer it."""
        values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in outputs]
        graph = helper.make_graph(self.nodes, "made", [self.input], values, self.initializers)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="vpinfer's tests",
                                 ir_version=7)


def resnet(seed):
    """Residual blocks, some with a projection; a fully connected classifier on the pooled map."""
    b = Builder(64, 80, seed)
    x = b.node("Relu", [b.convolution("picture", 16, 7, 2)])
    x = b.node("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    for filters, stride in ((16, 1), (32, 2), (32, 1), (64, 2)):
        y = b.node("Relu", [b.convolution(x, filters, 3, stride)])
        y = b.convolution(y, filters)
        if stride == 2:
            x = b.convolution(x, filters, 1, 2)
        x = b.node("Relu", [b.node("Add", [y, x])])
    x = b.node("GlobalAveragePool", [x])
    return b.model(b.node("Softmax", [b.fully_connected(b.flattened(x), 64, 10)], axis=1), shape=[1, 10])


def mobilenet(seed):
    """Inverted residuals with depthwise convolutions, squeeze and excite, hard swish; a 1x1 classifier."""
    b = Builder(72, 56, seed)
    x = b.node("Relu", [b.convolution("picture", 16, 3, 2)])
    for filters, expanded, size, stride in ((16, 32, 3, 2), (24, 48, 3, 1), (24, 64, 5, 2), (24, 64, 5, 1)):
        y = b.convolution(x, expanded, 1)
        y = b.node("Mul", [y, b.node("HardSigmoid", [y], alpha=1 / 6, beta=0.5)])
        y = b.convolution(y, expanded, size, stride, groups=expanded)
        gate = b.node("ReduceMean", [y], axes=[2, 3], keepdims=1)
        gate = b.node("Relu", [b.convolution(gate, expanded // 4, 1, normalised=False)])
        gate = b.node("Sigmoid", [b.convolution(gate, expanded, 1, normalised=False)])
        y = b.convolution(b.node("Mul", [y, gate]), filters, 1)
        x = b.node("Add", [x, y]) if stride == 1 and b.channels[x] == filters else y
    x = b.node("GlobalAveragePool", [x])
    return b.model(b.convolution(x, 10, 1, normalised=False))


def pyramid(seed):
    """Swish, spatial pyramid pooling, and a pyramid of three scales that is read at all three."""
    b = Builder(64, 96, seed)

    def swish(x):
        return b.node("Mul", [x, b.node("Sigmoid", [x])])

    def resized(x, factor):
        scales = b.constant(np.array([1, 1, factor, factor], np.float32))
        return b.node("Resize", [x, "", scales], mode="nearest", coordinate_transformation_mode="asymmetric",
                      nearest_mode="floor")

    maps = []
    x = swish(b.convolution("picture", 8))
    for filters in (16, 24, 32):
        x = swish(b.convolution(x, filters, 3, 2))
        left, right = b.halves(x)
        x = b.node("Concat", [swish(b.convolution(left, filters // 2)), right], filters, axis=1)
        maps.append(x)
    pooled = [x] + [b.node("MaxPool", [x], kernel_shape=[k, k], pads=[k // 2] * 4) for k in (3, 5)]
    x = swish(b.convolution(b.node("Concat", pooled, 96, axis=1), 24, 1))
    outputs = [b.convolution(x, 18, 1, normalised=False)]
    for skip in reversed(maps[:-1]):
        skip = b.convolution(skip, 24, 1)
        x = b.node("LeakyRelu", [b.node("Add", [resized(x, 2), skip])], alpha=0.1)
        outputs.append(b.convolution(x, 18, 1, normalised=False))
    return b.model(*outputs)


def segmenter(seed):
    """An encoder and a decoder of transposed convolutions, joined by concatenation; dilations and PRelu."""
    b = Builder(48, 64, seed)
    first = b.node("PRelu", [b.convolution("picture", 12), b.around(0.2, 12, 1, 1)])
    x = b.node("AveragePool", [first], kernel_shape=[2, 2], strides=[2, 2])
    x = b.node("Elu", [b.convolution(x, 24)], alpha=0.7)
    x = b.node("Conv", [x, b.weights(24, 24, 3, 3)], 24, dilations=[2, 2], pads=[2] * 4, kernel_shape=[3, 3])
    x = b.node("ConvTranspose", [b.node("Relu", [x]), b.weights(24, 12, 4, 4), b.around(0, 12)], 12, strides=[2, 2],
               pads=[1] * 4, kernel_shape=[4, 4])
    x = b.node("Concat", [first, x], 24, axis=1)
    return b.model(b.convolution(x, 5, 3, normalised=False))


KINDS = {"resnet": resnet, "mobilenet": mobilenet, "pyramid": pyramid, "segmenter": segmenter}


def make_network(kind, seed):
    """A ModelProto with the shapes of its values."""
    return onnx.shape_inference.infer_shapes(KINDS[kind](seed))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("file", help="to write")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    onnx.save(make_network(arguments.kind, arguments.seed), arguments.file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
