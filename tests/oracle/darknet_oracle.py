#!/usr/bin/python3
"""Compares every layer of vpinfer with the original Darknet, on the same cfg, seeded weights and seeded picture.

    darknet_oracle.py --vpinfer build/release/vpinfer --cfg /usr/share/darknet/cfg/yolov2.cfg --size 416x416
    darknet_oracle.py --vpinfer build/release/vpinfer --cfg tests/oracle/odd.cfg --ranks 3 8 --strategies data vertical

Prints a line per layer; ends with 1 and names the first layer that fails if shapes differ or a value differs by more
than 1e-3 of the layer's scale, its largest magnitude; with 2 if a program could not be run. Without --vpinfer it only
shows Darknet's side.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import h5py

from darknet_files import (DARKNET_VARIANCE, JUDGE_BOUND, DarknetCase, OracleError, Vpinfer, compare_layers, describe,
                           parse_size, read_cfg)


def check_vpinfer(case, vpinfer, ranks, strategies):
    """Runs alone and on every (ranks, strategy); returns the first failure or None."""
    expected = dict(enumerate(case.layers))
    for count, strategy in [(None, None)] + [(count, strategy) for count in ranks for strategy in strategies]:
        title = f"{count} ranks, {strategy}" if count else "single process"
        print(title)
        with h5py.File(vpinfer.run(count, strategy)) as dump:
            failure = compare_layers(dump, expected, case.cfg, JUDGE_BOUND)
        if failure:
            return f"{title}: {failure}"
    return None


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vpinfer", type=Path, help="the program to judge")
    parser.add_argument("--cfg", type=Path, required=True, help="a Darknet cfg")
    parser.add_argument("--size", type=parse_size, metavar="ROWSxCOLUMNS", help="instead of the size in the cfg")
    parser.add_argument("--seed", type=int, default=1, help="of weights and picture (default 1)")
    parser.add_argument("--ranks", type=int, nargs="+", default=[], metavar="N", help="also run on so many MPI ranks")
    parser.add_argument("--strategies", nargs="+", default=["vertical"], metavar="S",
                        help="for --ranks (default vertical)")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    with tempfile.TemporaryDirectory() as directory:
        case = DarknetCase(read_cfg(arguments.cfg, arguments.size), arguments.seed, DARKNET_VARIANCE, directory)
        if not arguments.vpinfer:
            for index, layer in enumerate(case.layers):
                print(f"  {index:<3} {case.cfg.layer_types[index]:<14} {describe(layer)}")
            return 0
        vpinfer = Vpinfer(arguments.vpinfer, case, directory)
        failure = check_vpinfer(case, vpinfer, arguments.ranks, arguments.strategies)
    print(failure or "pass: every layer agrees with Darknet")
    return 1 if failure else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except OracleError as error:
        print(f"darknet_oracle: {error}", file=sys.stderr)
        sys.exit(2)
