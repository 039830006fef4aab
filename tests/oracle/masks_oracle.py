#!/usr/bin/python3
"""Judges the masks of objects: that they are recognised, travel with their boxes, and are drawn and written.

    masks_oracle.py --vpinfer build/release/vpinfer --ranks 1 3

Makes small graphs of random weights that end as Ultralytics exports YOLOv5-seg and YOLOv8-seg, imports them without
another word, and runs them on a picture. Another engine, OpenCV or with --judge onnxruntime that one, computes what the
last convolutions give; a decoder written here from the papers makes boxes and masks of it: the sigmoid of prototypes by
coefficients (YOLACT, Bolya et al., 2019), enlarged bilinearly to the picture, within the box, above a half. The mask of
COCO's results, read as COCO defines it, must be the same but for pixels within 0.002 of a half or 0.05 of the box's
edge. Prints a line per graph; ends with 1 if one fails, with 2 if a program could not be run.
"""

import argparse
import json
import re
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
import onnx
from onnx.utils import Extractor

from darknet_files import OracleError, launcher, run_quietly
from detectors_maker import COLS, Maker, ROWS, sigmoid
from detectors_masks import decode_yolov5, decode_yolov8_masks, make_chosen, make_yolov5, make_yolov8
from detectors_oracle import NMS, in_picture, suppressed
from onnx_network_oracle import Network, OnnxRuntime, OpenCv

HEIGHT, WIDTH = 170, 300
THRESHOLD = 0.3
KINDS = {
    "yolov5-seg": (make_yolov5, decode_yolov5, "YOLOv5", NMS),
    "yolov8-seg": (make_yolov8, decode_yolov8_masks, "YOLOv8", NMS),
    "chosen": (make_chosen, decode_yolov8_masks, "YOLOv10", 1),
}


def placed(image):
    """Where a letterbox puts the picture in the network's input: rows, columns, top, left."""
    scale = min(ROWS / image.shape[0], COLS / image.shape[1])
    rows, cols = int(image.shape[0] * scale), int(image.shape[1] * scale)
    return rows, cols, (ROWS - rows) // 2, (COLS - cols) // 2


def network_input(image):
    """[rows][cols][RGB] from 0 to 1 of a picture as OpenCV reads it."""
    rows, cols, top, left = placed(image)
    result = np.full((ROWS, COLS, 3), 114, np.float32)
    resized = cv2.resize(image.astype(np.float32), (cols, rows), interpolation=cv2.INTER_LINEAR)
    result[top:top + rows, left:left + cols] = resized[:, :, ::-1]
    return result / 255


def judged_tensors(path, names, image, arguments, folder):
    """What another engine gives for these tensors, [channels][rows][columns]."""
    part = folder / "part.onnx"
    onnx.save(Extractor(onnx.load(path)).extract_model(["images"], names), part)
    network = Network(part)
    judge = OpenCv(network) if arguments.judge == "opencv" else OnnxRuntime(network, arguments.node_modules)
    outputs = judge.run(network_input(image), folder)
    return [outputs[name].transpose(2, 0, 1).astype(np.float64) for name in names]


def taps(count, size, begin, part):
    """For each of so many pixels over a part of an axis: the one below, the one above, and the latter's weight."""
    place = np.clip((np.arange(count) + 0.5) * part / count + begin - 0.5, 0, size - 1)
    low = np.floor(place).astype(int)
    return low, np.minimum(low + 1, size - 1), place - low


def probabilities(coefficients, maps, image):
    """Of each pixel of the picture."""
    shares = sigmoid(np.einsum("k,kij->ij", coefficients, maps))
    scale = maps.shape[1] / ROWS
    rows, cols, top, left = (extent * scale for extent in placed(image))
    low, high, weight = taps(image.shape[0], maps.shape[1], top, rows)
    shares = shares[low] * (1 - weight)[:, None] + shares[high] * weight[:, None]
    low, high, weight = taps(image.shape[1], maps.shape[2], left, cols)
    return shares[:, low] * (1 - weight) + shares[:, high] * weight


def mask_and_doubt(box, coefficients, maps, image):
    """Which pixels belong to the object, and where rounding may decide."""
    shares = probabilities(coefficients, maps, image)
    y, x = np.arange(image.shape[0])[:, None] + 0.5, np.arange(image.shape[1])[None] + 0.5
    inside = (x >= box[0]) & (x < box[2]) & (y >= box[1]) & (y < box[3])
    edges = [np.abs(x - box[0]), np.abs(x - box[2]), np.abs(y - box[1]), np.abs(y - box[3])]
    near_edge = np.minimum(np.minimum(edges[0], edges[1]), np.minimum(edges[2], edges[3])) < 0.05
    return (shares > 0.5) & inside, (np.abs(shares - 0.5) < 0.002) | near_edge


def read_mask(segmentation):
    """COCO's compressed run lengths: 5 bits a character, the sixth says that more follow; differences from the fourth."""
    rows, cols = segmentation["size"]
    runs, number, bits = [], 0, 0
    for character in segmentation["counts"]:
        value = ord(character) - 48
        number |= (value & 31) << bits
        bits += 5
        if value & 32:
            continue
        if value & 16:
            number -= 1 << bits
        runs.append(number + (runs[-2] if len(runs) > 2 else 0))
        number, bits = 0, 0
    pixels = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    if min(runs) < 0 or len(pixels) != rows * cols or 0 in runs[1:]:
        raise OracleError(f"runs {runs} are none of a mask of {rows} x {cols} pixels")
    return pixels.reshape(cols, rows).T


def same_object(expected, found):
    """The row of an expected detection that a found one is nearest to."""
    left, top, width, height = found["bbox"]
    wanted = [1e3 * (found["category_id"] - 1), 1e3 * found["score"], left, top, left + width, top + height]
    distances = np.abs(expected[:, :6] * [1e3, 1e3, 1, 1, 1, 1] - wanted).max(1)
    return expected[distances.argmin()] if distances.min() < 1.5 else None


def compare(expected, found, maps, image):
    """The pixels of all masks, those that are wrong, and why all is wrong, or nothing."""
    if len(found) != len(expected) or not found:
        return 0, 0, f"{len(found)} objects instead of {len(expected)}"
    pixels = wrong = 0
    for detection in found:
        row = same_object(expected, detection)
        if row is None:
            return 0, 0, f"{detection['bbox']} is nowhere expected"
        mask = read_mask(detection["segmentation"])
        if mask.shape != image.shape[:2]:
            return 0, 0, f"a mask of {mask.shape} pixels"
        wanted, doubt = mask_and_doubt(row[2:6], row[6:], maps, image)
        pixels += int(wanted.sum())
        wrong += int(((mask != wanted) & ~doubt).sum())
    return pixels, wrong, ""


def is_drawn(path, image, found):
    """Whether most pixels of the masks are others in the drawing."""
    drawn = cv2.imread(str(path)).astype(int)
    changed = np.abs(drawn - image).max(2) > 24  # a JPEG's own changes are less
    masks = np.any([read_mask(d["segmentation"]) for d in found], 0)
    return changed[masks].mean() > 0.9


def judge(kind, arguments, folder):
    make, decode, wanted, nms = KINDS[kind]
    maker = Maker(seed=7)
    names = make(maker)
    path, model, picture = folder / f"{kind}.onnx", folder / f"{kind}.h5", folder / "picture.png"
    maker.save(path)
    said = run_quietly([arguments.vpinfer, "import", path, "-o", model])
    first = said.splitlines()[0]
    if f"recognised: ends like {wanted}" not in first or "with masks" not in first:
        raise OracleError(f"{kind} is not recognised: {first}")
    noise = np.random.default_rng(3).integers(60, 196, (12, 15, 3), np.uint8)
    image = cv2.resize(noise, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    cv2.imwrite(str(picture), image)
    *raw, maps = judged_tensors(path, names, image, arguments, folder)
    boxes, scores, coefficients = (np.concatenate(part) for part in zip(*decode(raw)))
    boxes = np.clip(in_picture(boxes, "letterbox", HEIGHT, WIDTH, maker), 0, [WIDTH, HEIGHT] * 2)
    expected = suppressed(boxes, scores, coefficients, THRESHOLD, nms)
    failures = 0
    for ranks in arguments.ranks:
        output = folder / f"out-{ranks}"
        said = run_quietly([*launcher(ranks), arguments.vpinfer, "run", "--model", model, "--input", picture, "--output",
                            output, "--threshold", str(THRESHOLD), *(["--compare-single"] if ranks > 1 else [])])
        found = json.loads((output / "detections.json").read_text())
        pixels, wrong, complaint = compare(expected, found, maps, image)
        if not complaint and not is_drawn(output / "picture.png.jpg", image, found):
            complaint = "the masks are not drawn"
        if ranks > 1 and not re.search(r"masks by (1\.000|0\.99\d)", said):
            complaint = "one rank makes other masks"
        agree = not complaint and wrong == 0 and pixels > 1000
        failures += not agree
        print(f"{kind:10} {ranks} ranks: {len(found)} masks of {pixels} pixels, {wrong} wrong{complaint and ': '}{complaint}: "
              f"{'pass' if agree else 'FAIL'}")
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vpinfer", required=True, type=Path)
    parser.add_argument("--ranks", nargs="+", type=int, default=[1])
    parser.add_argument("--only", nargs="*", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--judge", choices=("opencv", "onnxruntime"), default="opencv", help="default opencv")
    parser.add_argument("--node-modules", type=Path, metavar="DIR", help="where onnxruntime-node is, instead of $NODE_PATH")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return 1 if sum(judge(kind, arguments, Path(folder)) for kind in arguments.only) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except OracleError as error:
        print(f"masks_oracle: {error}", file=sys.stderr)
        sys.exit(2)
