"""Judges ONNX operators of one kind in all their ways: one network has each as an output of its own."""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

from darknet_files import OracleError
from onnx_network_oracle import Network, OnnxRuntime, Vpinfer


def make_network(operators, picture, constants, path):
    """Saves a network of them all; the names of its outputs."""
    names = [f"y{i}" for i in range(len(operators))]
    rows, columns, channels = picture.shape
    graph = helper.make_graph([operator.node(name) for operator, name in zip(operators, names)], "sweep",
                              [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, channels, rows, columns])],
                              [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.save(model, path)
    return names


def first_difference(actual, expected, operators, bound):
    for (name, wanted), operator in zip(expected.items(), operators):
        found = actual[name]
        if found.shape != wanted.shape:
            return f"{operator}: {found.shape}, expected {wanted.shape}"
        if not np.allclose(found, wanted, bound, bound):
            return f"{operator}: differs by {np.abs(found - wanted).max()}"
    return None


def judge(operators, picture, bound, arguments, constants=()):
    """The first difference, or None. An operator has node(name), reading `x`, and compute(picture), what is right."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        path = directory / "sweep.onnx"
        names = make_network(operators, picture, constants, path)
        network = Network(path)
        vpinfer = Vpinfer(arguments.vpinfer, network, picture, directory)
        expected = {name: operator.compute(picture) for name, operator in zip(names, operators)}
        for ranks in [None, *arguments.ranks]:
            actual = vpinfer.run(ranks, ranks and "data")
            if failure := first_difference(actual, expected, operators, bound):
                return f"numpy, {ranks or 1} ranks: {failure}"
        if arguments.node_modules:
            runtime = OnnxRuntime(network, arguments.node_modules).run(picture, directory)
            if failure := first_difference(actual, runtime, operators, bound):
                return f"ONNX Runtime: {failure}"
    return None


def main(description, check):
    """The program of an oracle: `check` gets the arguments, prints what agrees and returns what does not, or None."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vpinfer", type=Path, required=True, help="the program to judge")
    parser.add_argument("--ranks", type=int, nargs="+", default=[], metavar="N", help="also run on so many MPI ranks")
    parser.add_argument("--node-modules", type=Path, metavar="DIR", help="where onnxruntime-node is")
    try:
        failure = check(parser.parse_args())
    except (OracleError, subprocess.SubprocessError) as error:
        print(f"{Path(sys.argv[0]).stem}: {error}", file=sys.stderr)
        sys.exit(2)
    if failure:
        print(failure)
        sys.exit(1)
