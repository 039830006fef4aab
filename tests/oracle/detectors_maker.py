"""Small graphs of random weights, built node by node, for detectors_oracle.py."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

ROWS, COLS = 128, 160
STRIDES = (8, 16, 32)
CLASSES = 6


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


class Maker:
    """A graph that grows node by node."""

    def __init__(self, seed, rows=ROWS, cols=COLS):
        self.rows, self.cols = rows, cols
        self.random = np.random.default_rng(seed)
        self.nodes, self.constants, self.outputs = [], [], []

    def constant(self, values):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def node(self, op, *inputs, count=1, called=None, **attributes):
        names = [called] if called else [f"{op.lower()}_{len(self.nodes)}_{i}" for i in range(count)]
        inputs = [x if isinstance(x, str) else self.constant(x) for x in inputs]
        self.nodes.append(helper.make_node(op, inputs, names, **attributes))
        return names[0] if count == 1 else names

    def conv(self, x, channels, filters, kernel=1, stride=1, bias=0.0):
        shape = (filters, channels, kernel, kernel)
        weights = self.random.normal(0, 1.6 / np.sqrt(channels * kernel * kernel), shape).astype(np.float32)
        biases = np.broadcast_to(np.float32(bias), (filters,)).copy()
        return self.node("Conv", x, weights, biases, kernel_shape=[kernel, kernel], strides=[stride, stride])

    def levels(self, attends=False):
        """Features of strides 8, 16 and 32, of 16 channels; the last perhaps after attention among its cells."""
        x = self.node("Tanh", self.conv("images", 3, 16, 8, 8))
        y = self.node("Tanh", self.conv(x, 16, 16, 2, 2))
        z = self.node("Tanh", self.conv(y, 16, 16, 2, 2))
        return [x, y, self.attention(z, self.rows // 32, self.cols // 32) if attends else z]

    def attention(self, x, rows, cols):
        """YOLO11's: queries, keys and values by convolutions, [1, channels, cells]."""
        flat = [self.node("Reshape", self.conv(x, 16, 16), ints(1, 16, rows * cols)) for _ in range(3)]
        queries, keys, values = flat
        shares = self.node("Softmax", self.node("MatMul", self.node("Transpose", queries, perm=[0, 2, 1]), keys), axis=-1)
        gathered = self.node("MatMul", values, self.node("Transpose", shares, perm=[0, 2, 1]))
        return self.node("Add", x, self.node("Reshape", gathered, ints(1, 16, rows, cols)))

    def output(self, name):
        self.outputs.append(name)
        return name

    def save(self, path):
        graph = helper.make_graph(
            self.nodes, "g", [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, self.rows, self.cols])],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in self.outputs], self.constants)
        save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)]), path)


def ints(*values):
    return np.array(values, np.int64)


def cells(stride):
    """x and y of all cells, row by row."""
    x, y = np.meshgrid(np.arange(COLS // stride), np.arange(ROWS // stride))
    return np.stack([x.ravel(), y.ravel()], 1).astype(np.float32)
