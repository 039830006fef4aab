#!/usr/bin/python3
"""Compares vpinfer with OpenCV's reading of the same Darknet cfg and seeded weights, on the same seeded picture.

    opencv_oracle.py --vpinfer build/release/vpinfer --cfg /usr/share/darknet/cfg/yolov2.cfg --size 416x416

The judged layers are the raw convolutions that feed region or yolo, and all others whose output OpenCV orders as
Darknet does; its own region layer does not. Prints a line per layer; ends with 1 and names the first that fails, with 2
if a program could not be run. Without --vpinfer it compares OpenCV with Darknet.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import cv2
import h5py

from darknet_files import JUDGE_BOUND, DarknetCase, OracleError, Vpinfer, compare_layers, parse_size, read_cfg

# Large, so that it does not matter that OpenCV adds its epsilon under the square root and Darknet after it.
VARIANCE = 100

# OpenCV numbers an activation after the layer that follows, everything else after its own Darknet layer.
ACTIVATIONS = ("leaky", "relu", "logistic", "tanh", "swish", "mish")


def final_blobs(net, cfg):
    """For the Darknet layers whose output OpenCV has in the same order: index -> name of the OpenCV layer."""
    blobs = {}
    for name in net.getLayerNames():
        kind, _, number = name.rpartition("_")
        if number.isdigit():
            blobs[int(number) - (kind in ACTIVATIONS)] = name
    return {index: blobs[index] for index in sorted(blobs) if cfg.layer_types[index] not in ("region", "yolo")}


def run_opencv(case):
    """OpenCV's output of each such layer: index -> [rows][columns][channels]."""
    try:
        net = cv2.dnn.readNetFromDarknet(str(case.cfg_path), str(case.weights_path))
        net.enableFusion(False)  # a fused activation would overwrite the layer before it
        net.setInput(case.picture.transpose(2, 0, 1)[None])
        blobs = final_blobs(net, case.cfg)
        outputs = net.forward(list(blobs.values()))
    except cv2.error as error:
        raise OracleError(f"OpenCV cannot run {case.cfg_path.name}: {error}") from error
    return {index: output[0].transpose(1, 2, 0) if output.ndim == 4 else output.reshape(1, 1, -1)
            for index, output in zip(blobs, outputs)}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vpinfer", type=Path, help="the program to judge")
    parser.add_argument("--cfg", type=Path, required=True, help="a Darknet cfg")
    parser.add_argument("--size", type=parse_size, metavar="ROWSxCOLUMNS", help="instead of the size in the cfg")
    parser.add_argument("--seed", type=int, default=1, help="of weights and picture (default 1)")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    with tempfile.TemporaryDirectory() as directory:
        case = DarknetCase(read_cfg(arguments.cfg, arguments.size), arguments.seed, VARIANCE, directory)
        expected = run_opencv(case)
        if arguments.vpinfer:
            with h5py.File(Vpinfer(arguments.vpinfer, case, directory).run()) as dump:
                failure = compare_layers(dump, expected, case.cfg, JUDGE_BOUND)
        else:
            darknet = {f"{group}/{i}": layer for group in ("layers", "output") for i, layer in enumerate(case.layers)}
            failure = compare_layers(darknet, expected, case.cfg, JUDGE_BOUND)
    print(failure or "pass: every layer agrees with OpenCV")
    return 1 if failure else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except OracleError as error:
        print(f"opencv_oracle: {error}", file=sys.stderr)
        sys.exit(2)
