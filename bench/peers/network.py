"""A network as vpinfer's model file describes it, for other engines to build.

`walk` goes through the layers and has a back end make each: PyTorch computes it, ONNX writes a node.  Heads (region,
softmax and the like) are left out; what feeds them is an output.
"""
import json
from dataclasses import dataclass, field

import h5py
import numpy as np

HEADS = ("region", "detection", "nanodet", "softmax")
INPUT = 0  # the position of the picture; that of layer n is n + 1


@dataclass(frozen=True)
class Shape:
    channels: int
    rows: int
    cols: int


@dataclass(frozen=True)
class Window:
    size: int
    stride: int
    before: int
    after: int
    dilation: int

    def outputs(self, extent):
        reach = self.dilation * (self.size - 1) + 1
        return (extent + self.before + self.after - reach) // self.stride + 1

    def trimmed(self, extent):
        """Without padding that no window reaches, which some engines would have to add to the picture."""
        reach = self.dilation * (self.size - 1) + 1
        needed = (self.outputs(extent) - 1) * self.stride + reach - self.before - extent
        return Window(self.size, self.stride, self.before, max(0, needed), self.dilation)


@dataclass(frozen=True)
class Layer:
    number: int
    kind: str
    inputs: list
    options: dict = field(repr=False)
    shapes: list  # of the inputs
    output: Shape

    def __getattr__(self, name):
        try:
            return self.options[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def input(self):
        return self.shapes[0]

    @property
    def windows(self):
        """Of rows, of columns."""
        return (Window(*self.rows).trimmed(self.input.rows), Window(*self.cols).trimmed(self.input.cols))

    @property
    def subsampling(self):
        """Of a shortcut: every so many rows and cols of the second input are added to the first; 0 if it is smaller."""
        first, second = self.shapes
        return second.rows // first.rows if second.rows * first.cols == second.cols * first.rows else 0

    @property
    def missing_channels(self):
        """Of a shortcut: how many channels more the first input has than the second."""
        return self.shapes[0].channels - self.shapes[1].channels


def output_shape(kind, options, inputs):
    first = inputs[0]
    if kind in ("convolution", "maxpool", "avgpool"):
        rows, cols = (Window(*options[axis]).outputs(extent)
                      for axis, extent in (("rows", first.rows), ("cols", first.cols)))
        return Shape(options.get("filters", first.channels), rows, cols)
    if kind == "resize":
        return Shape(first.channels, options["rows"][0], options["cols"][0])
    if kind == "route":
        return Shape(sum(shape.channels for shape in inputs), first.rows, first.cols)
    if kind == "reorg":
        s = options["stride"]
        return Shape(first.channels * s * s, first.rows // s, first.cols // s)
    return first


def check(layer):
    """Refuses what the back ends would compute otherwise than vpinfer."""
    options = layer.options
    understood = {
        "convolution": lambda: True,
        "maxpool": lambda: True,
        "avgpool": lambda: all(w.before == w.after == 0 for w in layer.windows),
        "route": lambda: options["axis"] == "channels",
        "shortcut": lambda: options["alpha"] == options["beta"] == 1 and layer.subsampling > 0,
        "elementwise": lambda: len(set(layer.shapes)) == 1 and options["function"] == "add",
        "reorg": lambda: not options["reverse"],
        "resize": lambda: options["gain"] == 1 and not options["fills_outside"] and is_plain(layer),
    }
    if not understood.get(layer.kind, lambda: False)():
        raise SystemExit(f"layer {layer.number}, {layer.kind}: the other engines' back ends do not have it")


def is_plain(resize):
    """Whether it is linear between pixels' centres or repeats pixels, over the whole picture."""
    offsets = {"linear": [0.5, 0.5], "nearest-floor": [0, 0]}.get(resize.interpolation)
    return all(axis[0] == extent * axis[1] and axis[2:] == offsets
               for axis, extent in ((resize.rows, resize.input.rows), (resize.cols, resize.input.cols)))


class Network:
    """Members: `input`, `layers` (those that outputs need no head for), `outputs` (numbers of layers)."""

    def __init__(self, model):
        self.model = model
        with h5py.File(model) as file:
            description = json.loads(file["network"][()])
        rows, cols, channels = description["input"]
        self.input = Shape(channels, rows, cols)
        shapes = [self.input]
        self.layers, feeding = [], []
        for number, options in enumerate(description["layers"]):
            kind, inputs = options["type"], options["inputs"]
            their_shapes = [shapes[i] for i in inputs]
            shapes.append(output_shape(kind, options, their_shapes))
            layer = Layer(number, kind, inputs, options, their_shapes, shapes[-1])
            if kind in HEADS:
                feeding.append(inputs[0] - 1)
                continue
            check(layer)
            self.layers.append(layer)
        self.outputs = feeding or [o["layer"] - 1 for o in description["outputs"]] or [self.layers[-1].number]

    def shape(self, number):
        return next(layer.output for layer in self.layers if layer.number == number)

    def convolutions(self):
        return [layer for layer in self.layers if layer.kind == "convolution"]

    def weights(self, layer):
        """Of one convolution: [filters][channels][rows][cols], and biases."""
        with h5py.File(self.model) as file:
            group = file[f"layers/{layer.number}"]
            weights = group["weights"][()].astype(np.float32).transpose(0, 3, 1, 2)
            return np.ascontiguousarray(weights), group["biases"][()]

    def walk(self, backend, picture):
        """The outputs, as backend.convolution(layer, x), backend.route(layer, x, y) and so on make them."""
        last_reader = {i: layer.number for layer in self.layers for i in layer.inputs}
        kept = {number + 1 for number in self.outputs}
        values = {INPUT: picture}
        for layer in self.layers:
            make = getattr(backend, layer.kind)
            values[layer.number + 1] = make(layer, *(values[i] for i in layer.inputs))
            for i in set(layer.inputs):
                if last_reader[i] == layer.number and i not in kept:
                    del values[i]
        return tuple(values[number + 1] for number in self.outputs)
