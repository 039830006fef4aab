#!/usr/bin/python3
"""Writes a model of vpinfer's, without its heads, as an ONNX network:

    to_onnx.py MODEL.h5 NET.onnx

Needs Debian's python3-onnx and python3-h5py.  The graph input is `picture`, its outputs are `output<layer>`.
"""
import argparse

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from network import Network

OPSET = 13
END = np.iinfo(np.int32).max  # of an axis


def pads(windows):
    return [w.before for w in windows] + [w.after for w in windows]


def tensor(name, shape):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, shape.channels, shape.rows, shape.cols])


class OnnxGraph:
    """A back end whose values are names."""

    def __init__(self, network):
        self.network = network
        self.nodes = []
        self.initializers = []

    def node(self, operator, inputs, **attributes):
        name = f"{operator.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

    def constant(self, array):
        name = f"constant{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(array, name))
        return name

    def activated(self, layer, x):
        function, alpha, _ = layer.activation
        if function == "linear":
            return x
        return self.node("Relu", [x]) if function == "relu" else self.node("LeakyRelu", [x], alpha=alpha)

    def windowed(self, operator, layer, inputs, **attributes):
        windows = layer.windows
        return self.node(operator, inputs, kernel_shape=[w.size for w in windows], strides=[w.stride for w in windows],
                         pads=pads(windows), **attributes)

    def convolution(self, layer, x):
        constants = [self.constant(array) for array in self.network.weights(layer)]
        x = self.windowed("Conv", layer, [x, *constants], group=layer.groups,
                          dilations=[w.dilation for w in layer.windows])
        return self.activated(layer, x)

    def maxpool(self, layer, x):
        return self.windowed("MaxPool", layer, [x])

    def avgpool(self, layer, x):
        return self.windowed("AveragePool", layer, [x])

    def elementwise(self, layer, x, y):
        return self.activated(layer, self.node("Add", [x, y]))

    def shortcut(self, layer, x, y):
        step, missing = layer.subsampling, layer.missing_channels
        if step > 1 or missing < 0:
            first, last, axes, steps = [0, 0, 0], [layer.input.channels, END, END], [1, 2, 3], [1, step, step]
            y = self.node("Slice", [y, *(self.constant(np.array(v)) for v in (first, last, axes, steps))])
        if missing > 0:
            y = self.node("Pad", [y, self.constant(np.array([0, 0, 0, 0, 0, missing, 0, 0]))])
        return self.elementwise(layer, x, y)

    def route(self, _, *inputs):
        return inputs[0] if len(inputs) == 1 else self.node("Concat", inputs, axis=1)

    def reorg(self, layer, x):
        s, shape = layer.stride, layer.input
        large = np.array([shape.channels // (s * s), shape.rows, s, shape.cols, s])
        x = self.node("Reshape", [x, self.constant(large)])
        x = self.node("Transpose", [x], perm=[2, 4, 0, 1, 3])
        output = layer.output
        return self.node("Reshape", [x, self.constant(np.array([1, output.channels, output.rows, output.cols]))])

    def resize(self, layer, x):
        scales = self.constant(np.array([1, 1, layer.rows[1], layer.cols[1]], np.float32))
        how = {"linear": {"mode": "linear", "coordinate_transformation_mode": "half_pixel"},
               "nearest-floor": {"mode": "nearest", "coordinate_transformation_mode": "asymmetric",
                                 "nearest_mode": "floor"}}
        return self.node("Resize", [x, "", scales], **how[layer.interpolation])


def renamed(nodes, names):
    """The nodes with other names of values.  An Identity per output would do, but OpenCV 4.6 fails at it."""
    for node in nodes:
        for values in (node.input, node.output):
            values[:] = [names.get(value, value) for value in values]
    return nodes


def write_onnx(network, path):
    graph = OnnxGraph(network)
    made = network.walk(graph, "picture")
    nodes = renamed(graph.nodes, {name: f"output{number}" for name, number in zip(made, network.outputs)})
    outputs = [tensor(f"output{number}", network.shape(number)) for number in network.outputs]
    graph = helper.make_graph(nodes, "network", [tensor("picture", network.input)], outputs, graph.initializers)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=7), str(path))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="to read (.h5)")
    parser.add_argument("file", help="to write (.onnx)")
    options = parser.parse_args()
    write_onnx(Network(options.model), options.file)


if __name__ == "__main__":
    main()
