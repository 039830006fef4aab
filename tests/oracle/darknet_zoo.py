#!/usr/bin/python3
"""Judges vpinfer on every convolutional network of Debian's `darknet` package, with seeded weights and pictures.

    darknet_zoo.py --vpinfer build/release/vpinfer --table tests/oracle/darknet_zoo.md     # all, about half an hour
    darknet_zoo.py --vpinfer build/release/vpinfer --quick                                 # a representative part
    darknet_zoo.py --vpinfer build/release/vpinfer --only go alexnet --ranks 8 --strategies vertical

For each cfg:
1. every layer of vpinfer alone against Darknet's, within 1e-3 of the layer's scale, its largest magnitude;
2. every result on 2, 3, 5 and 8 ranks, divided by `data` and by `vertical`, against vpinfer's alone, within 1e-4 of the
   result's largest magnitude;
3. the largest share of the model's weights that one of 8 ranks holds under `vertical`; where connected and local layers
   have more than half of the weights, it may be at most 1/6.

Prints a line per cfg and writes the table of all; ends with 1 if any cfg fails or cannot be run. Without --vpinfer it
shows Darknet's side, and whether every layer is finite and of a sane scale.
"""

import argparse
import itertools
import json
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np

from darknet_files import (DARKNET_VARIANCE, JUDGE_BOUND, DarknetCase, OracleError, Vpinfer, compare, compare_layer,
                           describe, read_cfg)

RANK_BOUND = 1e-4
SHARE_RANKS = 8
SHARE_BOUND = 1 / 6
SANE_SCALES = (1e-5, 100)

RECURRENT = ("gru", "rnn", "rnn.train")

# Rows, columns: instead of the size in the cfg, where that keeps Darknet busy for more than a few seconds.
SIZES = {
    "yolo9000": (320, 416),
    "yolov2": (416, 416),
    "yolov3": (416, 416),
    "yolov3-openimages": (256, 352),
    "yolov3-spp": (320, 416),
    "yolov3-voc": (352, 288),
}

# Those that --quick judges: together they have every kind of layer, every family and all oddities.
QUICK_SIZES = {
    "alexnet": None,
    "cifar.test": None,
    "darknet19": (224, 256),
    "darknet53": (192, 224),
    "darknet9000": (224, 192),
    "densenet201": (160, 128),
    "extraction.conv": (192, 192),
    "go": None,
    "resnet18": None,
    "resnet50": (160, 192),
    "resnext50": (192, 160),
    "strided": None,
    "tiny": None,
    "vgg-16": (224, 224),
    "writing": (96, 128),
    "yolo9000": (224, 160),
    "yolov1": (256, 256),
    "yolov1-tiny": None,
    "yolov3-spp": (160, 224),
    "yolov3-tiny": None,
}


@dataclass
class Largest:
    """The largest of some differences, and where it was."""
    difference: float = 0
    where: str = ""

    def add(self, difference, where):
        if not self.where or difference > self.difference or np.isnan(difference):
            self.difference, self.where = difference, where

    def __str__(self):
        return f"{self.difference:.1e} ({self.where})" if self.where else "-"


@dataclass
class Row:
    """What the table says of a cfg."""
    name: str
    size: tuple
    layers: int = 0
    judged: int = 0
    to_darknet: Largest = field(default_factory=Largest)
    between_ranks: Largest = field(default_factory=Largest)
    share: float | None = None
    failures: list = field(default_factory=list)

    HEADER = ("cfg", "rows x columns", "layers judged", "largest difference to Darknet",
              "largest difference to one rank", f"weights on the fullest of {SHARE_RANKS}", "verdict")

    @property
    def verdict(self):
        return "FAIL: " + self.failures[0] if self.failures else "pass"

    def cells(self):
        """In the order of HEADER."""
        return (self.name, f"{self.size[0]} x {self.size[1]}", f"{self.judged} of {self.layers}", str(self.to_darknet),
                str(self.between_ranks), f"{100 * self.share:.1f} %" if self.share is not None else "-", self.verdict)


def judge_against_darknet(row, case, dump):
    """Every layer of a dump of vpinfer alone."""
    for index, expected in enumerate(case.layers):
        place = f"layer {index}, {case.cfg.layer_types[index]}"
        verdict = compare_layer(dump, f"layers/{index}", expected, case.cfg, JUDGE_BOUND)
        if verdict.difference is not None:
            row.judged += 1
            row.to_darknet.add(verdict.difference, place)
        if verdict.failed:
            row.failures.append(f"{place}: {verdict.text}")


def judge_against_one_rank(row, results, dump, title):
    """Every result of a run on several ranks; `results` maps names of datasets to what vpinfer alone found."""
    for name, expected in results.items():
        if name not in dump:
            row.failures.append(f"{title}: {name} not dumped")
            continue
        verdict = compare(dump[name], expected, RANK_BOUND)
        if verdict.difference is not None:
            row.between_ranks.add(verdict.difference, title)
        if verdict.failed:
            row.failures.append(f"{title}: {name}: {verdict.text}")


def fully_connected_share(case):
    """The share of a model's weights that belongs to connected and local layers."""
    weights = 0
    for index, kind in enumerate(case.cfg.layer_types):
        before = case.layers[index - 1] if index else case.picture
        outputs = case.layers[index].size
        if kind == "connected":
            weights += before.size * outputs
        elif kind == "local":
            weights += int(case.cfg.layer_options[index].get("size", 1)) ** 2 * before.shape[2] * outputs
    return 4 * weights / case.weights_path.stat().st_size


def weights_bytes(vpinfer):
    """What the last run's fullest rank holds."""
    ranks = json.loads(vpinfer.report_path.read_text())["ranks"]
    return max(rank["weights_bytes"] for rank in ranks)


def judge(row, case, arguments, directory):
    """Fills the row of a cfg."""
    vpinfer = Vpinfer(arguments.vpinfer, case, directory)
    with h5py.File(vpinfer.run()) as dump:
        judge_against_darknet(row, case, dump)
        results = {f"output/{name}": values[()] for name, values in dump["output"].items()}
    all_weights = weights_bytes(vpinfer)

    pair = zip if arguments.quick else itertools.product
    for strategy, ranks in pair(arguments.strategies, arguments.ranks):
        with h5py.File(vpinfer.run(ranks, strategy, all_layers=False)) as dump:
            judge_against_one_rank(row, results, dump, f"{ranks} ranks, {strategy}")
        if strategy == "vertical" and ranks == SHARE_RANKS:
            row.share = weights_bytes(vpinfer) / all_weights
    if row.share is not None and row.share > SHARE_BOUND and fully_connected_share(case) > 1 / 2:
        row.failures.append(f"a rank holds {100 * row.share:.1f} % of the weights")


def show_darknet(row, case):
    """Prints Darknet's layers and notes those that would make a bad judge."""
    for index, layer in enumerate(case.layers):
        print(f"  {index:<3} {case.cfg.layer_types[index]:<14} {describe(layer)}")
        scale = np.abs(layer).max()
        if not SANE_SCALES[0] <= scale <= SANE_SCALES[1]:
            row.failures.append(f"layer {index}, {case.cfg.layer_types[index]}: largest magnitude {scale:.1e}")


def judge_cfg(path, size, arguments):
    """The row of a cfg, whatever happens."""
    start = time.monotonic()
    cfg = read_cfg(path, size)
    row = Row(path.stem, cfg.input_shape[:2], len(cfg.layer_types))
    try:
        with tempfile.TemporaryDirectory() as directory:
            case = DarknetCase(cfg, arguments.seed, DARKNET_VARIANCE, directory)
            if arguments.vpinfer:
                judge(row, case, arguments, directory)
            else:
                show_darknet(row, case)
    except (OracleError, OSError, KeyError) as error:
        print(f"{path.stem}: {error}", file=sys.stderr)
        row.failures.append(f"could not be run: {str(error).splitlines()[-1]}")
    print("  ".join(row.cells()), f" {time.monotonic() - start:.0f} s", flush=True)
    return row


def write_table(path, rows, arguments):
    """The committed form of the result."""
    passed = sum(not row.failures for row in rows)
    ranks = ", ".join(str(count) for count in arguments.ranks)
    lines = [
        "# Debian's Darknet networks", "",
        "Made by `tests/oracle/darknet_zoo.py`: seeded weights and pictures, one at a time. Differences are relative to the",
        "largest magnitude of the layer or result. *To Darknet*: every layer of one process, at most "
        f"{JUDGE_BOUND:g}. *To one rank*:",
        f"every result on {ranks} ranks under {' and '.join(arguments.strategies)}, at most {RANK_BOUND:g}. "
        "*Weights*: under vertical, as a share of the",
        "model's; at most 1/6 where connected and local layers have more than half of them.", "",
        f"{passed} of {len(rows)} pass.", "",
        "| " + " | ".join(Row.HEADER) + " |", "| --- | --- | ---: | --- | --- | ---: | --- |"]
    lines += ["| " + " | ".join(cell.replace("|", "/") for cell in row.cells()) + " |" for row in rows]
    path.write_text("\n".join(lines) + "\n")


def chosen_cfgs(arguments):
    """(path, size or None) of every cfg to judge."""
    sizes = SIZES | (QUICK_SIZES if arguments.quick else {})
    names = {path.stem for path in arguments.cfg_dir.glob("*.cfg")} - set(RECURRENT)
    if arguments.quick:
        names = set(QUICK_SIZES)
    if arguments.only:
        names = set(arguments.only)
    paths = [arguments.cfg_dir / f"{name}.cfg" for name in sorted(names)]
    missing = [str(path) for path in paths if not path.is_file()]
    if missing or not paths:
        raise OracleError(f"no such cfg: {', '.join(missing) or arguments.cfg_dir / '*.cfg'}")
    return [(path, sizes.get(path.stem)) for path in paths]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vpinfer", type=Path, help="the program to judge")
    parser.add_argument("--cfg-dir", type=Path, default="/usr/share/darknet/cfg", help="where the cfgs are")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="of cfgs, without .cfg")
    parser.add_argument("--quick", action="store_true", help="fewer cfgs, smaller pictures, the first strategy on the first "
                             "number of ranks, the second on the second")
    parser.add_argument("--seed", type=int, default=1, help="of weights and picture (default 1)")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="cfgs at the same time (default 1)")
    parser.add_argument("--ranks", type=int, nargs="+", default=[2, 3, 5, 8], metavar="N", help="(default 2 3 5 8)")
    parser.add_argument("--strategies", nargs="+", default=["data", "vertical"], metavar="S",
                        help="(default data vertical)")
    parser.add_argument("--table", type=Path, metavar="FILE.md", help="write the results to")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    rows = []
    with ThreadPoolExecutor(arguments.jobs) as pool:
        for row in pool.map(lambda cfg: judge_cfg(*cfg, arguments), chosen_cfgs(arguments)):
            rows.append(row)
            if arguments.table:
                write_table(arguments.table, rows, arguments)
    failed = [row.name for row in rows if row.failures]
    print(f"FAIL: {' '.join(failed)}" if failed else f"pass: {len(rows)} networks")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except OracleError as error:
        print(f"darknet_zoo: {error}", file=sys.stderr)
        sys.exit(2)
