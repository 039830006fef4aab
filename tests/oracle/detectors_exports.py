"""Graphs that end as the exporters of YOLO's kinds end them, most with the suppression inside, for detectors_oracle.py.

All share one decoding of boxes: a distance of exp(x) cells to each side from the middles of cells.
"""

import numpy as np

from detectors_maker import CLASSES, COLS, ROWS, STRIDES, cells, ints, sigmoid
from detectors_points import from_rows, values_of


def parts_of(maker, objectness, attends=False):
    """Boxes as centre and size, objectness and scores, [1, n, ...], and what convolutions give, by level."""
    raw, boxes, seen, scores = [], [], [], []
    for x, stride in zip(maker.levels(attends), STRIDES):
        parts = [maker.conv(x, 16, 4, bias=1.0), maker.conv(x, 16, 1, bias=1.0), maker.conv(x, 16, CLASSES, bias=-0.7)]
        parts = parts if objectness else [parts[0], parts[2]]
        raw += parts
        first, last = maker.node("Split", maker.node("Exp", from_rows(maker, parts[0], 4)), ints(2, 2), count=2, axis=2)
        first = maker.node("Sub", cells(stride)[None] + np.float32(0.5), first)
        last = maker.node("Add", cells(stride)[None] + np.float32(0.5), last)
        centre = maker.node("Div", maker.node("Add", first, last), np.float32(2))
        box = maker.node("Concat", centre, maker.node("Sub", last, first), axis=2)
        boxes.append(maker.node("Mul", box, np.float32(stride)))
        scores.append(maker.node("Sigmoid", from_rows(maker, parts[-1], CLASSES)))
        if objectness:
            seen.append(maker.node("Sigmoid", from_rows(maker, parts[1], 1)))
    joined = [maker.node("Concat", *part, axis=1) for part in (boxes, scores, seen) if part]
    return joined, [maker.output(name) for name in raw]


def corners_from(maker, boxes):
    centre, size = maker.node("Split", boxes, ints(2, 2), count=2, axis=-1)
    half = maker.node("Div", size, np.float32(2))
    return maker.node("Concat", maker.node("Sub", centre, half), maker.node("Add", centre, half), axis=-1)


def boxes_of(raw, stride):
    sides = np.exp(values_of(raw, 4))
    middle = cells(stride) + 0.5
    return np.concatenate([middle - sides[:, :2], middle + sides[:, 2:]], 1) * stride


def decode_scores(raw):
    for level, stride in enumerate(STRIDES):
        box, scores = raw[2 * level:2 * level + 2]
        yield boxes_of(box, stride), sigmoid(values_of(scores, CLASSES))


def decode_products(raw):
    for level, stride in enumerate(STRIDES):
        box, seen, scores = raw[3 * level:3 * level + 3]
        yield boxes_of(box, stride), sigmoid(values_of(seen, 1)) * sigmoid(values_of(scores, CLASSES))


def make_yolov6(maker):
    """Between boxes and scores a column of ones, where others have objectness."""
    (boxes, scores), raw = parts_of(maker, objectness=False)
    ones = np.ones((1, sum(ROWS * COLS // s // s for s in STRIDES), 1), np.float32)
    maker.output(maker.node("Concat", boxes, ones, scores, axis=2))
    return raw


def make_yolo11(maker):
    """Attention before the last level, as YOLO11's C2PSA has it, and YOLOv8's end."""
    (boxes, scores), raw = parts_of(maker, objectness=False, attends=True)
    maker.output(maker.node("Transpose", maker.node("Concat", boxes, scores, axis=2), perm=[0, 2, 1]))
    return raw


def make_yolov7_grid(maker):
    """YOLOv7's `--end2end --max-wh 640`: corners by a matrix, one class per box, moved apart by class."""
    (boxes, scores, seen), raw = parts_of(maker, objectness=True)
    scores = maker.node("Mul", scores, seen)
    matrix = np.float32([[1, 0, 1, 0], [0, 1, 0, 1], [-0.5, 0, 0.5, 0], [0, -0.5, 0, 0.5]])
    boxes = maker.node("MatMul", boxes, matrix)
    best = maker.node("ReduceMax", scores, axes=[2], keepdims=1)
    label = maker.node("Cast", maker.node("ArgMax", scores, axis=2, keepdims=1), to=1)
    moved = maker.node("Add", boxes, maker.node("Mul", label, np.float32(640)))
    kept = maker.node("NonMaxSuppression", moved, maker.node("Transpose", best, perm=[0, 2, 1]), ints(100),
                      np.float32([0.45]), np.float32([0.25]))
    rows = maker.node("Gather", kept, ints(0, 2), axis=1)
    chosen = [maker.node("GatherND", part, rows) for part in (boxes, label, best)]
    first = maker.node("Cast", maker.node("Gather", kept, ints(0), axis=1), to=1)
    maker.output(maker.node("Concat", first, *chosen, axis=1))
    return raw


def make_yolov7_tensorrt(maker):
    """YOLOv7's `--end2end` for TensorRT, whose operator suppresses."""
    (boxes, scores, seen), raw = parts_of(maker, objectness=True)
    for name in maker.node("EfficientNMS_TRT", boxes, maker.node("Mul", scores, seen), count=4, domain="TRT",
                           box_coding=1, score_threshold=0.25, iou_threshold=0.45, max_output_boxes=100):
        maker.output(name)
    return raw


def make_ultralytics(maker):
    """Ultralytics' `nms=True`: of one picture, those of enough score, then suppression of boxes moved apart by class."""
    (boxes, scores), raw = parts_of(maker, objectness=False)
    best = maker.node("ReduceMax", scores, axes=[-1], keepdims=0)
    label = maker.node("ArgMax", scores, axis=-1, keepdims=0)
    box, best, label = (maker.node("Gather", part, np.int64(0), axis=0) for part in (boxes, best, label))
    rows = maker.node("Transpose", maker.node("NonZero", maker.node("Greater", best, np.float32(0.25))), perm=[1, 0])
    box, best, label = (maker.node("GatherND", part, rows) for part in (box, best, label))
    box = corners_from(maker, box)
    moved = maker.node("Unsqueeze", maker.node("Cast", label, to=1), ints(1))
    moved = maker.node("Unsqueeze", maker.node("Add", box, maker.node("Mul", moved, np.float32(1000))), ints(0))
    kept = maker.node("NonMaxSuppression", moved, maker.node("Unsqueeze", best, ints(0, 1)), ints(100), np.float32([0.45]))
    row = maker.node("Gather", kept, np.int64(2), axis=1)
    columns = [maker.node("Unsqueeze", maker.node("Cast", maker.node("Gather", part, row, axis=0), to=1), ints(1))
               for part in (best, label)]
    maker.output(maker.node("Concat", maker.node("Gather", box, row, axis=0), *columns, axis=1))
    return raw


def make_damo_yolo(maker):
    """DAMO-YOLO: scores, and corners by distributions, whose mean is a product with 0, 1, 2, ..."""
    raw, boxes, scores = [], [], []
    for x, stride in zip(maker.levels(), STRIDES):
        bias = np.tile(np.linspace(2, -4, 17), 4)
        raw += [maker.conv(x, 16, 4 * 17, bias=bias), maker.conv(x, 16, CLASSES, bias=-1.0)]
        shares = maker.node("Softmax", maker.node("Reshape", from_rows(maker, raw[-2], 68), ints(1, -1, 4, 17)), axis=3)
        sides = maker.node("MatMul", shares, np.arange(17, dtype=np.float32))
        first, last = maker.node("Split", sides, ints(2, 2), count=2, axis=2)
        box = maker.node("Concat", maker.node("Sub", cells(stride)[None], first),
                         maker.node("Add", cells(stride)[None], last), axis=2)
        boxes.append(maker.node("Mul", box, np.float32(stride)))
        scores.append(maker.node("Sigmoid", from_rows(maker, raw[-1], CLASSES)))
    maker.output(maker.node("Concat", *scores, axis=1))
    maker.output(maker.node("Concat", *boxes, axis=1))
    return [maker.output(name) for name in raw]


def decode_damo_yolo(raw):
    for level, stride in enumerate(STRIDES):
        box, scores = raw[2 * level:2 * level + 2]
        shares = np.exp(values_of(box, 68).reshape(-1, 4, 17))
        sides = (shares * np.arange(17)).sum(2) / shares.sum(2)
        boxes = np.concatenate([cells(stride) - sides[:, :2], cells(stride) + sides[:, 2:]], 1) * stride
        yield boxes, sigmoid(values_of(scores, CLASSES))
