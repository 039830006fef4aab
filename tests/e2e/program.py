"""What the end-to-end tests share: starting vpinfer, alone or under mpirun, in a folder of the test's own.

The program is $VPINFER, the top of the source tree $VPINFER_SOURCE_DIR.
"""

import os
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

sys.path.append(str(Path(__file__).parents[1] / "support"))
from mpi_environment import mpi_environment  # noqa: E402

PROGRAM = os.environ.get("VPINFER", "vpinfer")
SOURCE = Path(os.environ.get("VPINFER_SOURCE_DIR", Path(__file__).parents[2]))
FACE = SOURCE / "inputs" / "face"
NANODET = SOURCE / "inputs" / "nanodet"

DONE, COMPARISON_FAILED, BAD_USAGE, BAD_INPUT, NOT_ENOUGH_MEMORY, RANK_FAILED = range(6)

# What every message says of a file that is missing.
NO_FILE = "cannot read {}: No such file or directory; is the name right?"

ENVIRONMENT = {name: value for name, value in mpi_environment().items() if not name.startswith("OPENBLAS_")}


@dataclass
class Outcome:
    """How a program ended."""
    code: int
    out: str
    err: str

    def __str__(self):
        return f"exit code {self.code}\n--- stdout\n{self.out}--- stderr\n{self.err}"


# The options behind --strategy that tests of all strategies sweep.
STRATEGIES = [["vertical"], ["data"], ["data", "--fuse", "3"], ["data", "--fuse", "auto"], ["sequential"], ["horizontal"]]


def command_of(ranks, arguments):
    """The command for one process (ranks is None) or an MPI job."""
    words = [] if ranks is None else ["mpirun", "-np", ranks]
    return [str(word) for word in [*words, PROGRAM, *arguments]]


def run(command, timeout=60, **options):
    options = {"stdin": subprocess.DEVNULL, **options}
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=timeout, env=ENVIRONMENT,
                          **options)
    # Open MPI's hwloc warns on every start where /sys is missing, as in a plain chroot.
    err = "".join(line for line in done.stderr.splitlines(keepends=True) if "hwloc" not in line)
    return Outcome(done.returncode, done.stdout, err)


def vpinfer(*arguments, ranks=None, timeout=60, **options):
    """Runs the program to its end; `options` are those of subprocess.run."""
    return run(command_of(ranks, arguments), timeout, **options)


def convolution(filters, size=3, stride=1, activation="leaky", normalised=True):
    return (f"[convolutional]\nbatch_normalize={int(normalised)}\nfilters={filters}\nsize={size}\nstride={stride}\n"
            f"pad=1\nactivation={activation}\n\n")


POOL = "[maxpool]\nsize=2\nstride=2\n\n"


def small_yolo(height=64, width=64):
    """YOLOv2 in small: every kind of its layers, the passthrough with reorg included."""
    return (f"[net]\nheight={height}\nwidth={width}\nchannels=3\n\n"
            + convolution(8) + POOL                                             # layers 0, 1
            + convolution(16) + POOL                                            # 2, 3
            + convolution(32) + POOL                                            # 4, 5
            + convolution(64) + POOL                                            # 6, 7
            + convolution(96) + "[maxpool]\nsize=2\nstride=1\n\n"               # 8, 9
            + convolution(128) + "[route]\nlayers=6\n\n" + convolution(16, 1)   # 10, 11, 12
            + "[reorg]\nstride=2\n\n[route]\nlayers=-1,10\n\n"                  # 13, 14
            + convolution(64) + convolution(27, 1, 1, "linear", False)          # 15, 16
            + "[region]\nclasses=4\nnum=3\nsoftmax=1\nanchors=1,1, 2,3, 3,2\n")  # 17


def small_classifier(classes=7, tree=""):
    """Darknet's reference network in small; `tree` is a line of its softmax."""
    return ("[net]\nheight=32\nwidth=32\nchannels=3\n\n" + convolution(8) + POOL + convolution(16) + POOL
            + convolution(classes, 1, 1, "linear", False) + f"[avgpool]\n\n[softmax]\ngroups=1\n{tree}\n[cost]\n")


def small_yolov3(coarse_classes=4, fine_classes=4):
    """YOLOv3-tiny in small: a coarse head, and a fine one behind it that also sees an earlier layer."""
    def head(classes, mask):
        return (convolution(2 * (classes + 5), 1, 1, "linear", False)
                + f"[yolo]\nmask={mask}\nanchors=10,14, 23,27, 37,58, 60,40\nclasses={classes}\nnum=4\n\n")

    return ("[net]\nheight=64\nwidth=64\nchannels=3\n\n"
            + convolution(8, 3, 2) + convolution(16, 3, 2) + convolution(24, 3, 2)  # layers 0 to 2
            + convolution(32, 3, 2) + head(coarse_classes, "2,3")                   # 3, 4, 5
            + "[route]\nlayers=3\n\n[upsample]\nstride=2\n\n[route]\nlayers=-1,2\n\n"  # 6, 7, 8
            + head(fine_classes, "0,1"))                                            # 9, 10


def write_png(path, rows, columns, seed=1):
    """A picture of coloured noise."""
    pixels = np.random.default_rng(seed).integers(0, 256, (rows, columns, 3), dtype=np.uint8)
    lines = b"".join(b"\0" + row.tobytes() for row in pixels)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", columns, rows, 8, 2, 0, 0, 0)
    Path(path).write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines))
                           + chunk(b"IEND", b""))


def read_dump(path):
    """{"output/17": array, ...} of a --dump-output file."""
    tensors = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, item: tensors.update({name: item[()]} if isinstance(item, h5py.Dataset) else {}))
    return tensors


class ProgramTest(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="vpinfer-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, name):
        return self.folder / name

    def write(self, name, content):
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def names(self):
        """All files in the folder."""
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file())

    def import_random(self, name="m.h5", cfg=None, seed=7, options=()):
        """A model with seeded weights of a .cfg text."""
        path = self.path(name)
        cfg_path = self.write(f"{path.stem}.cfg", cfg or small_yolo())
        self.assert_done(vpinfer("import", cfg_path, "--random-weights", seed, *options, "-o", path))
        return path

    def assert_done(self, outcome):
        self.assertEqual(outcome.code, DONE, outcome)
        self.assertEqual(outcome.err, "", outcome)
        return outcome.out

    def assert_says(self, outcome, *fragments):
        for fragment in fragments:
            self.assertIn(str(fragment), outcome.err, outcome)

    def assert_refused(self, outcome, code, *fragments):
        """A single process ended with this code and one line on stderr that has all fragments."""
        self.assertEqual(outcome.code, code, outcome)
        self.assert_says(outcome, *fragments)
        self.assertEqual(len(outcome.err.splitlines()), 1, outcome)

    def assert_job_failed(self, outcome, code, *fragments):
        """An MPI job ended with this code; one line on stderr has all fragments (mpirun adds its own)."""
        self.assertEqual(outcome.code, code, outcome)
        lines = outcome.err.splitlines()
        self.assertTrue(any(all(str(fragment) in line for fragment in fragments) for line in lines), outcome)
