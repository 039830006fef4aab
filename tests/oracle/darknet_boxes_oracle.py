#!/usr/bin/python3
"""Compares what vpinfer sees in a picture with what Darknet sees, for each of Darknet's heads and classifiers.

    darknet_boxes_oracle.py --vpinfer build/release/vpinfer [--case map] [--seed 1]

Seeded weights, the same PNG; boxes are compared before suppression and within the picture. Prints a line per case; ends
with 1 if a box or class is missing or differs, with 2 if a program could not be run.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

from darknet_files import (INCLUDE_DIRECTORY, LIBRARY_DIRECTORY, Cfg, DarknetCase, OracleError, random_picture,
                           read_cfg, run_quietly)

CFGS = Path("/usr/share/darknet/cfg")
TREE = Path("/usr/share/darknet/data/9k.tree")
MAP = Path("/usr/share/darknet/data/coco9k.map")
TREE_CLASSES = 9418

PICTURE = (90, 130, 3)  # neither a network's size nor its shape
VARIANCE = 1            # of values before batch normalisation
WIDER = 3               # the last layer's weights by so much, or no class of a tree would be likely
SCORE_BOUND = 1e-4      # of a score of 1 or less, else of the score
PIXEL_BOUND = 0.05


def small_cfg(filters, head):
    """Cells of 16 x 16 pixels and 32 channels, a convolution that makes `filters` of them, and a head."""
    layers = "".join(f"[convolutional]\nbatch_normalize=1\nfilters={n}\nsize=3\nstride=2\npad=1\nactivation=leaky\n"
                     for n in (8, 16, 16, 32))
    last = f"[convolutional]\nfilters={filters}\nsize=1\nstride=1\npad=1\nactivation=linear\n"
    return Cfg(f"[net]\nbatch=1\nheight=96\nwidth=128\nchannels=3\n{layers}{last}{head}")


def tree_region(extra=""):
    return (f"[region]\nanchors=0.8,1.1, 3,4.3, 2,1.5\nclasses={TREE_CLASSES}\ncoords=4\nnum=3\nsoftmax=1\n"
            f"tree={TREE}\n{extra}")


class Case:
    """A network, how pictures become its input, and from which score on boxes count (none: a classifier)."""

    def __init__(self, cfg, threshold=None, resize="letterbox", map_path=None, filters=0, inputs=0):
        self.cfg = cfg
        self.threshold = threshold
        self.resize = resize
        self.map_path = map_path
        self.wide_values = filters * (inputs + 1)  # of the last convolution, at the end of a weights file


def make_cases():
    anchors = 3 * (5 + TREE_CLASSES)
    return {
        "yolov2": lambda: Case(read_cfg(CFGS / "yolov2-tiny-voc.cfg", (160, 224)), 0.1),
        "yolov3": lambda: Case(read_cfg(CFGS / "yolov3-tiny.cfg", (160, 224)), 0.6),
        "yolov1": lambda: Case(read_cfg(CFGS / "yolov1-tiny.cfg"), 0.5, "stretch"),
        "tree": lambda: Case(small_cfg(anchors, tree_region()), 0.3, filters=anchors, inputs=32),
        "map": lambda: Case(small_cfg(anchors, tree_region(f"map={MAP}\n")), 0.0005, map_path=MAP, filters=anchors,
                            inputs=32),
        "softmax": lambda: Case(small_cfg(50, "[avgpool]\n[softmax]\ngroups=1\n[cost]\n"), filters=50, inputs=32),
        "softmax_tree": lambda: Case(small_cfg(TREE_CLASSES, f"[avgpool]\n[softmax]\ngroups=1\ntree={TREE}\n[cost]\n"),
                                     filters=TREE_CLASSES, inputs=32),
    }


def widen(path, count):
    """Multiplies the last values of a weights file."""
    content = bytearray(path.read_bytes())
    values = np.frombuffer(content, np.float32, count, len(content) - 4 * count)
    values *= WIDER
    path.write_bytes(content)


def darknet_answer(case, files, picture_path, directory):
    """Rows of class, score and, of a detector, x, y, width and height."""
    program = directory / "darknet_boxes"
    run_quietly([os.environ.get("CC", "cc"), "-O2", Path(__file__).with_name("darknet_boxes.c"), "-o", program,
                 "-isystem", INCLUDE_DIRECTORY, f"-L{LIBRARY_DIRECTORY}", "-ldarknet",
                 f"-Wl,-rpath,{LIBRARY_DIRECTORY}", "-lm"])
    what = ["classes", 5] if case.threshold is None else ["boxes", case.threshold, case.map_path or "-"]
    command = [program, what[0], files.cfg_path, files.weights_path, picture_path, case.resize, *what[1:]]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OracleError(f"darknet_boxes ended with {done.returncode}: {done.stderr[-500:]}")
    # Darknet talks on stdout too.
    columns = 2 if case.threshold is None else 6
    lines = [line for line in done.stdout.splitlines() if re.fullmatch(rf"\d+( [-+.einf\d]+){{{columns - 1}}}", line)]
    return np.array([[float(word) for word in line.split()] for line in lines]).reshape(-1, columns)


def within_picture(rows):
    """From centre and extent to left, top, width and height inside the picture; boxes outside are dropped."""
    low = np.clip(rows[:, 2:4] - rows[:, 4:6] / 2, 0, PICTURE[1::-1])
    high = np.clip(rows[:, 2:4] + rows[:, 4:6] / 2, 0, PICTURE[1::-1])
    return np.hstack([rows[:, :2], low, high - low])[np.all(high > low, axis=1)]


def vpinfer_answer(case, program, files, picture_path, directory):
    """The same of vpinfer's report; boxes by left, top, width and height."""
    model, report = directory / "model.h5", directory / "report.json"
    labels = directory / "numbers.names"
    classifier = case.threshold is None
    run_quietly([program, "import", files.cfg_path, files.weights_path, "-o", model,
                 *(["--stretch"] if case.resize == "stretch" else [])])
    options = [] if classifier else ["--threshold", case.threshold, "--nms", 1]
    run_quietly([program, "run", "--model", model, "--input", picture_path, "--json", report, *options])
    answer = json.loads(report.read_text())
    if classifier:
        [picture] = answer["classifications"]
        return np.array([[c["class_index"], c["score"]] for c in picture["classes"]])
    rows = [[int(d["category"].split()[1]), d["score"], *d["bbox"]] for d in answer["detections"]]
    return np.array(rows, dtype=float).reshape(-1, 6)


def unmatched(rows, others):
    """How many rows have no counterpart of their own; and the largest differences of those that have."""
    free = np.ones(len(others), dtype=bool)
    missing, largest = 0, np.zeros(rows.shape[1])
    for row in rows:
        differences = np.abs(others - row)
        bounds = [0, SCORE_BOUND * max(1, row[1])] + [PIXEL_BOUND] * (len(row) - 2)
        candidates = np.flatnonzero(free & np.all(differences <= bounds, axis=1))
        if not len(candidates):
            missing += 1
            continue
        best = candidates[np.argmin(differences[candidates].sum(axis=1))]
        free[best] = False
        largest = np.maximum(largest, differences[best])
    return missing, largest


def judge(name, case, program, seed):
    """Prints a line and returns whether vpinfer sees what Darknet sees."""
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        files = DarknetCase(case.cfg, seed, VARIANCE, directory)
        if case.wide_values:
            widen(files.weights_path, case.wide_values)
        picture_path = directory / "picture.png"
        cv2.imwrite(str(picture_path), (random_picture(PICTURE, seed + 1) * 255).astype(np.uint8))
        theirs = darknet_answer(case, files, picture_path, directory)
        ours = vpinfer_answer(case, program, files, picture_path, directory)
    if case.threshold is not None:
        theirs = within_picture(theirs)
        # What is hardly above the threshold may be hardly below it for the other.
        sure = case.threshold + SCORE_BOUND
        missing, largest = unmatched(theirs[theirs[:, 1] > sure], ours)
        surplus, _ = unmatched(ours[ours[:, 1] > sure], theirs)
    else:
        missing, largest = unmatched(theirs, ours)
        surplus, _ = unmatched(ours, theirs)
    good = len(theirs) > 0 and missing == 0 and surplus == 0
    kinds = len(set(theirs[:, 0]))
    print(f"  {name:<13} {len(theirs):>5} of {kinds:>4} classes, scores {theirs[:, 1].min(initial=1):.4f} to "
          f"{theirs[:, 1].max(initial=0):.4f}: "
          f"{'ok' if good else f'FAIL {missing} missing, {surplus} too many'}, largest differences "
          f"{largest[1]:.1e} in score, {largest[2:].max(initial=0):.1e} pixels", flush=True)
    return good


def main():
    cases = make_cases()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vpinfer", type=Path, required=True, help="the program to judge")
    parser.add_argument("--case", choices=cases, action="append", help="only these (default all)")
    parser.add_argument("--seed", type=int, default=1, help="of weights and picture (default 1)")
    arguments = parser.parse_args()
    verdicts = [judge(name, cases[name](), arguments.vpinfer.resolve(), arguments.seed)
                for name in arguments.case or cases]
    print("pass: vpinfer sees what Darknet sees" if all(verdicts) else "FAIL")
    return 0 if all(verdicts) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except OracleError as error:
        print(f"darknet_boxes_oracle: {error}", file=sys.stderr)
        sys.exit(2)
