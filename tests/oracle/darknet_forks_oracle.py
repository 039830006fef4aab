#!/usr/bin/python3
"""Compares vpinfer with what Darknet's forks compute, in numpy, and with OpenCV where it reads the same: small networks
of every layer and key of theirs, and networks like those that they train, alone and on several ranks; every layer, and
the boxes of heads.

    darknet_forks_oracle.py --vpinfer build/release/vpinfer [--ranks 3] [--only yolo]
"""

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import h5py
import numpy as np

from darknet_files import OracleError, launcher, random_picture, run_quietly
from darknet_fork_networks import CLASSES, NETWORKS
from darknet_forks import Forks, parse

BOUND = 2e-5
BOX_BOUND = 0.05  # pixels
SCORE_BOUND = 1e-4
THRESHOLD = 0.2
SIZE = 48


def net(rows=SIZE, columns=SIZE):
    return f"[net]\nwidth={columns}\nheight={rows}\nchannels=3\n\n"


def conv(filters, size=3, stride=1, activation="leaky", extra=""):
    return (f"[convolutional]\nbatch_normalize=1\nfilters={filters}\nsize={size}\nstride={stride}\npad=1\n"
            f"activation={activation}\n{extra}\n")


def head(kind, filters, extra="", activation="linear"):
    return (f"[convolutional]\nfilters={filters}\nsize=1\nstride=1\npad=1\nactivation={activation}\n\n[{kind}]\n"
            f"mask=1,2\nanchors=5,7, 10,14, 20,11\nclasses={CLASSES}\nnum=3\n{extra}\n")


@dataclass(frozen=True)
class Case:
    """A network. `opencv`: whether OpenCV 4.6 reads it as the forks do; `plain`: each section is one layer; `epsilon`:
    what batch normalisation adds to variances, if not OpenCV's."""
    name: str
    text: str
    opencv: bool = False
    plain: bool = True
    epsilon: float | None = None


def cases():
    body = net() + conv(8, stride=2)
    yield Case("activations", body + "".join(conv(8, 3, 1, name) for name in (
        "relu6", "silu", "hard_mish", "gelu", "revleaky")) + "[activation]\nactivation=swish\n\n[empty]\n\n[silence]\n")
    yield Case("activations-opencv", body + conv(8, 3, 1, "swish") + conv(8, 3, 1, "mish") + conv(8, 3, 1, "logistic")
               + conv(8, 3, 1, "relu"), opencv=True)
    yield Case("text", "\ufeff" + net() + "[Convolutional]  # first\nbatch_normalize=1\nFilters=6 # six\nSIZE=3\nstride=2;two\n"
               "pad=1\nactivation=LEAKY # as ever\n\n[dropout]\nprobability=.15\n\n[cost]\ntype=sse\n")
    yield Case("strides", net(40, 56) + conv(6, 3, 1, extra="stride_x=2\nstride_y=1\n") + conv(6, 3, 2, extra="stride_y=1\n")
               + "[maxpool]\nsize=3\nstride_x=1\nstride_y=2\n\n[local_avgpool]\nsize=3\nstride=2\nstride_x=1\n")
    yield Case("dilation", body + conv(8, extra="dilation=2\n") + conv(8, 5, 2, extra="dilation=3\n")
               + conv(8, 1, extra="dilation=3\n"))
    yield Case("antialiasing", body + conv(8, 3, 2, extra="antialiasing=1\n")
               + "[maxpool]\nsize=2\nstride=2\nantialiasing=1\n\n" + conv(8), plain=False)
    yield Case("antialiasing-2", net(50, 50) + conv(8, 3, 2, extra="antialiasing=2\n")
               + "[maxpool]\nsize=3\nstride=2\nantialiasing=2\n\n[route]\nlayers=-1\n\n" + conv(8), plain=False)
    yield Case("depth", body + conv(24) + "[maxpool]\nmaxpool_depth=1\nout_channels=4\n\n" + conv(8)
               + "[maxpool]\nmaxpool_depth=1\n\n" + conv(7) + "[maxpool]\nmaxpool_depth=1\nout_channels=7\n", plain=False)
    yield Case("groups", body + conv(12, extra="groups=4\n") + "[route]\nlayers=-1\ngroups=3\ngroup_id=2\n\n" + conv(8)
               + "[route]\nlayers=-1,-3\n\n" + conv(8), opencv=True)
    yield Case("groups-of-many", body + conv(12) + "[route]\nlayers=-1,-2\ngroups=2\ngroup_id=1\n\n" + conv(8)
               + "[route]\nlayers=1\ngroups=1\n", plain=False)
    yield Case("shortcuts", body + conv(8) + conv(8) + "[shortcut]\nfrom=-2,-3\nactivation=leaky\n\n" + conv(6)
               + "[shortcut]\nfrom=-2,1\nactivation=mish\n\n" + conv(12) + "[shortcut]\nfrom=-2,-3,-4\n")
    for norm in ("none", "relu", "softmax"):
        yield Case(f"weighted-{norm}", body + conv(8) + conv(8) + "[shortcut]\nfrom=-2,-3\nweights_type=per_feature\n"
                   f"weights_normalization={norm}\nactivation=swish\n\n" + conv(12)
                   + f"[shortcut]\nfrom=-2\nweights_type=per_channel\nweights_normalization={norm}\n\n" + conv(4))
    yield Case("squeeze", body + "[avgpool]\n\n" + conv(4, 1, 1, "swish") + conv(8, 1, 1, "logistic")
               + "[scale_channels]\nfrom=-4\n\n" + conv(8), opencv=True)
    yield Case("attention", body + conv(8, 1, 1, "logistic") + "[sam]\nfrom=-2\n\n" + conv(8), opencv=True)
    yield Case("per-pixel", body + conv(1, 1, 1, "logistic") + "[scale_channels]\nfrom=-2\nscale_wh=1\nactivation=relu\n\n"
               + conv(8))
    yield Case("blocks", body + "[reorg3d]\nstride=2\n\n" + conv(8) + "[upsample]\nstride=3\nscale=0.5\n")
    yield Case("norms", body + "[batchnorm]\n\n" + conv(8, extra="cbn=1\n") + "[connected]\noutput=10\nbatch_normalize=1\n"
               "activation=tanh\n")
    yield Case("variance-epsilon", body + conv(8), epsilon=0.25)
    yield Case("implicit", body + "[implicit_add]\nfilters=8\n\n[implicit]\nfilters=6\n\n[implicit]\nfilters=5\natoms=3\n\n"
               "[route]\nlayers=0\n\n[shift_channels]\nfrom=1\n\n" + conv(6) + "[control_channels]\nfrom=2\n")
    yield Case("shared", body + conv(8) + conv(8, extra="share_index=1\ndilation=2\n") + conv(8, activation="mish",
               extra="share_index=-1\n"))
    yield Case("yolo", body + head("yolo", 16), opencv=True)
    yield Case("yolo-stretched", body + head("yolo", 16, "scale_x_y=1.2\nbeta_nms=0.6\nnms_kind=greedynms\n"), opencv=True)
    yield Case("yolo-new-coords", body + head("yolo", 16, "scale_x_y=2.0\nnew_coords=1\nnms_kind=diounms\n", "logistic"),
               opencv=True)
    for point in ("center", "left_top", "right_bottom"):
        yield Case(f"gaussian-{point}", body + head("Gaussian_yolo", 24, f"scale_x_y=1.1\nyolo_point={point}\n"))
    for name, text in NETWORKS.items():
        yield Case(name, text(), opencv=True)


def run_opencv(case, directory):
    """OpenCV's outputs, one after another; of a head [cells][x, y, width, height, objectness, ...]."""
    (directory / "opencv.cfg").write_text(case.text)
    try:
        network = cv2.dnn.readNetFromDarknet(str(directory / "opencv.cfg"), str(directory / "network.weights"))
        network.setInput(case_picture(case).transpose(2, 0, 1)[None])
        return network.forward(network.getUnconnectedOutLayersNames())
    except cv2.error as error:
        raise OracleError(f"OpenCV cannot run {case.name}: {error}") from error


def case_picture(case):
    """8-bit colours in [0, 1], so that a PNG of it is the same."""
    options = parse(case.text)[0][1]
    shape = int(options["height"]), int(options["width"]), 3
    return np.round(random_picture(shape, 1) * 255).astype(np.float32) / 255


def difference(actual, expected):
    if actual.shape != expected.shape:
        return np.inf
    return np.abs(actual - expected).max() / max(np.abs(expected).max(), 1e-6)


class Program:
    """vpinfer with a case imported into it."""

    def __init__(self, program, case, forks, directory):
        self.program, self.case, self.directory = program.resolve(), case, directory
        (directory / "network.cfg").write_text(case.text)
        forks.weights.write(directory / "network.weights")
        self.picture = directory / "picture.png"
        cv2.imwrite(str(self.picture), np.round(forks.picture[:, :, ::-1] * 255).astype(np.uint8))
        run_quietly([self.program, "import", directory / "network.cfg", directory / "network.weights", "-o",
                     directory / "model.h5", *(["--variance-epsilon", case.epsilon] if case.epsilon else [])])

    def run(self, ranks=None, strategy=None):
        """(tensors by name, the report)"""
        dump, report = self.directory / "dump.h5", self.directory / "report.json"
        dump.unlink(missing_ok=True)
        run_quietly([*launcher(ranks), self.program, "run", "--model", self.directory / "model.h5", "--input", self.picture,
                     "--threshold", THRESHOLD, "--nms", 1, "--dump-output", dump, "--dump-layers", "all", "--json", report,
                     *(["--strategy", strategy] if strategy else [])])
        with h5py.File(dump) as file:
            return {int(name): layer[()] for name, layer in file["layers"].items()}, json.loads(report.read_text())


def check_boxes(found, expected):
    """Every expected box has been found, and nothing else; None or what is wrong."""
    left = list(found)
    if not left:
        return "there are no boxes to compare"
    for box in expected:
        if box["objectness"] <= THRESHOLD or box["score"] <= THRESHOLD + SCORE_BOUND or not box["width"] * box["height"]:
            continue
        match = next((d for d in left if d["category_id"] == box["class"] + 1 and abs(d["score"] - box["score"]) < SCORE_BOUND
                      and np.abs(np.array(d["bbox"]) - [box[k] for k in ("left", "top", "width", "height")]).max() < BOX_BOUND),
                     None)
        if match is None:
            return f"box {box} is missing"
        left.remove(match)
    surplus = [d for d in left if d["score"] > THRESHOLD + SCORE_BOUND]
    return f"box {surplus[0]} should not be" if surplus else None


def check_opencv(case, forks, directory):
    """OpenCV agrees with the derivation: None or what differs."""
    outputs = run_opencv(case, directory)
    if outputs[0].ndim == 4:
        found = difference(outputs[0][0].transpose(1, 2, 0), forks.outputs[-1])
        return f"OpenCV differs by {found:.1e}" if not found < BOUND else None
    rows, columns = forks.picture.shape[:2]
    boxes = forks.boxes()[::CLASSES]
    expected = np.array([[b["left"] + b["width"] / 2, b["top"] + b["height"] / 2, b["width"], b["height"]] for b in boxes])
    inside = [b["left"] > 0 and b["top"] > 0 and b["left"] + b["width"] < columns and b["top"] + b["height"] < rows
              for b in boxes]
    found = np.abs(np.concatenate(outputs)[:, :4] * [columns, rows, columns, rows] - expected)[inside].max()
    return f"OpenCV's boxes differ by {found:.2f} pixels" if not found < BOX_BOUND else None


def check(case, arguments, directory):
    """The first thing that is wrong with a case, or None."""
    forks = Forks(case.text, case_picture(case), batch_norm_epsilon=case.epsilon or 1e-6)
    program = Program(arguments.vpinfer, case, forks, directory)
    if case.opencv and (failure := check_opencv(case, forks, directory)):
        return failure
    runs = [(None, None), *((ranks, strategy) for ranks in arguments.ranks for strategy in ("data", "vertical"))]
    for ranks, strategy in runs:
        layers, report = program.run(ranks, strategy)
        where = f"{ranks} ranks, {strategy}" if ranks else "alone"
        numbers = range(len(forks.outputs)) if case.plain else [len(forks.outputs) - 1]
        for number in numbers:
            found = layers[number] if case.plain else layers[max(layers)]
            worst = difference(found, forks.outputs[number])
            if not worst < BOUND:
                return f"{where}: layer {number} differs by {worst:.1e}"
        if "yolo" in parse(case.text)[-1][0]:
            if failure := check_boxes(report["detections"], forks.boxes()):
                return f"{where}: {failure}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vpinfer", type=Path, required=True, help="the program to judge")
    parser.add_argument("--ranks", type=int, nargs="+", default=[], metavar="N", help="also run on so many MPI ranks")
    parser.add_argument("--only", default="", metavar="TEXT", help="only the cases with this in their name")
    arguments = parser.parse_args()
    failures = 0
    for case in cases():
        if arguments.only not in case.name:
            continue
        with tempfile.TemporaryDirectory() as name:
            failure = check(case, arguments, Path(name))
        failures += failure is not None
        print(f"{case.name:<22} {failure or 'agrees' + (', OpenCV too' if case.opencv else '')}", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except OracleError as error:
        print(f"darknet_forks_oracle: {error}", file=sys.stderr)
        sys.exit(2)
