"""Graphs that end as SSD, CenterNet and BlazeFace do, and decoders of them from the papers, for detectors_oracle.py."""

import numpy as np

from detectors_maker import CLASSES, COLS, ROWS, STRIDES, cells, ints, sigmoid
from detectors_points import from_rows, values_of

PRIORS = 2
JOINTS = 6


def priors_of(stride):
    """Centres and sizes in pixels, two per cell."""
    middle = np.repeat((cells(stride) + 0.5) * stride, PRIORS, axis=0)
    sizes = np.tile(np.array([[2.5, 2.5], [4.0, 2.0]]) * stride, (len(middle) // PRIORS, 1))
    return middle, sizes


def decoded_priors(maker, unit, clips):
    """Boxes as corners in a unit [1, n, 4], shares of classes [1, n, 1 + CLASSES], and what convolutions give."""
    raw, parts = [], []
    for x in maker.levels():
        bias = np.tile([2.5] + [0] * CLASSES, PRIORS)
        box, scores = maker.conv(x, 16, 4 * PRIORS), maker.conv(x, 16, (1 + CLASSES) * PRIORS, bias=bias)
        raw += [box, scores]
        parts.append([from_rows(maker, box, 4), from_rows(maker, scores, 1 + CLASSES)])
    box, scores = (maker.node("Concat", *part, axis=1) for part in zip(*parts))
    middle, size = (np.concatenate(part).astype(np.float32)[None] for part in zip(*map(priors_of, STRIDES)))
    middle, size = middle / np.float32(unit), size / np.float32(unit)
    place, scale = maker.node("Split", box, ints(2, 2), count=2, axis=2)
    place = maker.node("Add", maker.node("Mul", maker.node("Mul", place, np.float32(0.1)), size), middle)
    half = maker.node("Div", maker.node("Mul", maker.node("Exp", maker.node("Mul", scale, np.float32(0.2))), size),
                      np.float32(2))
    box = maker.node("Concat", maker.node("Sub", place, half), maker.node("Add", place, half), axis=2)
    if clips:
        box = maker.node("Min", maker.node("Max", box, np.float32(0)), np.tile(np.float32([COLS, ROWS]) / np.float32(unit), 2))
    return box, maker.node("Softmax", scores, axis=2), raw


def make_ssd(maker):
    """As pytorch-ssd exports it: corners in shares of the picture."""
    box, scores, raw = decoded_priors(maker, [COLS, ROWS], clips=False)
    maker.output(scores)
    maker.output(box)
    return [maker.output(name) for name in raw]


def make_ssd_suppressed(maker):
    """As torchvision exports it: clipped to the picture, then class by class those of enough score, the best, the sum."""
    box, scores, raw = decoded_priors(maker, [1, 1], clips=True)
    box, scores = (maker.node("Squeeze", part, ints(0)) for part in (box, scores))
    chosen = []
    for label in range(1, 1 + CLASSES):
        score = maker.node("Gather", scores, np.int64(label), axis=1)
        kept = maker.node("Transpose", maker.node("NonZero", maker.node("Greater", score, np.float32(0.1))), perm=[1, 0])
        chosen.append([maker.node("GatherND", box, kept), maker.node("GatherND", score, kept)])
    box, score = (maker.node("Concat", *part, axis=0) for part in zip(*chosen))
    boxes = maker.node("Unsqueeze", box, ints(0))
    kept = maker.node("NonMaxSuppression", boxes, maker.node("Unsqueeze", score, ints(0, 1)), ints(100), np.float32([0.45]))
    row = maker.node("Gather", kept, np.int64(2), axis=1)
    maker.output(maker.node("Gather", box, row, axis=0))
    maker.output(maker.node("Gather", score, row, axis=0))
    return [maker.output(name) for name in raw]


def decode_ssd(raw, clips=False):
    """SSD (Liu et al., 2016), variances 0.1 and 0.2; the first class is the background."""
    for level, stride in enumerate(STRIDES):
        box, logits = (values_of(x, k) for x, k in zip(raw[2 * level:2 * level + 2], (4, 1 + CLASSES)))
        middle, size = priors_of(stride)
        centre, half = middle + box[:, :2] * 0.1 * size, np.exp(box[:, 2:] * 0.2) * size / 2
        shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        boxes = np.concatenate([centre - half, centre + half], 1)
        yield np.clip(boxes, 0, [COLS, ROWS, COLS, ROWS]) if clips else boxes, shares[:, 1:]


def decode_ssd_suppressed(raw):
    return decode_ssd(raw, clips=True)


def make_center_net(maker):
    """Peaks of a heat map per class, by a max pooling; sizes and offsets in cells of 4 pixels."""
    x = maker.node("Tanh", maker.conv("images", 3, 16, 4, 4))
    heat = maker.node("Sigmoid", maker.conv(x, 16, CLASSES, bias=-1.5))
    most = maker.node("MaxPool", heat, kernel_shape=[3, 3], strides=[1, 1], pads=[1, 1, 1, 1])
    heat = maker.node("Mul", heat, maker.node("Cast", maker.node("Equal", heat, most), to=1))
    size, offset = maker.conv(x, 16, 2, bias=6.0), maker.conv(x, 16, 2, bias=0.5)
    return [maker.output(heat), maker.output(maker.node("Identity", size, called="wh")),
            maker.output(maker.node("Identity", offset, called="reg"))]


def decode_center_net(raw):
    """Zhou et al., 2019."""
    heat, size, offset = (x.reshape(x.shape[0], -1).T for x in raw)
    centre = (cells(4) + offset) * 4
    yield np.concatenate([centre - size * 2, centre + size * 2], 1), heat


def make_blaze_face(maker):
    """MediaPipe's: two candidates per cell of 8 pixels, six of 16; a box and six points, in pixels."""
    x = maker.node("Tanh", maker.conv("images", 3, 16, 8, 8))
    y = maker.node("Tanh", maker.conv(x, 16, 16, 2, 2))
    outputs = []
    for part, anchors in ((x, 2), (y, 6)):
        bias = np.tile([0, 0, 20, 24] + [0] * 12, anchors)
        outputs.append([from_rows(maker, maker.conv(part, 16, anchors, bias=-1.0), 1),
                        from_rows(maker, maker.conv(part, 16, 16 * anchors, bias=bias), 16)])
    scores, boxes = (maker.node("Concat", *part, axis=1) for part in zip(*outputs))
    return [maker.output(boxes), maker.output(scores)]


def decode_blaze_face(raw):
    """Bazarevsky et al., 2019: from the middles of cells, sizes as they are."""
    boxes, logits = (x.reshape(x.shape[0], -1).T for x in raw)
    middle = []
    for stride, anchors in ((8, 2), (16, 6)):
        x, y = np.meshgrid(np.arange(128 // stride), np.arange(128 // stride))
        middle.append(np.repeat((np.stack([x.ravel(), y.ravel()], 1) + 0.5) * stride, anchors, axis=0))
    middle = np.concatenate(middle)
    centre, half = middle + boxes[:, :2], boxes[:, 2:4] / 2
    points = boxes[:, 4:].reshape(-1, JOINTS, 2) + middle[:, None]
    yield np.concatenate([centre - half, centre + half], 1), sigmoid(logits), points.reshape(-1, 2 * JOINTS)
