"""Graphs that end as poses and detectors of faces do, and decoders of them from the papers, for detectors_oracle.py.

A decoder gives boxes as corners, scores and points as x, y, x, y, ... by level, from the convolutions' outputs or, for
SCRFD and YuNet, from the graphs' own, which may be no more.
"""

import numpy as np

from detectors_maker import COLS, ROWS, STRIDES, cells, ints, sigmoid

JOINTS = 3


def from_rows(maker, x, values):
    """[1, anchors * values, rows, columns] as [1, rows * columns * anchors, values]."""
    return maker.node("Reshape", maker.node("Transpose", x, perm=[0, 2, 3, 1]), ints(1, -1, values))


def values_of(tensor, values):
    """[channels][rows][columns] as rows of a cell's anchors."""
    return tensor.reshape(tensor.shape[0], -1).T.reshape(-1, values)


def make_pose(maker):
    """Ultralytics' Pose: boxes without bins here, one class, joints of x, y and how surely they are seen."""
    raw, parts = [], []
    for x, stride in zip(maker.levels(), STRIDES):
        h, w = ROWS // stride, COLS // stride
        box, scores = maker.conv(x, 16, 4, bias=2.0), maker.conv(x, 16, 1, bias=-0.5)
        joints = maker.conv(x, 16, 3 * JOINTS)
        raw += [box, scores, joints]
        corner = cells(stride).T[None].copy()
        first, last = maker.node("Split", maker.node("Reshape", box, ints(1, 4, h * w)), ints(2, 2), count=2, axis=1)
        first = maker.node("Sub", corner + np.float32(0.5), maker.node("Exp", first))
        last = maker.node("Add", corner + np.float32(0.5), maker.node("Exp", last))
        centre = maker.node("Div", maker.node("Add", first, last), np.float32(2))
        box = maker.node("Concat", centre, maker.node("Sub", last, first), axis=1)
        box = maker.node("Mul", box, np.float32(stride))
        joints = maker.node("Reshape", joints, ints(1, JOINTS, 3, h * w))
        place, seen = maker.node("Split", joints, ints(2, 1), count=2, axis=2)
        place = maker.node("Add", maker.node("Mul", place, np.float32(2)), corner[None])
        place = maker.node("Mul", place, np.float32(stride))
        joints = maker.node("Concat", place, maker.node("Sigmoid", seen), axis=2)
        scores = maker.node("Sigmoid", maker.node("Reshape", scores, ints(1, 1, h * w)))
        parts.append(maker.node("Concat", box, scores, maker.node("Reshape", joints, ints(1, 3 * JOINTS, -1)), axis=1))
    maker.output(maker.node("Concat", *parts, axis=2))
    return [maker.output(name) for name in raw]


def decode_pose(raw):
    for level, stride in enumerate(STRIDES):
        box, scores, joints = (values_of(x, x.shape[0]) for x in raw[3 * level:3 * level + 3])
        sides = np.exp(box)
        middle = cells(stride) + 0.5
        places = joints.reshape(-1, JOINTS, 3)[..., :2] * 2 + cells(stride)[:, None]
        boxes = np.concatenate([middle - sides[:, :2], middle + sides[:, 2:]], 1) * stride
        yield boxes, sigmoid(scores), places.reshape(-1, 2 * JOINTS) * stride


def by_kind(maker, levels):
    """Makes one kind after the other an output; returns the names by level."""
    for names in zip(*levels):
        for name in names:
            maker.output(name)
    return [name for names in levels for name in names]


def make_scrfd(maker, points_too=True):
    """Two anchors per cell; per level scores, then boxes, then points, as rows."""
    outputs = []
    for level, x in enumerate(maker.levels()):
        scores, points = maker.conv(x, 16, 2, bias=-0.5), maker.conv(x, 16, 20)
        box = maker.node("Mul", maker.conv(x, 16, 8, bias=2.0), np.float32(0.7 + 0.2 * level))
        parts = zip((maker.node("Sigmoid", scores), box, points), (1, 4, 10))
        rows = [maker.node("Reshape", from_rows(maker, part, k), ints(-1, k)) for part, k in parts]
        outputs.append(rows if points_too else rows[:2])
    return by_kind(maker, outputs)


def make_scrfd_alone(maker):
    return make_scrfd(maker, points_too=False)


def decode_scrfd_alone(raw):
    """As decode_scrfd."""
    for level, stride in enumerate(STRIDES):
        scores, box = (values_of(x, k) for x, k in zip(raw[2 * level:2 * level + 2], (1, 4)))
        corner = np.repeat(cells(stride), 2, axis=0)
        yield np.concatenate([corner - box[:, :2], corner + box[:, 2:]], 1) * stride, scores


def decode_scrfd(raw):
    """Distances from the cells' top left corners, in cells (Guo et al., 2021)."""
    for level, stride in enumerate(STRIDES):
        scores, box, points = (values_of(x, k) for x, k in zip(raw[3 * level:3 * level + 3], (1, 4, 10)))
        corner = np.repeat(cells(stride), 2, axis=0)
        boxes = np.concatenate([corner - box[:, :2], corner + box[:, 2:]], 1) * stride
        yield boxes, scores, (points.reshape(-1, 5, 2) + corner[:, None]).reshape(-1, 10) * stride


def make_yunet(maker):
    outputs = []
    for x in maker.levels():
        parts = [maker.conv(x, 16, 1), maker.conv(x, 16, 1), maker.conv(x, 16, 4), maker.conv(x, 16, 10)]
        flat = [from_rows(maker, part, k) for part, k in zip(parts, (1, 1, 4, 10))]
        outputs.append([maker.node("Sigmoid", flat[0]), maker.node("Sigmoid", flat[1]), *flat[2:]])
    return by_kind(maker, outputs)


def decode_yunet(raw):
    """The root of two scores' product; offsets from the cells' top left corners (OpenCV's FaceDetectorYN)."""
    for level, stride in enumerate(STRIDES):
        first, second, box, points = (values_of(x, x.shape[0]) for x in raw[4 * level:4 * level + 4])
        centre, half = (box[:, :2] + cells(stride)) * stride, np.exp(box[:, 2:]) * stride / 2
        places = (points.reshape(-1, 5, 2) + cells(stride)[:, None]).reshape(-1, 10) * stride
        yield np.concatenate([centre - half, centre + half], 1), np.sqrt(first * second), places


def make_retina_face(maker):
    raw, parts = [], []
    for x in maker.levels():
        box, scores, points = maker.conv(x, 16, 8), maker.conv(x, 16, 4), maker.conv(x, 16, 20)
        raw += [box, scores, points]
        parts.append([from_rows(maker, part, k) for part, k in zip((box, scores, points), (4, 2, 10))])
    box, scores, points = (maker.node("Concat", *part, axis=1) for part in zip(*parts))
    for name in (box, maker.node("Softmax", scores, axis=2), points):
        maker.output(name)
    return [maker.output(name) for name in raw]


def decode_retina_face(raw):
    """SSD's offsets on squares of 16 to 512 pixels (Deng et al., 2019)."""
    for level, stride in enumerate(STRIDES):
        box, scores, points = (values_of(x, k) for x, k in zip(raw[3 * level:3 * level + 3], (4, 2, 10)))
        middle = (np.repeat(cells(stride), 2, axis=0) + 0.5) * stride
        size = np.tile([16.0, 32.0], len(middle) // 2)[:, None] * 4 ** level
        centre, half = middle + box[:, :2] * 0.1 * size, np.exp(box[:, 2:] * 0.2) * size / 2
        places = (middle[:, None] + points.reshape(-1, 5, 2) * 0.1 * size[:, None]).reshape(-1, 10)
        share = sigmoid(scores[:, 1:] - scores[:, :1])
        yield np.concatenate([centre - half, centre + half], 1), share, places
