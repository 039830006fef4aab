"""The engines: what each needs, and how a process of it is run and answers.

An answer is what the runners print, see timing.py, with the fastest, median and slowest frame in place of all.
"""
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from commands import ROOT, environment, with_mpi

RUNNERS = Path(__file__).resolve().parent
LIBDARKNET = Path("/usr/lib/darknet")
NODE_MODULES = ROOT / "out" / "bench" / "node_modules"


class NotInstalled(Exception):
    """Says what to install."""


class Failed(Exception):
    """An engine ended with an error; says with which."""


@dataclass(frozen=True)
class Run:
    case: object
    threads: int
    frames: int
    way: str = ""
    output: Path | None = None


@dataclass(frozen=True)
class Answer:
    version: str
    least: float  # milliseconds
    median: float
    most: float
    peak_rss_bytes: int
    command: str


def pinned(run, command):
    """To as many cores as it has threads."""
    return ["taskset", "-c", ",".join(map(str, range(run.threads))), *command]


def execute(run, command, variables):
    """The last line that a pinned command prints."""
    command = [str(word) for word in pinned(run, command)]
    done = subprocess.run(command, env=environment() | {"OMP_NUM_THREADS": str(run.threads)} | variables, cwd=ROOT,
                          capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        reason = done.stderr.strip().splitlines()[-1:] or [""]
        raise Failed(f"{Path(command[-1]).name} ended with {done.returncode}: {reason[0]}")
    return done.stdout.splitlines()[-1] if done.stdout else ""


def named(run, command, variables):
    """As one would type it in the repository's folder."""
    assignments = [f"{name}={value}" for name, value in ({"OMP_NUM_THREADS": run.threads} | variables).items()]
    return " ".join(str(word).replace(f"{ROOT}/", "") for word in [*assignments, *pinned(run, command)])


class Vpinfer:
    remark = "with heads"
    checked = True

    def __init__(self, name, conv, options):
        self.name = name
        self.conv = conv
        self.program = options.vpinfer

    def ways(self, case, threads):
        return [""]

    def run(self, run):
        folder = run.case.folder
        command = ["mpirun", "-np", "1", "--bind-to", "none", self.program, "--model", folder / "model.h5",
                   "--input", folder / "input.h5", "--conv", self.conv, "--threads", run.threads,
                   "--repeat", run.frames]
        with tempfile.TemporaryDirectory() as temporary:
            report, dump = Path(temporary) / "report.json", Path(temporary) / "dump.h5"
            layers = ",".join(map(str, run.case.outputs))
            dumping = ["--dump-output", dump, "--dump-layers", layers] if run.output else []
            execute(run, with_mpi([*command, "--json", report, *dumping]), {})
            result = json.loads(report.read_text())
            if run.output:
                self.write_outputs(run, dump)
        latency, context, rank = result["latency_seconds"], result["context"], result["ranks"][0]
        return Answer(f'vpinfer {context["version"]} ({context["git_hash"]}), {rank["blas"]}',
                      *(1e3 * latency[name] for name in ("min", "median", "max")), rank["peak_rss_bytes"],
                      named(run, command, {}))

    @staticmethod
    def write_outputs(run, dump):
        with h5py.File(dump) as file:
            outputs = [file[f"layers/{number}"][()].transpose(2, 0, 1) for number in run.case.outputs]
        run.output.write_bytes(b"".join(output.tobytes() for output in outputs))


class Peer:
    """An engine with a runner, whose command line `prepare` gives."""

    remark = ""
    checked = True
    variables = {}  # for the environment

    def __init__(self, options):
        self.command = self.prepare(options)

    def ways(self, case, threads):
        """In which it can run the case."""
        return [""]

    def run(self, run):
        command = [*self.command, run.case.folder, run.threads, run.frames, run.output or "-"]
        if run.way:
            command.append(run.way)
        answer = json.loads(execute(run, command, self.variables))
        times = answer["milliseconds"]
        return Answer(self.version(answer), min(times), statistics.median(times), max(times), answer["peak_rss_bytes"],
                      named(run, command, self.variables))

    def version(self, answer):
        return answer["version"]


def compile_runner(options, source, compiler, *libraries):
    options.cache.mkdir(parents=True, exist_ok=True)
    program = options.cache / Path(source).stem
    done = subprocess.run([*compiler, "-O2", RUNNERS / source, "-o", program, *libraries], capture_output=True,
                          text=True)
    if done.returncode != 0:
        raise Failed(f"{source} does not compile: {done.stderr[-1000:]}")
    return [program]


def require_module(module, package):
    """Of this Python."""
    if subprocess.run([sys.executable, "-c", f"import {module}"], capture_output=True).returncode != 0:
        raise NotInstalled(f"for {sys.executable}: Debian's {package}")


class OneDnn(Peer):
    name = "onednn"
    remark = "convolutions only, not compared"
    checked = False

    def prepare(self, options):
        if not Path("/usr/include/dnnl.hpp").exists() or not shutil.which("g++"):
            raise NotInstalled("Debian's libdnnl-dev and g++")
        return compile_runner(options, "onednn.cpp", ["g++", "-std=c++20"], "-ldnnl")


class OnnxRuntime(Peer):
    name = "onnxruntime"

    def prepare(self, options):
        named_folders = [Path(folder) for folder in os.environ.get("NODE_PATH", "").split(":") if folder]
        folders = [options.node_modules] if options.node_modules else [*named_folders, NODE_MODULES]
        folder = next((f.resolve() for f in folders if (f / "onnxruntime-node").is_dir()), None)
        if not folder or not shutil.which("node"):
            raise NotInstalled("Debian's nodejs and npm, and `npm install --ignore-scripts --prefix out/bench "
                               "onnxruntime-node@1.30.0`")
        self.variables = {"NODE_PATH": str(folder)}
        return ["node", RUNNERS / "onnxruntime.mjs"]


class OpenCv(Peer):
    name = "opencv"

    def ways(self, case, threads):
        return ["cfg", "onnx"] if case.for_darknet else ["onnx"]

    def prepare(self, _):
        require_module("cv2", "python3-opencv")
        return [sys.executable, "-B", RUNNERS / "opencv.py"]


class PyTorch(Peer):
    name = "pytorch"

    def ways(self, case, threads):
        return ["eager", "channels-last", "frozen"]

    def prepare(self, _):
        require_module("torch", "python3-torch")
        return [sys.executable, "-B", RUNNERS / "pytorch.py"]


class Darknet(Peer):
    name = "darknet"
    remark = "with heads"

    def prepare(self, options):
        if not (LIBDARKNET / "libdarknet.so").exists() or not shutil.which("gcc"):
            raise NotInstalled("Debian's darknet and gcc")
        return compile_runner(options, "darknet.c", ["gcc", "-isystem", LIBDARKNET / "include"], f"-L{LIBDARKNET}",
                              "-ldarknet", f"-Wl,-rpath,{LIBDARKNET}")

    def ways(self, case, threads):
        return [""] if case.for_darknet and threads == 1 else []

    def version(self, _):
        return "Darknet " + subprocess.run(["dpkg-query", "--show", "--showformat=${Version}", "darknet"],
                                           capture_output=True, text=True, check=True).stdout


ENGINES = {
    "vpinfer": lambda options: Vpinfer("vpinfer", "auto", options),
    "vpinfer-blas": lambda options: Vpinfer("vpinfer-blas", "blas", options),
    "onednn": OneDnn,
    "onnxruntime": OnnxRuntime,
    "opencv": OpenCv,
    "pytorch": PyTorch,
    "darknet": Darknet,
}


def outputs_of(engine, run):
    """The answer, and what the engine computed: one array per output."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "output.bin"
        answer = engine.run(Run(run.case, run.threads, run.frames, run.way, output))
        values = np.fromfile(output, np.float32)
    shapes = [run.case.network.shape(number) for number in run.case.outputs]
    sizes = [shape.channels * shape.rows * shape.cols for shape in shapes]
    if values.size != sum(sizes):
        raise Failed(f"{engine.name} gave {values.size} values, expected {sum(sizes)}")
    return answer, np.split(values, np.cumsum(sizes)[:-1])
