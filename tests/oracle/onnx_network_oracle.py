#!/usr/bin/python3
"""Compares vpinfer on a whole ONNX network with another engine: OpenCV, or onnxruntime.

    onnx_network_oracle.py --vpinfer build/release/vpinfer --onnx inputs/nanodet/nanodet.onnx --judge opencv
        --picture /usr/share/darknet/data/dog.jpg --bgr --mean 103.53,116.28,123.675 --scale 0.01743,0.01751,0.01712
        --ranks 3 8 --strategies data vertical
    onnx_network_oracle.py --vpinfer build/release/vpinfer --make resnet --ranks 8
    onnx_network_oracle.py --onnx inputs/nanodet/nanodet.onnx --judges-only --node-modules ~/judge/node_modules

Every engine gets the same tensor: a picture resized to the network's input, or a seeded one. Every graph output is
compared; the bound is relative to the output's largest magnitude. Prints a line per output; ends with 1 and names the
first that fails, with 2 if a program could not be run. --judges-only compares the judges with each other.

Needs Debian's python3-onnx, python3-opencv and python3-h5py. The judge onnxruntime also needs node and npm's
onnxruntime-node, in a folder node_modules made by `npm install --ignore-scripts onnxruntime-node@1.20.1` and named by
--node-modules or $NODE_PATH.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

import cv2
import h5py
import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import helper, numpy_helper

from darknet_files import OracleError, Verdict, compare, describe, launcher, random_picture, run_quietly
from make_onnx_network import KINDS, make_network

BOUND = 1e-3


def as_rows_columns_channels(output):
    """From [1][channels][rows][columns] or [1][channels] to vpinfer's order."""
    if output.shape[0] != 1 or output.ndim not in (2, 4):
        raise OracleError(f"a graph output of shape {output.shape}; expected one picture's, with 2 or 4 dimensions")
    return output[0].transpose(1, 2, 0) if output.ndim == 4 else output.reshape(1, 1, -1)


class Network:
    """An ONNX file, and the name and shape (rows, columns, channels) of its one graph input."""

    def __init__(self, path):
        self.path = path
        try:
            self.model = onnx.load(path)
        except (OSError, DecodeError) as error:
            raise OracleError(f"{path} cannot be read: {error}") from error
        graph = self.model.graph
        constants = {constant.name for constant in graph.initializer}
        inputs = [value for value in graph.input if value.name not in constants]
        if len(inputs) != 1:
            raise OracleError(f"{path}: {len(inputs)} graph inputs, expected 1")
        self.input_name = inputs[0].name
        shape = [dimension.dim_value for dimension in inputs[0].type.tensor_type.shape.dim]
        if len(shape) != 4 or shape[0] > 1 or 0 in shape[1:]:
            raise OracleError(f"{path}: graph input of shape {shape}, expected [1, channels, rows, columns]")
        self.input_shape = (shape[2], shape[3], shape[1])
        self.output_names = [value.name for value in graph.output]


class OpenCv:
    """OpenCV's own reading of ONNX."""

    def __init__(self, network):
        self.network = network
        self.version = f"OpenCV {cv2.__version__}"

    def readable_model(self):
        """The same network as OpenCV 4.6 can read it, with layers that can be asked for by the names of the graph's values."""
        model = onnx.ModelProto()
        model.CopyFrom(self.network.model)
        constants = {constant.name: constant for constant in model.graph.initializer}
        for node in model.graph.node:
            node.ClearField("name")  # OpenCV names a layer after its node; without that, after its output
            if node.op_type == "Clip" and len(node.input) > 1:  # known only as before opset 11: limits are attributes
                limits = {key: numpy_helper.to_array(constants[name]).item()
                          for key, name in zip(("min", "max"), node.input[1:]) if name}
                del node.input[1:]
                node.attribute.extend(helper.make_attribute(key, limit) for key, limit in limits.items())
        return model

    def run(self, picture, _directory):
        """Every graph output by name, [rows][columns][channels]."""
        try:
            net = cv2.dnn.readNetFromONNX(np.frombuffer(self.readable_model().SerializeToString(), np.uint8))
            net.enableFusion(False)  # a fused layer would overwrite an output that others read
            net.setInput(picture.transpose(2, 0, 1)[None])
            layers = {name.partition("!")[2]: name for name in net.getLayerNames() if "!" in name}
            missing = [name for name in self.network.output_names if name not in layers]
            if missing:
                raise OracleError(f"OpenCV has no layer for graph output {missing[0]}")
            outputs = net.forward([layers[name] for name in self.network.output_names])
        except cv2.error as error:
            raise OracleError(f"OpenCV cannot run {self.network.path.name}: {error}") from error
        return {name: as_rows_columns_channels(output) for name, output in zip(self.network.output_names, outputs)}


class OnnxRuntime:
    """npm's onnxruntime-node."""

    def __init__(self, network, node_modules):
        self.network = network
        folders = [node_modules] if node_modules else [Path(p) for p in os.environ.get("NODE_PATH", "").split(":") if p]
        package = next((folder / "onnxruntime-node" for folder in folders if (folder / "onnxruntime-node").is_dir()), None)
        if not package:
            raise OracleError("no onnxruntime-node in the folders that --node-modules or NODE_PATH names; "
                              "`npm install --ignore-scripts onnxruntime-node@1.20.1` makes such a folder, node_modules")
        if not shutil.which("node"):
            raise OracleError("the judge onnxruntime needs the program node")
        self.folder = package.parent.resolve()
        self.version = f"onnxruntime {json.loads((package / 'package.json').read_text())['version']}"

    def run(self, picture, directory):
        """Every graph output by name, [rows][columns][channels]."""
        planes = picture.transpose(2, 0, 1)[None]
        planes_path = directory / "input.bin"
        planes.tofile(planes_path)
        run_quietly(["env", f"NODE_PATH={self.folder}", "node", Path(__file__).with_name("run_onnxruntime.mjs"),
                     self.network.path, planes_path, "x".join(map(str, planes.shape)), self.network.input_name, directory])
        outputs = {}
        for number, output in enumerate(json.loads((directory / "outputs.json").read_text())):
            values = np.fromfile(directory / f"{number}.bin", np.float32).reshape(output["shape"])
            outputs[output["name"]] = as_rows_columns_channels(values)
        return outputs


class Vpinfer:
    """The program to judge, with the network imported into it."""

    def __init__(self, program, network, picture, directory):
        self.program = program.resolve()
        self.model_path = directory / "model.h5"
        self.input_path = directory / "input.h5"
        self.dump_path = directory / "output.h5"
        with h5py.File(self.input_path, "w") as file:
            file["input"] = picture
        run_quietly([self.program, "import", network.path, "-o", self.model_path])

    def run(self, ranks=None, strategy=None):
        """Every graph output by name, [rows][columns][channels], computed alone or on MPI ranks."""
        strategy_option = ["--strategy", strategy] if strategy else []
        self.dump_path.unlink(missing_ok=True)
        run_quietly([*launcher(ranks), self.program, "run", "--model", self.model_path, "--input", self.input_path,
                     *strategy_option, "--dump-output", self.dump_path])
        with h5py.File(self.dump_path) as dump:
            return {self.output_name(dataset): dataset[()] for dataset in dump["output"].values()}

    @staticmethod
    def output_name(dataset):
        name = dataset.attrs.get("name", dataset.name)
        return name.decode() if isinstance(name, bytes) else str(name)


def compare_outputs(actual, expected):
    """Prints a line per graph output and returns what is wrong with the first bad one, or None."""
    first_failure = None
    for name, output in expected.items():
        verdict = compare(actual[name], output, BOUND) if name in actual else Verdict(True, "not dumped")
        status = "FAIL" if verdict.failed else "ok"
        print(f"  {name:<18} {describe(output)}  {status} {verdict.text}", flush=True)
        if first_failure is None and verdict.failed:
            first_failure = f"{name}: {verdict.text}"
    return first_failure


def check_vpinfer(vpinfer, expected, ranks, strategies):
    """Runs alone and on every (ranks, strategy); returns the first failure or None."""
    for count, strategy in [(None, None)] + [(count, strategy) for count in ranks for strategy in strategies]:
        title = f"{count} ranks, {strategy}" if count else "single process"
        print(title)
        failure = compare_outputs(vpinfer.run(count, strategy), expected)
        if failure:
            return f"{title}: {failure}"
    return None


def read_picture(path, shape, arguments):
    """A picture as the network's input: resized without keeping its aspect ratio, (value - mean) * scale."""
    rows, columns, channels = shape
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise OracleError(f"{path}: not a picture")
    if channels != 3:
        raise OracleError(f"{path}: the network takes {channels} channels, a picture has 3")
    picture = cv2.resize(picture, (columns, rows)).astype(np.float32)
    ordered = picture if arguments.bgr else picture[:, :, ::-1]
    return np.ascontiguousarray((ordered - np.float32(arguments.mean)) * np.float32(arguments.scale))


def parse_three(text):
    numbers = [float(number) for number in text.split(",")]
    if len(numbers) != 3:
        raise ValueError
    return numbers


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    task = parser.add_mutually_exclusive_group(required=True)
    task.add_argument("--vpinfer", type=Path, help="the program to judge")
    task.add_argument("--judges-only", action="store_true", help="compare OpenCV with onnxruntime")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--onnx", type=Path, help="a network")
    source.add_argument("--make", choices=KINDS, help="a made network of this kind")
    parser.add_argument("--judge", choices=("opencv", "onnxruntime"), default="opencv", help="default opencv")
    parser.add_argument("--node-modules", type=Path, metavar="DIR", help="where onnxruntime-node is, instead of $NODE_PATH")
    parser.add_argument("--picture", type=Path, help="JPEG or PNG, instead of a seeded picture in [0, 1]")
    parser.add_argument("--mean", type=parse_three, default=[0, 0, 0], metavar="A,B,C",
                        help="subtracted from the 8-bit channels, in the network's order (default 0,0,0)")
    parser.add_argument("--scale", type=parse_three, default=[1 / 255] * 3, metavar="A,B,C",
                        help="then multiplied with (default 1/255 each)")
    parser.add_argument("--bgr", action="store_true", help="the network's order of channels is blue first")
    parser.add_argument("--seed", type=int, default=1, help="of the seeded picture (default 1)")
    parser.add_argument("--ranks", type=int, nargs="+", default=[], metavar="N", help="also run on so many MPI ranks")
    parser.add_argument("--strategies", nargs="+", default=["vertical"], metavar="S",
                        help="for --ranks (default vertical)")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        if arguments.make:
            arguments.onnx = directory / f"{arguments.make}.onnx"
            onnx.save(make_network(arguments.make, arguments.seed), arguments.onnx)
        network = Network(arguments.onnx)
        if arguments.picture:
            picture = read_picture(arguments.picture, network.input_shape, arguments)
        else:
            picture = random_picture(network.input_shape, arguments.seed)
        judges = {"opencv": lambda: OpenCv(network),
                  "onnxruntime": lambda: OnnxRuntime(network, arguments.node_modules)}
        if arguments.judges_only:
            judge, other = judges["onnxruntime"](), judges["opencv"]()
            expected = judge.run(picture, directory)
            failure = compare_outputs(other.run(picture, directory), expected)
            subject = other.version
        else:
            judge = judges[arguments.judge]()
            expected = judge.run(picture, directory)
            vpinfer = Vpinfer(arguments.vpinfer, network, picture, directory)
            failure = check_vpinfer(vpinfer, expected, arguments.ranks, arguments.strategies)
            subject = "vpinfer"
    print(failure or f"pass: every output of {subject} agrees with {judge.version}")
    return 1 if failure else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except OracleError as error:
        print(f"onnx_network_oracle: {error}", file=sys.stderr)
        sys.exit(2)
