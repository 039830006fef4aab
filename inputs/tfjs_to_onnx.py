"""What the scripts that make ONNX files share: reading a TensorFlow.js model's weights, and writing an ONNX graph.

Needs Debian's python3-onnx and python3-numpy.
"""
import hashlib
import json

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 13  # of the operators, and enough for Debian's OpenCV and any later runtime
IR_VERSION = 7  # the file format of that time


def read_tensors(model_path, sha256):
    """All tensors by name, float32 or int32, of a graph model with its weights manifest and the files that it names.

    Values stored as float16 are widened. `sha256` is that of the data.
    """
    groups = json.loads(model_path.read_text())["weightsManifest"]
    data = b"".join((model_path.parent / path).read_bytes() for group in groups for path in group["paths"])
    if hashlib.sha256(data).hexdigest() != sha256:
        raise SystemExit(f"{model_path}: its weights are not those that this script was written for")
    tensors = {}
    offset = 0
    for entry in (entry for group in groups for entry in group["weights"]):
        stored = np.dtype(entry.get("quantization", entry)["dtype"]).newbyteorder("<")
        if stored.kind == "u":
            raise SystemExit(f"{entry['name']}: 8-bit codes, expected numbers")
        count = int(np.prod(entry["shape"]))
        values = np.frombuffer(data, stored, count, offset).reshape(entry["shape"])
        tensors[entry["name"]] = values.astype(entry["dtype"])
        offset += count * stored.itemsize
    if offset != len(data):
        raise SystemExit(f"{model_path}: {len(data)} bytes of weights, the manifest describes {offset}")
    return tensors


class OnnxGraph:
    """An ONNX graph in the making. A value is known by its name; a node has the name of the one value that it makes."""

    def __init__(self, name, input_shape):
        """`input_shape`: (batch, channels, rows, columns) of the one graph input, whose name is `input`."""
        self.name = name
        self.inputs = [helper.make_tensor_value_info("input", TensorProto.FLOAT, input_shape)]
        self.nodes = []
        self.constants = []

    def constant(self, name, values):
        """Stores a float32 tensor and returns its name."""
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values, np.float32), name))
        return name

    def add(self, operator, inputs, name, **attributes):
        """Adds a node and returns the name of its value."""
        self.nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def convolution(self, value, name, weights, biases, stride=1, depthwise=False, **padding):
        """`weights`: TensorFlow's, [row][column][input][output] or, depthwise, [row][column][channel][1].

        `padding`: ONNX's attributes for it.
        """
        order = (2, 3, 0, 1) if depthwise else (3, 2, 0, 1)
        inputs = [value, self.constant(f"{name}.weight", weights.transpose(order)), self.constant(f"{name}.bias", biases)]
        return self.add("Conv", inputs, name, kernel_shape=weights.shape[:2], strides=[stride, stride], dilations=[1, 1],
                        group=weights.shape[2] if depthwise else 1, **padding)

    def write(self, path, output_shapes):
        """Checks the graph and writes it. `output_shapes`: the shape that each graph output, by name, must turn out to have."""
        outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in output_shapes.items()]
        graph = helper.make_graph(self.nodes, self.name, self.inputs, outputs, self.constants)
        model = helper.make_model(graph, producer_name="vpinfer", ir_version=IR_VERSION,
                                  opset_imports=[helper.make_opsetid("", OPSET)])
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, path)
