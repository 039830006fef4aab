#!/usr/bin/python3
"""Runs the ONNX project's own operator tests through vpinfer, alone and on several ranks.

    onnx_operators_oracle.py --vpinfer build/release/vpinfer
    onnx_operators_oracle.py --vpinfer build/release/vpinfer --only 'test_conv*' 'pytorch-*/*Pad2d' --keep out/onnx

onnx_cases.py says how a test becomes a network for one picture at a time. One process runs every picture of a test; the
MPI jobs, which take longer to start than to compute, run the first one with each strategy, or with --quick only
those of the first few tests of each operator, with the strategies in turn.

Prints a line per case:

    passed
    unsupported: what vpinfer's import says, which has to be one line with the words `not supported`
    failed: why, and where: in the import, alone, or on how many ranks with which strategy
    skipped: why this is no test for vpinfer

Then, for every operator that vpinfer lists, how its cases ended. Ends with 1 if a case failed, none passed or fewer
passed than --at-least asks for, with 2 if something could not be run at all.
"""

import argparse
import collections
import fnmatch
import itertools
import re
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import numpy as np
import onnx

from darknet_files import MPI_ENVIRONMENT, OracleError, launcher
from onnx_cases import DATA_DIRECTORY, Skipped, cases_of, find_directories, folded_case_of

RELATIVE_BOUND = 1e-3  # as in ONNX's own runner
ABSOLUTE_BOUND = 1e-5  # instead of its 1e-7: sums may be taken in another order

# Operators after which a tensor of 4 dimensions may not be [1][channels][rows][columns]; then vpinfer writes the box
# that it came from, as it does for tensors of other ranks.
RESHAPING = frozenset(("Flatten", "Reshape", "Squeeze", "Transpose", "Unsqueeze"))

STRATEGIES = ("data", "vertical")
QUICK_CASES = 3
TIMEOUT_SECONDS = 120
BAD_INPUT = 3

VERDICTS = ("passed", "failed", "unsupported", "skipped")


class Failed(Exception):
    """What vpinfer did wrong with a case."""


class Unsupported(Exception):
    """What vpinfer says that it does not support."""


def alone_in(folder):
    """The environment of a rank alone that starts in half the time, without Open MPI's daemon. Such ranks have one name
    and would share what they keep in a temporary folder."""
    return MPI_ENVIRONMENT | {"OMPI_MCA_ess_singleton_isolated": "1", "TMPDIR": str(folder.resolve())}


def run(command, environment=MPI_ENVIRONMENT):
    """Runs a command; returns its exit code, its standard output and its standard error without hwloc's remarks."""
    command = [str(word) for word in command]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", env=environment,
                              stdin=subprocess.DEVNULL, timeout=TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise Failed(f"{' '.join(command)}: not done after {TIMEOUT_SECONDS} s") from error
    except OSError as error:
        raise OracleError(f"{' '.join(command)}: {error}") from error
    return done.returncode, done.stdout, [line for line in done.stderr.splitlines() if "hwloc" not in line]


def list_operators(program):
    """The ONNX operators that vpinfer says it supports."""
    command = [program, "import", "--list-layers"]
    code, out, errors = run(command)
    if code != 0:
        raise OracleError(f"{' '.join(str(word) for word in command)}: ended with {code}: {' '.join(errors)}")
    headings = [i for i, line in enumerate(out.splitlines()) if line.lstrip().startswith("ONNX")]
    words = [re.match(r"\s*(\w*)", line).group(1) for line in out.splitlines()[headings[0] + 1:]] if headings else []
    operators = sorted({word for word in words if onnx.defs.has(word)})
    if not operators:
        raise OracleError(f"{program} import --list-layers: no operators below a line that begins with ONNX")
    return operators


def difference(box, expected, operators):
    """None if a box [rows][columns][channels] holds this ONNX tensor of one picture, else what differs."""
    expected = expected.astype(np.float32)
    if box.dtype != np.float32 or box.ndim != 3:
        return f"is {box.dtype} of shape {box.shape}"
    is_picture = expected.ndim == 4 and RESHAPING.isdisjoint(operators)
    if box.size != expected.size or is_picture and box.shape != expected.shape[2:] + expected.shape[1:2]:
        return f"is {box.shape}, expected ONNX's {expected.shape}"
    orders = [box.transpose(2, 0, 1).ravel()]
    if "Transpose" in operators or expected.ndim == 3:
        orders.append(box.ravel())
    if any(np.allclose(order, expected.ravel(), RELATIVE_BOUND, ABSOLUTE_BOUND, equal_nan=True) for order in orders):
        return None
    with np.errstate(invalid="ignore"):
        return f"differs by {np.max(np.abs(orders[0] - expected.ravel())):.3g}"


def read_outputs(path):
    """The boxes of a --dump-output file, by the names of the graph's outputs."""
    def text(name):
        return name.decode() if isinstance(name, bytes) else str(name)

    try:
        with h5py.File(path) as file:
            return {text(dataset.attrs["name"]): dataset[()] for dataset in file["output"].values()}
    except (OSError, KeyError) as error:
        raise Failed(f"{path.name}: {error}") from error


class Judge:
    """Runs cases through a program, alone and in MPI jobs of so many ranks, each in a folder below `directory`."""

    def __init__(self, program, ranks, quick, directory):
        self.program = program
        self.ranks = ranks
        self.quick = quick
        self.directory = Path(directory)
        self.lock = threading.Lock()
        self.on_ranks = collections.Counter()  # cases of each operator

    def check(self, case):
        """Throws Unsupported or Failed, or returns if all is well."""
        for index, frame in enumerate(case.frames):
            folder = self.directory / case.name / str(index)
            folder.mkdir(parents=True, exist_ok=True)
            self.import_frame(frame, folder)
            self.run_frame(case, frame, folder, None, None)
            if index == 0:
                for ranks, strategy in itertools.product(self.ranks, self.strategies_for(case)):
                    self.run_frame(case, frame, folder, ranks, strategy)

    def strategies_for(self, case):
        """All, or if it has to be quick one for the first cases of an operator and none for those after."""
        if not self.quick:
            return STRATEGIES
        with self.lock:
            turn = min((self.on_ranks[operator] for operator in case.operators), default=QUICK_CASES)
            self.on_ranks.update(set(case.operators))
        return [STRATEGIES[turn % len(STRATEGIES)]] if turn < QUICK_CASES else []

    def import_frame(self, frame, folder):
        onnx.save(frame.model, str(folder / "model.onnx"))
        with h5py.File(folder / "input.h5", "w") as file:
            file["input"] = np.ascontiguousarray(frame.picture)
        np.savez(folder / "expected.npz", **{re.sub(r"\W", "_", name): value for name, value in frame.expected.items()})
        code, _, errors = run([self.program, "import", folder / "model.onnx", "-o", folder / "model.h5"])
        if code == BAD_INPUT and len(errors) == 1 and "not supported" in errors[0]:
            if (folder / "model.h5").exists():
                raise Failed("import: not supported, but wrote a model")
            raise Unsupported(errors[0].replace(str(folder / "model.onnx"), "model.onnx"))
        if code != 0:
            raise Failed(f"import: ended with {code}: {' | '.join(errors)}")

    def run_frame(self, case, frame, folder, ranks, strategy):
        dump = folder / (f"{ranks}-{strategy}.h5" if ranks else "alone.h5")
        dump.unlink(missing_ok=True)
        where = f"{ranks} ranks, {strategy}" if ranks else "alone"
        where += f", picture {folder.name}" if len(case.frames) > 1 else ""
        options = ["--strategy", strategy] if strategy else []
        code, _, errors = run([*launcher(ranks), self.program, "run", "--model", folder / "model.h5",
                               "--input", folder / "input.h5", "--dump-output", dump, *options],
                              MPI_ENVIRONMENT if ranks else alone_in(folder))
        if code != 0:
            raise Failed(f"{where}: ended with {code}: {' | '.join(errors[:3])}")
        outputs = read_outputs(dump)
        for name, expected in frame.expected.items():
            if name not in outputs:
                raise Failed(f"{where}: no output '{name}' among {sorted(outputs)}")
            wrong = difference(outputs[name], expected, case.operators)
            if wrong:
                raise Failed(f"{where}: '{name}' {wrong}")

    def judge(self, case):
        """(verdict, reason)"""
        try:
            self.check(case)
        except Unsupported as error:
            return "unsupported", str(error)
        except Failed as error:
            return "failed", str(error)
        return "passed", ""


def judge_directory(judge, directory, folded):
    """[(name, operators, verdict, reason), ...], one for every case that a test directory becomes."""
    name = f"{directory.parent.name}/{directory.name}"
    try:
        cases = [folded_case_of(directory)] if folded else cases_of(directory)
    except Skipped as error:
        return [(name, [], "skipped", str(error))]
    return [(case.name, case.operators, *judge.judge(case)) for case in cases]


def is_wanted(directory, patterns):
    name = f"{directory.parent.name}/{directory.name}"
    return not patterns or any(fnmatch.fnmatch(name, p) or fnmatch.fnmatch(directory.name, p) for p in patterns)


def print_operators(operators, endings):
    """How the cases of every listed operator ended."""
    for operator in operators:
        counts = collections.Counter(verdict for _, used, verdict, _ in endings if operator in used)
        counts = ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS if counts[verdict])
        print(f"  {operator:<24} {counts or 'no case'}")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vpinfer", type=Path, required=True, metavar="PROGRAM", help="the program to judge")
    parser.add_argument("--data", type=Path, default=DATA_DIRECTORY, metavar="DIR",
                        help="ONNX's test data (default: Debian's)")
    parser.add_argument("--only", nargs="+", default=[], metavar="GLOB",
                        help="only these tests, as test_conv* or node/test_conv*")
    parser.add_argument("--ranks", type=int, nargs="+", default=[1, 3], metavar="N",
                        help="run on so many MPI ranks; 1, which is always done, means no MPI job (default 1 3)")
    parser.add_argument("--quick", action="store_true",
                        help="run only the first few cases of each operator on ranks, with one strategy")
    parser.add_argument("--folded", action="store_true",
                        help="make every input of a test a constant, so that import computes its outputs")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep models, inputs and outputs there")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="cases at the same time (default 1)")
    parser.add_argument("--at-least", type=int, default=1, metavar="N", help="so many cases must pass (default 1)")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    program = arguments.vpinfer.resolve()
    operators = list_operators(program)
    directories = [path for path in find_directories(arguments.data) if is_wanted(path, arguments.only)]
    if not directories:
        raise OracleError(f"no such tests in {arguments.data}")

    endings = []
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(arguments.jobs) as pool:
        judge = Judge(program, [ranks for ranks in arguments.ranks if ranks > 1], arguments.quick,
                      arguments.keep or scratch)
        for found in pool.map(lambda directory: judge_directory(judge, directory, arguments.folded), directories):
            for name, _, verdict, reason in found:
                print(f"{name}: {verdict}{': ' if reason else ''}{reason}", flush=True)
            endings += found

    print_operators(operators, endings)
    counts = collections.Counter(verdict for _, _, verdict, _ in endings)
    print(", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS))
    return 1 if counts["failed"] or counts["passed"] < max(1, arguments.at_least) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except OracleError as error:
        print(f"onnx_operators_oracle: {error}", file=sys.stderr)
        sys.exit(2)
