"""What the layers of Darknet's forks compute, in numpy, by the formulas of their sources.

A layer's output is an array [rows][columns][channels]. The forks are AlexeyAB's and those that come from it: their src/
parser.c says which keys there are, and the file named behind a formula what they do.
"""

import re
from dataclasses import dataclass, field

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


ACTIVATIONS = {  # src/activations.h
    "linear": lambda x: x,
    "logistic": sigmoid,
    "relu": lambda x: np.maximum(x, 0),
    "leaky": lambda x: np.where(x > 0, x, 0.1 * x),
    "revleaky": lambda x: np.where(x > 0, x, 0.1 * x),
    "relu6": lambda x: np.clip(x, 0, 6),
    "swish": lambda x: x * sigmoid(x),
    "silu": lambda x: x * sigmoid(x),
    "mish": lambda x: x * np.tanh(np.log1p(np.exp(x))),
    "hard_mish": lambda x: np.where(x > 0, x, np.where(x > -2, x * x / 2 + x, 0)),
    "gelu": lambda x: 0.5 * x * (1 + np.tanh(0.797885 * x + 0.035677 * x**3)),
    "tanh": np.tanh,
}


def parse(text):
    """[(type, options)] of a cfg, the first one [net]."""
    sections = []
    for line in text.lstrip("\ufeff").splitlines():
        line = re.sub(r"[#;].*|\s", "", line)
        if line.startswith("["):
            sections.append((line[1:-1].lower(), {}))
        elif line:
            key, value = line.split("=", 1)
            sections[-1][1][key.lower()] = value
    return sections


class Weights:
    """Seeded numbers in the order of a .weights file, which they end up in."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.taken = []

    def take(self, low, high, *shape):
        values = self.random.uniform(low, high, shape).astype(np.float32)
        self.taken.append(values.ravel())
        return values.astype(np.float64)

    def write(self, path, revision=5):
        header = np.array([0, 2, revision, 0, 0], "<i4")
        path.write_bytes(header.tobytes() + np.concatenate([*self.taken, np.zeros(0, np.float32)]).tobytes())


def slide(x, size, strides, before, after, dilation=1, fill=0.0):
    """The windows of x: [rows][columns][size][size][channels]."""
    padded = np.pad(x, ((before, after), (before, after), (0, 0)), constant_values=fill)
    reach = dilation * (size - 1) + 1
    windows = np.lib.stride_tricks.sliding_window_view(padded, (reach, reach), (0, 1))
    return windows[::strides[0], ::strides[1], :, ::dilation, ::dilation].transpose(0, 1, 3, 4, 2)


def convolve(x, weights, strides, padding, groups=1, dilation=1):
    """weights [filters][channels / groups][size][size]."""
    windows = slide(x, weights.shape[2], strides, padding, padding, dilation)
    parts = zip(np.split(windows, groups, 4), np.split(weights, groups))
    return np.concatenate([np.einsum("rcklm,fmkl->rcf", part, filters) for part, filters in parts], 2)


def blur(x, kind, strides):
    """antialiasing in make_convolutional_layer, src/convolutional_layer.c."""
    taps = np.full((2, 2), 0.25) if kind == 2 else np.outer([1, 2, 1], [1, 2, 1]) / 16
    weights = np.broadcast_to(taps, (x.shape[2], 1, *taps.shape))
    return convolve(x, weights, strides, 0 if kind == 2 else 1, groups=x.shape[2])


def space_to_depth(x, stride):
    """reorg_cpu, src/blas.c, of [reorg3d]: channel k is channel k % channels of pixel k / channels of a block."""
    rows, columns, channels = x.shape
    blocks = x.reshape(rows // stride, stride, columns // stride, stride, channels)
    return blocks.transpose(0, 2, 1, 3, 4).reshape(rows // stride, columns // stride, stride * stride * channels)


@dataclass
class Forks:
    """Runs a cfg on a picture. `outputs` has what each section gives; `batch_norm_epsilon` is added to variances."""
    text: str
    picture: np.ndarray
    seed: int = 1
    batch_norm_epsilon: float = 1e-6  # OpenCV's; the forks' own is 1e-5
    outputs: list = field(default_factory=list)

    def __post_init__(self):
        self.weights = Weights(self.seed)
        self.kept = {}
        x = self.picture.astype(np.float64)
        for kind, options in parse(self.text)[1:]:
            self.options = options
            x = getattr(self, kind)(x)
            self.outputs.append(x)

    def integer(self, key, default=0):
        return int(self.options.get(key, default))

    def sources(self, key):
        return [self.outputs[int(number)] for number in self.options[key].split(",")]

    def strides(self):
        both = self.integer("stride", 1)
        return self.integer("stride_y", both), self.integer("stride_x", both)

    def activate(self, x, default="linear"):
        return ACTIVATIONS[self.options.get("activation", default).lower()](x)

    def normaliser(self, count):
        """Reads the rest of a batch normalisation's numbers: scale and shift of each channel."""
        scales, means = self.weights.take(0.8, 1.2, count), self.weights.take(-0.2, 0.2, count)
        variances = self.weights.take(0.5, 1.5, count)
        return scales / np.sqrt(variances + self.batch_norm_epsilon), means

    def convolutional(self, x):
        size, groups, filters = self.integer("size", 1), self.integer("groups", 1), self.integer("filters", 1)
        here = len(self.outputs)
        if "share_index" in self.options:
            number = self.integer("share_index")
            numbers = self.kept[number if number >= 0 else here + number]
        else:
            biases, norm = self.weights.take(-0.3, 0.3, filters), None
            if self.integer("batch_normalize") or self.integer("cbn"):
                norm = self.normaliser(filters)
            limit = np.sqrt(3 / (size * size * x.shape[2] / groups))
            numbers = biases, norm, self.weights.take(-limit, limit, filters, x.shape[2] // groups, size, size)
        self.kept[here] = numbers
        biases, norm, weights = numbers
        padding = size // 2 if self.integer("pad") else self.integer("padding")
        dilation = 1 if size == 1 else self.integer("dilation", 1)
        aliasing = self.integer("antialiasing")
        y = convolve(x, weights, (1, 1) if aliasing else self.strides(), padding * dilation, groups, dilation)
        if norm:
            y = (y - norm[1]) * norm[0]
        y = self.activate(y + biases, "logistic")
        return blur(y, aliasing, self.strides()) if aliasing else y

    def connected(self, x):
        count = self.integer("output", 1)
        biases = self.weights.take(-0.3, 0.3, count)
        flat = x.transpose(2, 0, 1).ravel()
        limit = np.sqrt(3 / flat.size)
        y = self.weights.take(-limit, limit, count, flat.size) @ flat
        if self.integer("batch_normalize"):
            scale, mean = self.normaliser(count)
            y = (y - mean) * scale
        return self.activate(y + biases, "logistic").reshape(1, 1, -1)

    def batchnorm(self, x):
        biases = self.weights.take(-0.3, 0.3, x.shape[2])
        scale, mean = self.normaliser(x.shape[2])
        return (x - mean) * scale + biases

    def activation(self, x):
        return self.activate(x)

    def implicit(self, _):
        """src/representation_layer.c"""
        filters, atoms = self.integer("filters", 128), self.integer("atoms", 1)
        return self.weights.take(0.5, 1.5, filters, atoms).T.reshape(atoms, 1, filters)

    implicit_add = implicit_mul = implicit

    def windows(self, x, fill):
        aliasing = self.integer("antialiasing")
        size = self.integer("size", self.integer("stride", 1))
        padding = self.integer("padding", size - 1)
        strides = (1, 1) if aliasing else self.strides()
        return slide(x, size, strides, padding // 2, padding - padding // 2, fill=fill)

    def maxpool(self, x):
        """forward_maxpool_layer, src/maxpool_layer.c"""
        if self.integer("maxpool_depth"):
            count = self.integer("out_channels", 1)
            return x.reshape(*x.shape[:2], -1, count).max(2)
        y = self.windows(x, -np.inf).max((2, 3))
        aliasing = self.integer("antialiasing")
        return blur(y, aliasing, self.strides()) if aliasing else y

    def local_avgpool(self, x):
        """forward_local_avgpool_layer, src/maxpool_layer.c: what lies outside does not count."""
        return np.nanmean(self.windows(x, np.nan), (2, 3))

    def avgpool(self, x):
        return x.mean((0, 1), keepdims=True)

    def route(self, _):
        groups, group = self.integer("groups", 1), self.integer("group_id")
        return np.concatenate([np.split(source, groups, 2)[group] for source in self.sources("layers")], 2)

    def shortcut(self, x):
        """shortcut_multilayer_cpu, src/blas.c"""
        inputs = [x, *self.sources("from")]
        kind = self.options.get("weights_type", "none")
        count = x.shape[2]
        weights = np.ones((len(inputs), count))
        if kind != "none":
            per_channel = kind == "per_channel"
            weights = self.weights.take(-0.5, 1.5, len(inputs), count if per_channel else 1) * weights
        norm = self.options.get("weights_normalization", "none")
        if norm == "relu":
            weights = np.maximum(weights, 0)
        elif norm == "softmax":
            weights = np.exp(weights - weights.max(0))
        if norm != "none":
            weights = weights / (weights.sum(0) + 0.0001)
        y = np.zeros_like(x)
        for source, weight in zip(inputs, weights):
            shared = min(count, source.shape[2])
            y[:, :, :shared] += source[:, :, :shared] * weight[:shared]
        return self.activate(y)

    def scale_channels(self, x):
        return self.activate(x * self.sources("from")[0])

    sam = scale_channels  # src/sam_layer.c, src/scale_channels_layer.c

    def shift_channels(self, x):
        return x + self.sources("from")[0]

    def control_channels(self, x):
        return x * self.sources("from")[0]

    def upsample(self, x):
        stride = self.integer("stride", 2)
        return x.repeat(stride, 0).repeat(stride, 1) * float(self.options.get("scale", 1))

    def reorg3d(self, x):
        return space_to_depth(x, self.integer("stride", 1))

    def dropout(self, x):
        return x

    cost = empty = silence = dropout

    def head(self, x, logits, places):
        """Sigmoids of these values of each anchor and of all behind them; the places of x and y are stretched."""
        scale = float(self.options.get("scale_x_y", 1))
        values = x.reshape(*x.shape[:2], self.anchors, -1).copy()
        for at in range(values.shape[3]):
            if at in logits or at > max(logits, default=values.shape[3]):
                values[..., at] = sigmoid(values[..., at])
            if at in places:
                values[..., at] = values[..., at] * scale - 0.5 * (scale - 1)
        return values.reshape(x.shape)

    @property
    def anchors(self):
        return len(self.options["mask"].split(",")) if "mask" in self.options else self.integer("num", 1)

    def yolo(self, x):
        """forward_yolo_layer, src/yolo_layer.c"""
        return self.head(x, () if self.integer("new_coords") else (0, 1, 4), (0, 1))

    def gaussian_yolo(self, x):
        """forward_gaussian_yolo_layer, src/gaussian_yolo_layer.c"""
        return self.head(x, (0, 1, 2, 3, 5, 7, 8), (0, 2))

    def boxes(self):
        """What all heads have seen, see boxes_of."""
        heads = ("yolo", "gaussian_yolo")
        return [box for (kind, options), output in zip(parse(self.text)[1:], self.outputs) if kind in heads
                for box in boxes_of(kind, options, output, self.picture.shape)]


def boxes_of(kind, options, output, shape):
    """{class, objectness, score, left, top, width, height} of every cell, anchor and class of a head, as
    get_yolo_detections and get_gaussian_yolo_detections find it, in pixels of the network's input of this shape."""
    rows, columns = shape[:2]
    gaussian, square = kind == "gaussian_yolo", options.get("new_coords") == "1"
    numbers = [float(number) for number in options["anchors"].split(",")]
    mask = [int(i) for i in options.get("mask", ",".join(map(str, range(len(numbers) // 2)))).split(",")]
    values = output.reshape(*output.shape[:2], len(mask), -1)
    for row, col, anchor in np.ndindex(values.shape[:3]):
        v = values[row, col, anchor]
        x_at, y_at, extents = (v[0], v[2], v[[4, 6]]) if gaussian else (v[0], v[1], v[2:4])
        extents = 4 * extents**2 if square else np.exp(extents)
        width, height = extents * numbers[2 * mask[anchor]:2 * mask[anchor] + 2]
        middle_x, middle_y = (col + x_at) / output.shape[1] * columns, (row + y_at) / output.shape[0] * rows
        point = {"left_top": 0.5, "right_bottom": -0.5}.get(options.get("yolo_point"), 0)
        middle_x, middle_y = middle_x + point * width, middle_y + point * height
        certainty = 1 - v[[1, 3, 5, 7]].mean() if gaussian else 1
        objectness = v[8 if gaussian else 4]
        for number, probability in enumerate(v[9 if gaussian else 5:]):
            left, right = np.clip([middle_x - width / 2, middle_x + width / 2], 0, columns)
            top, bottom = np.clip([middle_y - height / 2, middle_y + height / 2], 0, rows)
            yield {"class": number, "objectness": objectness, "score": objectness * probability * certainty,
                   "left": left, "top": top, "width": right - left, "height": bottom - top}
