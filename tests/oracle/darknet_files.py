"""What the oracle tests share: Darknet cfgs, seeded weights and pictures, Darknet's answer to them, and vpinfer's.

Needs Debian's `darknet` package (libdarknet.so and darknet.h), a C compiler, numpy and h5py.
Inside this module and its callers a picture or activation is a float32 array [rows][columns][channels].
"""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

sys.path.append(str(Path(__file__).parents[1] / "support"))
from mpi_environment import mpi_environment  # noqa: E402

LIBRARY_DIRECTORY = "/usr/lib/darknet"
INCLUDE_DIRECTORY = "/usr/lib/darknet/include"
TIMEOUT_SECONDS = 600

# The variance before batch normalisation that is to be used when Darknet judges: small enough for its
# 1 / (sqrt(variance) + 1e-6) and everyone else's 1 / sqrt(variance + 1e-6) to differ visibly.
DARKNET_VARIANCE = 1e-3

# How much a value may differ from Darknet's or OpenCV's, as a share of the layer's scale.
JUDGE_BOUND = 1e-3

# Layers that do nothing at inference, or decode boxes: vpinfer may leave them out of a dump.
OPTIONAL_LAYERS = ("dropout", "cost", "detection", "region", "yolo")

# A layer's scale is its largest magnitude, but not less than this.
LEAST_SCALE = 1e-6

MPI_ENVIRONMENT = mpi_environment()


class OracleError(Exception):
    """A judge or vpinfer could not be run, or wrote something unexpected."""


def run_quietly(command):
    """Runs a command without showing its output, unless it fails; returns what it printed."""
    command = [str(word) for word in command]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", env=MPI_ENVIRONMENT,
                              timeout=TIMEOUT_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise OracleError(f"{' '.join(command)}: {error}") from error
    if done.returncode != 0:
        last_lines = "\n".join((done.stdout + done.stderr).splitlines()[-20:])
        raise OracleError(f"{' '.join(command)}\nended with {done.returncode}:\n{last_lines}")
    return done.stdout


def launcher(ranks):
    """What starts so many ranks; nothing for one process alone."""
    return ["mpirun", "-np", ranks] if ranks else []


class Cfg:
    """A Darknet cfg: the options of `[net]`, the kind of every layer and its options as text."""

    def __init__(self, text):
        self.text = text
        self.net = {}
        self.layer_types = []
        self.layer_options = []
        sections = re.split(r"^\s*\[(\w+)\]", re.sub(r"#.*", "", text), flags=re.MULTILINE)[1:]
        for name, body in zip(sections[::2], sections[1::2]):
            options = dict(re.findall(r"^\s*(\w+)\s*=\s*(\S+)", body, flags=re.MULTILINE))
            if name in ("net", "network"):
                self.net = options
            else:
                self.layer_types.append(name)
                self.layer_options.append(options)
        missing = {"height", "width", "channels"} - self.net.keys()
        if missing:
            raise OracleError(f"[net] lacks {', '.join(sorted(missing))}")

    @property
    def input_shape(self):
        """(rows, columns, channels)"""
        return tuple(int(self.net[key]) for key in ("height", "width", "channels"))

    @property
    def outputs(self):
        """Indices of the layers whose output leaves the network: those that feed region or yolo, and the last."""
        feeding = {i - 1 for i, kind in enumerate(self.layer_types) if kind in ("region", "yolo")}
        return sorted(feeding | {len(self.layer_types) - 1})

    def with_net_options(self, **options):
        """A copy with these options of `[net]` in place of what it says of them."""
        body = re.sub(rf"^\s*({'|'.join(options)})\s*=.*\n", "", self.text, flags=re.MULTILINE)
        lines = "".join(f"{key}={value}\n" for key, value in options.items())
        return Cfg(re.sub(r"^\s*\[(net|network)\].*\n", lambda header: header.group() + lines, body, count=1,
                          flags=re.MULTILINE))


def read_cfg(path, size=None):
    """Reads a cfg for one picture at a time; `size` (rows, columns) replaces the size it asks for."""
    cfg = Cfg(Path(path).read_text()).with_net_options(batch=1, subdivisions=1)
    if size:
        cfg = cfg.with_net_options(height=size[0], width=size[1])
    return cfg


def parse_size(text):
    """The value of --size, ROWSxCOLUMNS, as (rows, columns)."""
    rows, columns = text.split("x")
    return int(rows), int(columns)


def random_picture(shape, seed):
    """A smooth picture in [0, 1] with some fine grain: waves of random direction, length and phase, plus noise."""
    random = np.random.default_rng(seed)
    rows, columns, channels = shape
    y, x = np.mgrid[0:rows, 0:columns]
    picture = 0.3 * random.standard_normal(shape)
    for channel in range(channels):
        for _ in range(12):
            down, right = random.normal(0, 0.15, 2)
            picture[:, :, channel] += np.sin(down * y + right * x + random.uniform(0, 2 * np.pi))
    low, high = picture.min(), picture.max()
    return ((picture - low) / (high - low)).astype(np.float32)


def read_layers(path, count):
    """Reads what `darknet_layers run` wrote: one array [rows][columns][channels] per layer."""
    values = np.fromfile(path, dtype=np.float32)
    layers = []
    offset = 0
    for _ in range(count):
        rows, columns, channels = (int(extent) for extent in values[offset:offset + 3].view(np.int32))
        end = offset + 3 + rows * columns * channels
        layers.append(values[offset + 3:end].reshape(channels, rows, columns).transpose(1, 2, 0))
        offset = end
    if offset != len(values):
        raise OracleError(f"{path}: {len(values)} values, expected {offset} for {count} layers")
    return layers


class DarknetCase:
    """A cfg, seeded weights and a seeded picture in a directory, and Darknet's answer to them.

    Members: `cfg`, `cfg_path`, `weights_path`, `input_path` (HDF5, dataset `input`), `picture`,
    `layers` (Darknet's output of every layer).
    `variance` is that of a layer's values before batch normalisation; a small one shows which epsilon is used.
    """

    def __init__(self, cfg, seed, variance, directory):
        directory = Path(directory)
        self.cfg = cfg
        self.cfg_path = directory / "network.cfg"
        self.weights_path = directory / "network.weights"
        self.input_path = directory / "input.h5"
        self.picture = random_picture(cfg.input_shape, seed)

        self.cfg_path.write_text(cfg.text)
        with h5py.File(self.input_path, "w") as file:
            file["input"] = self.picture
        planes_path = directory / "input.bin"
        self.picture.transpose(2, 0, 1).tofile(planes_path)

        program = directory / "darknet_layers"
        run_quietly([os.environ.get("CC", "cc"), "-O2", Path(__file__).with_name("darknet_layers.c"), "-o", program,
                     "-isystem", INCLUDE_DIRECTORY, f"-L{LIBRARY_DIRECTORY}", "-ldarknet",
                     f"-Wl,-rpath,{LIBRARY_DIRECTORY}", "-lm"])
        run_quietly([program, "random", self.cfg_path, seed, variance, planes_path, self.weights_path])
        layers_path = directory / "layers.bin"
        run_quietly([program, "run", self.cfg_path, self.weights_path, planes_path, layers_path])
        self.layers = read_layers(layers_path, len(cfg.layer_types))


class Vpinfer:
    """The program to judge, with a case imported into it."""

    def __init__(self, program, case, directory):
        self.program = Path(program).resolve()
        self.input_path = case.input_path
        self.model_path = Path(directory) / "model.h5"
        self.dump_path = Path(directory) / "dump.h5"
        self.report_path = Path(directory) / "report.json"
        run_quietly([self.program, "import", case.cfg_path, case.weights_path, "-o", self.model_path])

    def run(self, ranks=None, strategy=None, all_layers=True):
        """Runs the model, alone or on MPI ranks, and returns the path of an HDF5 file with its results.

        With `all_layers` every layer's output is in it too. The report for programs goes to `report_path`.
        """
        options = ["--strategy", strategy] if strategy else []
        if all_layers:
            options += ["--dump-layers", "all"]
        self.dump_path.unlink(missing_ok=True)
        run_quietly([*launcher(ranks), self.program, "run", "--model", self.model_path, "--input", self.input_path,
                     *options, "--dump-output", self.dump_path, "--json", self.report_path])
        return self.dump_path


def describe(layer):
    """Shape and scale of a judge's layer."""
    shape = "x".join(str(extent) for extent in layer.shape)
    return f"{shape:<13} std {layer.std():8.2g}  max {np.abs(layer).max():8.2g}"


@dataclass(frozen=True)
class Verdict:
    """What a comparison found. `difference`: the largest one, as a share of the layer's scale; None if there is none."""
    failed: bool
    text: str
    difference: float | None = None


def compare(actual, expected, bound):
    """Compares two arrays; a difference may be as large as `bound` times the scale of `expected`."""
    if actual.shape != expected.shape:
        return Verdict(True, f"shape {actual.shape}, expected {expected.shape}")
    scale = max(np.abs(expected).max(initial=0), LEAST_SCALE)
    difference = np.abs(actual[()].astype(np.float64) - expected).max(initial=0) / scale
    return Verdict(not difference <= bound, f"difference {difference:.1e}", difference)


def compare_layer(actual, name, expected, cfg, bound):
    """Compares `actual[name]`, `name` being layers/<index> or output/<index>, with the judge's layer."""
    if name in actual:
        return compare(actual[name], expected, bound)
    kind = cfg.layer_types[int(name.split("/")[1])]
    return Verdict(kind not in OPTIONAL_LAYERS, "not dumped")


def compare_layers(actual, expected, cfg, bound):
    """Prints a line per layer and returns what is wrong with the first bad one, or None.

    `expected` maps a layer's index to the judge's output; `actual`, a dump or a dictionary, maps `layers/<index>` and,
    for what leaves the network, `output/<index>` to ours.
    """
    first_failure = None
    names = [f"layers/{index}" for index in expected]
    names += [f"output/{index}" for index in cfg.outputs if index in expected]
    for name in names:
        index = int(name.split("/")[1])
        kind = cfg.layer_types[index]
        verdict = compare_layer(actual, name, expected[index], cfg, bound)
        status = "FAIL" if verdict.failed else "ok"
        print(f"  {name:<11} {kind:<14} {describe(expected[index])}  {status} {verdict.text}", flush=True)
        if first_failure is None and verdict.failed:
            first_failure = f"{name} ({kind}): {verdict.text}"
    return first_failure
