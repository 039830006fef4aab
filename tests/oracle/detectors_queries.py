"""Graphs that end as detectors with transformers do, and decoders of them from the papers, for detectors_oracle.py."""

import numpy as np

from detectors_maker import CLASSES, COLS, ROWS, ints, sigmoid

QUERIES, WIDTH = 24, 32


def linear(maker, x, inputs, outputs, gain=1.0, bias=0.0):
    weights = maker.random.normal(0, gain / np.sqrt(inputs), (inputs, outputs)).astype(np.float32)
    biases = (maker.random.normal(0, 0.1, outputs) + bias).astype(np.float32)
    return maker.node("Add", maker.node("MatMul", x, weights), biases)


def attention(maker, queries, tokens):
    """What queries [1, n, WIDTH] gather of tokens [1, m, WIDTH]."""
    keys = maker.node("Transpose", linear(maker, tokens, WIDTH, WIDTH), perm=[0, 2, 1])
    shares = maker.node("Softmax", maker.node("MatMul", linear(maker, queries, WIDTH, WIDTH, 2.0), keys), axis=2)
    gathered = maker.node("MatMul", shares, linear(maker, tokens, WIDTH, WIDTH))
    return maker.node("Tanh", maker.node("Add", queries, gathered))


def tokens_of(maker, stride):
    count = (ROWS // stride) * (COLS // stride)
    x = maker.node("Tanh", maker.conv("images", 3, WIDTH, stride, stride))
    return maker.node("Transpose", maker.node("Reshape", x, ints(1, WIDTH, count)), perm=[0, 2, 1])


def box_layers(maker, x, gain):
    """Three linear layers, as all of DETR's kind have them."""
    for _ in range(2):
        x = maker.node("Relu", linear(maker, x, WIDTH, WIDTH, 1.4))
    return linear(maker, x, WIDTH, 4, gain)


def make_detr(maker):
    queries = maker.constant(maker.random.normal(0, 1, (1, QUERIES, WIDTH)).astype(np.float32))
    states = attention(maker, queries, tokens_of(maker, 16))
    logits = linear(maker, states, WIDTH, CLASSES + 1, 4.0)
    return [maker.output(logits), maker.output(maker.node("Sigmoid", box_layers(maker, states, 2.0)))]


def corners_of(boxes):
    """In pixels of the network's input."""
    centre, half = boxes[:, :2], boxes[:, 2:] / 2
    return np.concatenate([centre - half, centre + half], 1) * [COLS, ROWS, COLS, ROWS]


def decode_detr(raw):
    """Boxes in shares of the picture; the last of the classes is no object (Carion et al., 2020)."""
    logits, boxes = (x.reshape(x.shape[0], -1).T for x in raw)
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    yield corners_of(boxes), shares[:, :-1]


def inverse_sigmoid(maker, x):
    low, one = np.float32(1e-5), np.float32(1)
    x = maker.node("Clip", x, np.float32(0), one)
    return maker.node("Log", maker.node("Div", maker.node("Max", x, low), maker.node("Max", maker.node("Sub", one, x), low)))


def refined(maker):
    """RT-DETR: the best tokens become queries, two layers move their boxes. Returns logits, boxes, and of the last layer
    what it adds to what."""
    tokens = maker.node("Concat", tokens_of(maker, 8), tokens_of(maker, 16), axis=1)
    anchors = []
    for stride, size in ((8, 0.2), (16, 0.4)):
        x, y = np.meshgrid(np.arange(COLS // stride), np.arange(ROWS // stride))
        place = np.stack([(x.ravel() + 0.5) * stride / COLS, (y.ravel() + 0.5) * stride / ROWS], 1)
        anchors.append(np.concatenate([place, np.full_like(place, size)], 1))
    anchors = np.concatenate(anchors)[None].astype(np.float32)
    scores = maker.node("ReduceMax", linear(maker, tokens, WIDTH, CLASSES, 2.0), axes=[-1], keepdims=0)
    _, index = maker.node("TopK", scores, ints(QUERIES), count=2, axis=1)
    rows = maker.node("Unsqueeze", index, ints(2))
    states = maker.node("GatherElements", tokens, maker.node("Tile", rows, ints(1, 1, WIDTH)), axis=1)
    start = maker.node("GatherElements", np.log(anchors / (1 - anchors)), maker.node("Tile", rows, ints(1, 1, 4)), axis=1)
    boxes = maker.node("Sigmoid", maker.node("Add", box_layers(maker, states, 1.0), start))
    for _ in range(2):
        place = linear(maker, boxes, 4, WIDTH)
        states = attention(maker, maker.node("Add", states, place), tokens)
        before = inverse_sigmoid(maker, boxes)
        delta = box_layers(maker, states, 1.0)
        boxes = maker.node("Sigmoid", maker.node("Add", delta, before))
    return linear(maker, states, WIDTH, CLASSES, 4.0, -1.0), boxes, delta, before


def make_rt_detr(maker):
    """As Ultralytics exports it."""
    logits, boxes, _, _ = refined(maker)
    return [maker.output(maker.node("Concat", boxes, maker.node("Sigmoid", logits), axis=2))]


def decode_rt_detr(raw):
    """Boxes in shares of the picture, a sigmoid per class (Zhao et al., 2024)."""
    values = raw[0].reshape(4 + CLASSES, -1).T
    yield corners_of(values[:, :4]), values[:, 4:]


def make_rt_detr_apart(maker):
    """As Hugging Face exports it."""
    logits, boxes, _, _ = refined(maker)
    return [maker.output(logits), maker.output(boxes)]


def decode_rt_detr_apart(raw):
    logits, boxes = (x.reshape(x.shape[0], -1).T for x in raw)
    yield corners_of(boxes), sigmoid(logits)


def make_rt_detr_chosen(maker):
    """With its authors' post-processing: corners in pixels, the best of all scores."""
    logits, boxes, delta, before = refined(maker)
    centre, size = maker.node("Split", boxes, ints(2, 2), count=2, axis=2)
    half = maker.node("Mul", size, np.float32(0.5))
    corners = maker.node("Concat", maker.node("Sub", centre, half), maker.node("Add", centre, half), axis=2)
    corners = maker.node("Mul", corners, np.float32([[[COLS, ROWS, COLS, ROWS]]]))
    flat = maker.node("Flatten", maker.node("Sigmoid", logits), axis=1)
    best, index = maker.node("TopK", flat, ints(QUERIES), count=2, axis=1)
    row = maker.node("Unsqueeze", maker.node("Div", index, ints(CLASSES)), ints(2))
    maker.output(maker.node("Mod", index, ints(CLASSES)))
    maker.output(maker.node("GatherElements", corners, maker.node("Tile", row, ints(1, 1, 4)), axis=1))
    maker.output(best)
    return [maker.output(logits), maker.output(delta), maker.output(maker.node("Reshape", before, ints(1, QUERIES * 4)))]


def decode_rt_detr_chosen(raw):
    logits, delta, before = (x.reshape(x.shape[0], -1).T for x in raw)
    yield corners_of(sigmoid(delta + before)), sigmoid(logits)
