"""Graphs that end as Ultralytics exports detectors with masks, and decoders of them from the papers, for masks_oracle.py.

A maker returns the names of the tensors that its decoder takes: per level boxes with scores and coefficients, then the
prototypes. A decoder gives boxes as corners, scores and coefficients by level.
"""

import numpy as np

from detectors_maker import CLASSES, COLS, ROWS, STRIDES, cells, ints, sigmoid
from detectors_oracle import ANCHORS, decode_yolov8, distances

MASKS = 32


def silu(maker, x):
    return maker.node("Mul", x, maker.node("Sigmoid", x))


def prototypes(maker, x, enlarge):
    """YOLACT's Protonet as YOLOv5 has it: features of stride 8 enlarged to stride 4."""
    x = silu(maker, maker.conv(x, 16, 16))
    x = silu(maker, maker.conv(enlarge(maker, x), 16, 16))
    return silu(maker, maker.conv(x, 16, MASKS))


def resized(maker, x):
    return maker.node("Resize", x, np.zeros(0, np.float32), np.array([1, 1, 2, 2], np.float32), mode="nearest",
                      coordinate_transformation_mode="asymmetric", nearest_mode="floor")


def transposed(maker, x):
    weights = maker.random.normal(0, 0.4, (16, 16, 2, 2)).astype(np.float32)
    return maker.node("ConvTranspose", x, weights, np.zeros(16, np.float32), kernel_shape=[2, 2], strides=[2, 2])


def make_yolov5(maker):
    """Coefficients stand behind the scores, without a sigmoid."""
    raw, rows = [], []
    levels = maker.levels()
    k = 5 + CLASSES + MASKS
    for level, (x, stride) in enumerate(zip(levels, STRIDES)):
        h, w = ROWS // stride, COLS // stride
        bias = np.concatenate([np.zeros(4), np.full(1 + CLASSES, -0.5), np.zeros(MASKS)])
        raw.append(maker.conv(x, 16, 3 * k, bias=np.tile(bias, 3)))
        x = maker.node("Transpose", maker.node("Reshape", raw[-1], ints(1, 3, k, h, w)), perm=[0, 1, 3, 4, 2])
        xy, wh, rest, masks = maker.node("Split", x, ints(2, 2, 1 + CLASSES, MASKS), count=4, axis=4)
        grid = np.broadcast_to(cells(stride).reshape(1, 1, h, w, 2) - 0.5, (1, 3, h, w, 2)).copy()
        xy = maker.node("Add", maker.node("Mul", maker.node("Sigmoid", xy), np.float32(2)), grid)
        anchors = np.broadcast_to(ANCHORS[level].reshape(1, 3, 1, 1, 2), (1, 3, h, w, 2)).copy()
        wh = maker.node("Pow", maker.node("Mul", maker.node("Sigmoid", wh), np.float32(2)), np.float32(2))
        parts = [maker.node("Mul", xy, np.float32(stride)), maker.node("Mul", wh, anchors),
                 maker.node("Sigmoid", rest), masks]
        rows.append(maker.node("Reshape", maker.node("Concat", *parts, axis=4), ints(1, 3 * h * w, k)))
    maker.output(maker.node("Concat", *rows, axis=1))
    return raw + [maker.output(prototypes(maker, levels[0], resized))]


def decode_yolov5(raw):
    for level, (tensor, stride) in enumerate(zip(raw, STRIDES)):
        values = tensor.reshape(3, 5 + CLASSES + MASKS, -1).transpose(0, 2, 1)
        shares = sigmoid(values[..., :-MASKS])
        centre = (2 * shares[..., :2] - 0.5 + cells(stride)) * stride
        size = (2 * shares[..., 2:4]) ** 2 * ANCHORS[level][:, None]
        boxes = np.concatenate([centre - size / 2, centre + size / 2], 2).reshape(-1, 4)
        yield boxes, (shares[..., 4:5] * shares[..., 5:]).reshape(-1, CLASSES), values[..., -MASKS:].reshape(-1, MASKS)


def levels_of_yolov8(maker):
    """Boxes with scores and coefficients from convolutions of their own, and prototypes."""
    levels = maker.levels()
    raw = [maker.node("Concat", maker.conv(x, 16, 64), maker.conv(x, 16, CLASSES, bias=-1.5), axis=1) for x in levels]
    masks = [maker.conv(x, 16, MASKS) for x in levels]
    return raw, masks, prototypes(maker, levels[0], transposed)


def make_yolov8(maker):
    raw, masks, maps = levels_of_yolov8(maker)
    flat = maker.node("Concat", *(maker.node("Reshape", x, ints(1, MASKS, -1)) for x in masks), axis=2)
    boxes, scores = distances(maker, raw, corners=False)
    maker.output(maker.node("Concat", boxes, scores, flat, axis=1))
    return raw + masks + [maker.output(maps)]


def make_chosen(maker):
    """As YOLOv10 and later choose the best boxes, their coefficients with them."""
    raw, masks, maps = levels_of_yolov8(maker)
    flat = maker.node("Concat", *(maker.node("Reshape", x, ints(1, MASKS, -1)) for x in masks), axis=2)
    parts = [*distances(maker, raw, corners=True), flat]
    boxes, scores, flat = (maker.node("Transpose", part, perm=[0, 2, 1]) for part in parts)
    best = 60
    _, index = maker.node("TopK", maker.node("ReduceMax", scores, axes=[-1], keepdims=0), ints(best), count=2, axis=1)
    index = maker.node("Unsqueeze", index, ints(2))
    chosen = [maker.node("GatherElements", part, maker.node("Tile", index, ints(1, 1, width)), axis=1)
              for part, width in ((boxes, 4), (scores, CLASSES), (flat, MASKS))]
    maker.output(maker.node("Concat", *chosen, axis=2))
    return raw + masks + [maker.output(maps)]


def decode_yolov8_masks(tensors):
    raw, masks = tensors[:len(STRIDES)], tensors[len(STRIDES):]
    for (boxes, scores), coefficients in zip(decode_yolov8(raw), masks):
        yield boxes, scores, coefficients.reshape(MASKS, -1).T
