#!/usr/bin/python3
"""Judges that detectors are recognised by the end of their graph, and the boxes that this gives.

    detectors_oracle.py --vpinfer build/release/vpinfer --ranks 3

Makes small graphs of random weights that end as exporters end YOLOv5, YOLOv8, YOLOX and others, imports them without
another word, and runs them on a picture. The boxes must be those that a decoder, written here from the papers, makes of
what the last convolutions give, which are outputs of the graph, too; scores within 1e-3, places within a pixel. Prints a
line per detector; ends with 1 if one fails, with 2 if a program could not be run.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import cv2
import h5py
import numpy as np

from darknet_files import OracleError, launcher, run_quietly
from detectors_exports import (decode_damo_yolo, decode_products, decode_scores, make_damo_yolo, make_ultralytics,
                               make_yolo11, make_yolov6, make_yolov7_grid, make_yolov7_tensorrt)
from detectors_maker import CLASSES, COLS, Maker, ROWS, STRIDES, cells, ints, sigmoid
from detectors_points import (decode_pose, decode_retina_face, decode_scrfd, decode_scrfd_alone, decode_yunet, make_pose,
                              make_retina_face, make_scrfd, make_scrfd_alone, make_yunet)
from detectors_priors import (decode_blaze_face, decode_center_net, decode_ssd, decode_ssd_suppressed, make_blaze_face,
                              make_center_net, make_ssd, make_ssd_suppressed)
from detectors_queries import (decode_detr, decode_rt_detr, decode_rt_detr_apart, decode_rt_detr_chosen, make_detr,
                               make_rt_detr, make_rt_detr_apart, make_rt_detr_chosen)

NMS = 0.45
ANCHORS = np.array([[[10, 13], [16, 30], [33, 23]], [[30, 61], [62, 45], [59, 119]], [[116, 90], [50, 98], [73, 26]]],
                   np.float32)


def score_bias(boxes, scores):
    return np.concatenate([np.zeros(boxes), np.full(scores, -2.5)])


def make_yolov5(maker):
    raw, rows = [], []
    for level, (x, stride) in enumerate(zip(maker.levels(), STRIDES)):
        h, w, k = ROWS // stride, COLS // stride, 5 + CLASSES
        raw.append(maker.conv(x, 16, 3 * k, bias=np.tile(score_bias(4, 1 + CLASSES) * 0.2, 3)))
        x = maker.node("Reshape", raw[-1], ints(1, 3, k, h, w))
        x = maker.node("Sigmoid", maker.node("Transpose", x, perm=[0, 1, 3, 4, 2]))
        xy, wh, rest = maker.node("Split", x, ints(2, 2, 1 + CLASSES), count=3, axis=4)
        grid = np.broadcast_to(cells(stride).reshape(1, 1, h, w, 2) - 0.5, (1, 3, h, w, 2)).copy()
        xy = maker.node("Mul", maker.node("Add", maker.node("Mul", xy, np.float32(2)), grid), np.float32(stride))
        anchors = np.broadcast_to(ANCHORS[level].reshape(1, 3, 1, 1, 2), (1, 3, h, w, 2)).copy()
        wh = maker.node("Mul", maker.node("Pow", maker.node("Mul", wh, np.float32(2)), np.float32(2)), anchors)
        joined = maker.node("Concat", xy, wh, rest, axis=4)
        rows.append(maker.node("Reshape", joined, ints(1, 3 * h * w, k)))
    maker.output(maker.node("Concat", *rows, axis=1))
    return [maker.output(name) for name in raw]


def decode_yolov5(raw):
    """Boxes as corners, scores, by level: the README of YOLOv5's model architecture."""
    for level, (tensor, stride) in enumerate(zip(raw, STRIDES)):
        values = sigmoid(tensor.reshape(3, 5 + CLASSES, -1).transpose(0, 2, 1))
        centre = (2 * values[..., :2] - 0.5 + cells(stride)) * stride
        size = (2 * values[..., 2:4]) ** 2 * ANCHORS[level][:, None]
        boxes = np.concatenate([centre - size / 2, centre + size / 2], 2)
        yield boxes.reshape(-1, 4), (values[..., 4:5] * values[..., 5:]).reshape(-1, CLASSES)


def distances(maker, raw, corners):
    """Box and class logits of all levels, decoded as YOLOv8's Detect does."""
    count = sum(ROWS * COLS // s // s for s in STRIDES)
    flat = [maker.node("Reshape", x, ints(1, 64 + CLASSES, -1)) for x in raw]
    boxes, scores = maker.node("Split", maker.node("Concat", *flat, axis=2), ints(64, CLASSES), count=2, axis=1)
    x = maker.node("Transpose", maker.node("Reshape", boxes, ints(1, 4, 16, count)), perm=[0, 2, 1, 3])
    bins = np.arange(16, dtype=np.float32).reshape(1, 16, 1, 1)
    x = maker.node("Conv", maker.node("Softmax", x, axis=1), bins, kernel_shape=[1, 1])
    x = maker.node("Reshape", x, ints(1, 4, count))
    before, after = maker.node("Split", x, ints(2, 2), count=2, axis=1)
    points = np.concatenate([cells(s) + 0.5 for s in STRIDES]).T[None].copy()
    strides = np.concatenate([np.full(ROWS * COLS // s // s, s, np.float32) for s in STRIDES])[None]
    first, last = maker.node("Sub", points, before), maker.node("Add", points, after)
    if not corners:
        centre = maker.node("Div", maker.node("Add", first, last), np.float32(2))
        first, last = centre, maker.node("Sub", last, first)
    boxes = maker.node("Mul", maker.node("Concat", first, last, axis=1), strides)
    return boxes, maker.node("Sigmoid", scores)


def raw_yolov8(maker):
    raw = []
    for x in maker.levels():
        parts = [maker.conv(x, 16, 64), maker.conv(x, 16, CLASSES, bias=-1.5)]
        raw.append(maker.node("Concat", *parts, axis=1))
    return raw


def make_yolov8(maker):
    raw = raw_yolov8(maker)
    maker.output(maker.node("Concat", *distances(maker, raw, corners=False), axis=1))
    return [maker.output(name) for name in raw]


def make_corners(maker):
    raw = raw_yolov8(maker)
    for part in distances(maker, raw, corners=True):
        maker.output(maker.node("Transpose", part, perm=[0, 2, 1]))
    return [maker.output(name) for name in raw]


def chosen_from(maker):
    """Boxes as corners and scores, as rows."""
    raw = raw_yolov8(maker)
    boxes, scores = (maker.node("Transpose", part, perm=[0, 2, 1]) for part in distances(maker, raw, corners=True))
    return raw, boxes, scores


def make_yolov10(maker):
    """YOLOv10's v10postprocess (Wang et al., 2024): the best candidates, then the best of their classes."""
    raw, boxes, scores = chosen_from(maker)
    best = 60
    _, index = maker.node("TopK", maker.node("ReduceMax", scores, axes=[-1], keepdims=0), ints(best), count=2, axis=1)
    index = maker.node("Unsqueeze", index, ints(2))
    boxes = maker.node("GatherElements", boxes, maker.node("Tile", index, ints(1, 1, 4)), axis=1)
    scores = maker.node("GatherElements", scores, maker.node("Tile", index, ints(1, 1, CLASSES)), axis=1)
    top, index = maker.node("TopK", maker.node("Flatten", scores, axis=1), ints(best), count=2, axis=1)
    row = maker.node("Unsqueeze", maker.node("Div", index, ints(CLASSES)), ints(2))
    boxes = maker.node("GatherElements", boxes, maker.node("Tile", row, ints(1, 1, 4)), axis=1)
    label = maker.node("Cast", maker.node("Mod", index, ints(CLASSES)), to=1)
    columns = [maker.node("Unsqueeze", part, ints(2)) for part in (top, label)]
    maker.output(maker.node("Concat", boxes, *columns, axis=2))
    return [maker.output(name) for name in raw]


def make_suppressed(maker):
    """Ends in NonMaxSuppression, class by class, as many end-to-end exports do."""
    raw, boxes, scores = chosen_from(maker)
    scores = maker.node("Transpose", scores, perm=[0, 2, 1])
    maker.output(maker.node("NonMaxSuppression", boxes, scores, ints(100), np.float32([NMS]), np.float32([0.3])))
    return [maker.output(name) for name in raw]


def make_raw(maker):
    return [maker.output(name) for name in raw_yolov8(maker)]


def decode_yolov8(raw):
    """Generalized Focal Loss (Li et al., 2020): means of distributions, from the middles of cells."""
    for tensor, stride in zip(raw, STRIDES):
        values = tensor.reshape(64 + CLASSES, -1).T
        shares = np.exp(values[:, :64].reshape(-1, 4, 16))
        sides = (shares * np.arange(16)).sum(2) / shares.sum(2)
        point = cells(stride) + 0.5
        yield np.concatenate([point - sides[:, :2], point + sides[:, 2:]], 1) * stride, sigmoid(values[:, 64:])


def make_yolox(maker):
    raw, rows = [], []
    for x in maker.levels():
        box, scores = maker.conv(x, 16, 4), maker.conv(x, 16, CLASSES, bias=-1)
        objectness = maker.conv(x, 16, 1, bias=-0.5)
        raw.append(maker.node("Concat", box, objectness, scores, axis=1))
        parts = [box, maker.node("Sigmoid", objectness), maker.node("Sigmoid", scores)]
        rows.append(maker.node("Reshape", maker.node("Concat", *parts, axis=1), ints(1, 5 + CLASSES, -1)))
    maker.output(maker.node("Transpose", maker.node("Concat", *rows, axis=2), perm=[0, 2, 1]))
    return [maker.output(name) for name in raw]


def decode_yolox(raw):
    """YOLOX (Ge et al., 2021): offsets and logarithms of sizes in cells."""
    for tensor, stride in zip(raw, STRIDES):
        values = tensor.reshape(5 + CLASSES, -1).T
        centre, size = (values[:, :2] + cells(stride)) * stride, np.exp(values[:, 2:4]) * stride
        boxes = np.concatenate([centre - size / 2, centre + size / 2], 1)
        yield boxes, sigmoid(values[:, 4:5]) * sigmoid(values[:, 5:])


def make_nanodet_plus(maker):
    raw, rows = [], []
    for x in maker.levels():
        raw.append(maker.conv(x, 16, CLASSES + 32, bias=score_bias(CLASSES + 32, 0) - np.repeat([2.5, 0], [CLASSES, 32])))
        scores, boxes = maker.node("Split", raw[-1], ints(CLASSES, 32), count=2, axis=1)
        joined = maker.node("Concat", maker.node("Sigmoid", scores), boxes, axis=1)
        rows.append(maker.node("Reshape", joined, ints(1, CLASSES + 32, -1)))
    maker.output(maker.node("Transpose", maker.node("Concat", *rows, axis=2), perm=[0, 2, 1]))
    return [maker.output(name) for name in raw]


def decode_nanodet_plus(raw):
    """As decode_yolov8, with 8 bins and from the cells' top left corners (NanoDet-plus's centre priors)."""
    for tensor, stride in zip(raw, STRIDES):
        values = tensor.reshape(CLASSES + 32, -1).T
        shares = np.exp(values[:, CLASSES:].reshape(-1, 4, 8))
        sides = (shares * np.arange(8)).sum(2) / shares.sum(2)
        boxes = np.concatenate([cells(stride) - sides[:, :2], cells(stride) + sides[:, 2:]], 1) * stride
        yield boxes, sigmoid(values[:, :CLASSES])


DETECTORS = {
    "yolov5": (make_yolov5, decode_yolov5, "letterbox", "YOLOv5"),
    "yolov8": (make_yolov8, decode_yolov8, "letterbox", "YOLOv8"),
    "corners": (make_corners, decode_yolov8, "letterbox", "a detector that decodes its boxes itself"),
    "yolov10": (make_yolov10, decode_yolov8, "letterbox", "YOLOv10"),
    "suppressed": (make_suppressed, decode_yolov8, "letterbox", "a detector that decodes its boxes itself"),
    "pose": (make_pose, decode_pose, "letterbox", "YOLOv8"),
    "scrfd": (make_scrfd, decode_scrfd, "top-left", "SCRFD"),
    "yunet": (make_yunet, decode_yunet, "top-left", "YuNet"),
    "retina-face": (make_retina_face, decode_retina_face, "letterbox", "RetinaFace"),
    "raw": (make_raw, decode_yolov8, "letterbox", "YOLOv8"),
    "yolox": (make_yolox, decode_yolox, "top-left", "YOLOX"),
    "nanodet-plus": (make_nanodet_plus, decode_nanodet_plus, "stretch", "NanoDet-plus"),
    "yolov6": (make_yolov6, decode_scores, "letterbox", "YOLOv6"),
    "yolo11": (make_yolo11, decode_scores, "letterbox", "YOLOv8"),
    "yolov7-grid": (make_yolov7_grid, decode_products, "letterbox", "YOLOv5 or YOLOv7"),
    "yolov7-tensorrt": (make_yolov7_tensorrt, decode_products, "letterbox", "YOLOv5 or YOLOv7"),
    "ultralytics-nms": (make_ultralytics, decode_scores, "letterbox", "a detector that decodes its boxes itself"),
    "damo-yolo": (make_damo_yolo, decode_damo_yolo, "letterbox", "a detector that decodes its boxes itself"),
    "detr": (make_detr, decode_detr, "stretch", "DETR"),
    "rt-detr": (make_rt_detr, decode_rt_detr, "stretch", "RT-DETR"),
    "rt-detr-apart": (make_rt_detr_apart, decode_rt_detr_apart, "stretch", "RT-DETR"),
    "rt-detr-chosen": (make_rt_detr_chosen, decode_rt_detr_chosen, "stretch", "RT-DETR"),
    "ssd": (make_ssd, decode_ssd, "stretch", "SSD"),
    "ssd-suppressed": (make_ssd_suppressed, decode_ssd_suppressed, "stretch", "SSD"),
    "center-net": (make_center_net, decode_center_net, "letterbox", "CenterNet"),
    "scrfd-alone": (make_scrfd_alone, decode_scrfd_alone, "top-left", "SCRFD"),
    "blaze-face": (make_blaze_face, decode_blaze_face, "letterbox", "BlazeFace"),
}
SQUARE = {"blaze-face": 128}  # rows and columns where they are not ROWS and COLS
ONE_BOX_EACH = {"yolov10", "detr", "rt-detr", "rt-detr-apart", "rt-detr-chosen", "center-net"}


def in_picture(places, resize, rows, cols, maker):
    """x, y, x, y, ... in pixels of the picture."""
    if resize == "stretch":
        x, y, left, top = cols / maker.cols, rows / maker.rows, 0, 0
    else:
        scale = min(maker.rows / rows, maker.cols / cols)
        placed_rows, placed_cols = int(rows * scale), int(cols * scale)
        x, y = cols / placed_cols, rows / placed_rows
        left, top = ((maker.cols - placed_cols) / 2, (maker.rows - placed_rows) / 2) if resize == "letterbox" else (0, 0)
    return ((places.reshape(-1, 2) - [left, top]) * [x, y]).reshape(places.shape)


def suppressed(boxes, scores, points, threshold, nms):
    """Greedy suppression, class by class: rows of class, score, corners, points."""
    kept = []
    for index in range(scores.shape[1]):
        mine = []
        for i in np.argsort(-scores[:, index], kind="stable"):
            box = boxes[i]
            if scores[i, index] <= threshold or box[2] <= box[0] or box[3] <= box[1]:
                continue
            if all(overlap(box, other) <= nms for other in mine):
                mine.append(box)
                kept.append([index, scores[i, index], *box, *points[i]])
    return np.array(kept).reshape(-1, 6 + points.shape[1])


def overlap(a, b):
    sides = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    common = np.prod(np.maximum(sides, 0))
    return common / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - common)


def read_tensors(path, names):
    """The graph's outputs by name, as [channels][rows][columns]."""
    with h5py.File(path) as file:
        tensors = {d.attrs["name"]: np.array(d) for d in file["output"].values() if "name" in d.attrs}
    names_of = {n.decode() if isinstance(n, bytes) else n: v for n, v in tensors.items()}
    return [names_of[name].astype(np.float64).transpose(2, 0, 1) for name in names]


def judge(kind, arguments, folder):
    make, decode, resize, wanted = DETECTORS[kind]
    maker = Maker(7, SQUARE.get(kind, ROWS), SQUARE.get(kind, COLS))
    raw_names = make(maker)
    path, model = folder / f"{kind}.onnx", folder / f"{kind}.h5"
    maker.save(path)
    said = run_quietly([arguments.vpinfer, "import", path, "-o", model])
    if f"recognised: ends like {wanted}" not in said:
        raise OracleError(f"{kind} is not recognised: {said.splitlines()[0]}")
    picture = folder / "picture.png"
    image = np.random.default_rng(3).integers(0, 256, (12, 15, 3), np.uint8)
    cv2.imwrite(str(picture), cv2.resize(image, (300, 170), interpolation=cv2.INTER_CUBIC))
    failures = 0
    for ranks in [1, *arguments.ranks]:
        run_quietly([*launcher(ranks), arguments.vpinfer, "run", "--model", model, "--input", picture, "--output",
                     folder / "out", "--dump-output", folder / "dump.h5", "--threshold", "0.3"])
        found = json.loads((folder / "out" / "detections.json").read_text())
        parts = list(decode(read_tensors(folder / "dump.h5", raw_names)))
        boxes, scores, *points = (np.concatenate(part) for part in zip(*parts))
        boxes = np.clip(in_picture(boxes, resize, 170, 300, maker), 0, [300, 170, 300, 170])
        points = in_picture(points[0] if points else np.zeros((len(boxes), 0)), resize, 170, 300, maker)
        expected = suppressed(boxes, scores, points, 0.3, 1 if kind in ONE_BOX_EACH else NMS)
        failures += not report(kind, ranks, expected, found)
    return failures


def points_of(detection):
    """x, y, x, y, ..."""
    return np.array(detection.get("keypoints", [])).reshape(-1, 3)[:, :2].ravel()


def report(kind, ranks, expected, found):
    """Whether what was found is what was expected, each its nearest of the class."""
    worst_score = worst_place = 0.0
    rows = np.array([[d["category_id"] - 1, d["score"], *d["bbox"], *points_of(d)] for d in found])
    rows = rows.reshape(-1, expected.shape[1])
    rows[:, 4:6] += rows[:, 2:4]
    agree = len(rows) == len(expected) > 0
    for row in rows if agree else []:
        same = expected[expected[:, 0] == row[0]]
        if not len(same):
            agree = False
            break
        nearest = same[np.argmin(np.abs(same[:, 1:] - row[1:]) @ [1000, *[1] * (rows.shape[1] - 2)])]
        worst_score = max(worst_score, abs(nearest[1] - row[1]))
        worst_place = max(worst_place, np.abs(nearest[2:] - row[2:]).max())
    agree = agree and worst_score < 1e-3 and worst_place < 1
    print(f"{kind:14} {ranks} ranks: {len(rows)} boxes of {len(expected)}, scores within {worst_score:.1e}, places within "
          f"{worst_place:.2f} pixels: {'pass' if agree else 'FAIL'}")
    return agree


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vpinfer", required=True, type=Path)
    parser.add_argument("--ranks", nargs="*", type=int, default=[])
    parser.add_argument("--only", nargs="*", choices=list(DETECTORS), default=list(DETECTORS))
    arguments = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory() as folder:
            failures = sum(judge(kind, arguments, Path(folder)) for kind in arguments.only)
    except OracleError as error:
        sys.exit(f"detectors_oracle: {error}")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
