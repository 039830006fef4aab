"""A case: a folder with one network in the form that each engine reads, the same weights and picture for all.

    model.h5           vpinfer's            network.cfg, .weights   Darknet's and OpenCV's
    network.onnx       ONNX Runtime's       convolutions.txt        oneDNN's: only their extents
    input.h5, .bin     the picture, float32: `input` [rows][cols][channels], and [channels][rows][cols]
    input.txt          its channels, rows and cols     outputs.txt     the numbers of the layers that are compared

The weights are vpinfer's seeded ones.  Batch normalisation is folded into the weights for everyone, Darknet included,
and the picture has the size to which a network would crop it.
"""
import re
import shutil
from pathlib import Path

import h5py
import numpy as np

from commands import ROOT
from network import Network
from networks import NETWORKS, import_network
from to_onnx import write_onnx

SIZES = {"yolov2-608": ("yolov2", 608)}
NANODET = "nanodet"  # trained, and imported from ONNX: Darknet does not know it
CASES = ["yolov2", "yolov2-608", "vgg-16", "resnet50", "darknet19", "yolov3-tiny", NANODET]


def plain_cfg(path, size):
    """Darknet's cfg without batch normalisation and cropping, for one picture of the size, if one is given."""
    text = re.sub(r"^\s*(batch_normalize|batch|subdivisions)\s*=.*\n", "", path.read_text(), flags=re.MULTILINE)
    crop = re.search(r"^\[crop\][^\[]*crop_height\s*=\s*(\d+)[^\[]*", text, flags=re.MULTILINE)
    if crop:
        text, size = text.replace(crop.group(), ""), crop.group(1)
    if size:
        text = re.sub(r"^(\s*(?:width|height)\s*=).*", rf"\g<1>{size}", text, flags=re.MULTILINE)
    return re.sub(r"^\[net\].*\n", "[net]\nbatch=1\nsubdivisions=1\n", text, count=1, flags=re.MULTILINE)


def write_darknet_weights(network, path):
    """Version 0.2.0, no pictures seen; then of each convolution biases and weights."""
    with open(path, "wb") as file:
        np.array([0, 2, 0, 0, 0], np.int32).tofile(file)
        for layer in network.convolutions():
            weights, biases = network.weights(layer)
            biases.tofile(file)
            weights.tofile(file)


def write_convolutions(network, path):
    def line(layer):
        function, alpha, _ = layer.activation
        shape = layer.input
        windows = [n for w in layer.windows for n in (w.size, w.stride, w.before, w.after, w.dilation)]
        slope = {"linear": 1, "relu": 0}.get(function, alpha)
        extents = [layer.filters, layer.groups, shape.channels, shape.rows, shape.cols]
        return " ".join(map(str, [*extents, *windows, slope]))

    path.write_text("".join(line(layer) + "\n" for layer in network.convolutions()))


def smooth_picture(shape):
    """Waves of a few lengths, with some noise, from 0 to 1: [rows][cols][channels]."""
    random = np.random.default_rng(1)
    y, x, c = np.meshgrid(np.arange(shape.rows), np.arange(shape.cols), np.arange(shape.channels), indexing="ij")
    waves = sum(np.sin(random.normal(0, 0.1) * y + random.normal(0, 0.1) * x + 2 * c) for _ in range(8))
    values = waves + 0.3 * random.standard_normal(waves.shape)
    return ((values - values.min()) / np.ptp(values)).astype(np.float32)


def write_input(network, folder):
    picture = smooth_picture(network.input)
    with h5py.File(folder / "input.h5", "w") as file:
        file["input"] = picture
    picture.transpose(2, 0, 1).tofile(folder / "input.bin")
    shape = network.input
    (folder / "input.txt").write_text(f"{shape.channels} {shape.rows} {shape.cols}\n")


def write_model(name, vpinfer, folder):
    if name == NANODET:
        shutil.copyfile(ROOT / "inputs" / "nanodet" / "nanodet.h5", folder / "model.h5")
        return
    base, size = SIZES.get(name, (name, None))
    (folder / "network.cfg").write_text(plain_cfg(NETWORKS[base], size))
    import_network(folder / "network.cfg", folder / "model.h5", vpinfer)


class Case:
    """Members: `name`, `folder`, `network`, `outputs` (numbers of layers)."""

    def __init__(self, name, vpinfer, folder):
        self.name = name
        self.folder = Path(folder) / name
        complete = self.folder / "outputs.txt"
        if not complete.exists():
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
            write_model(name, vpinfer, self.folder)
        self.network = Network(self.folder / "model.h5")
        self.outputs = self.network.outputs
        if not complete.exists():
            self.write_files()
            complete.write_text("".join(f"{number}\n" for number in self.outputs))

    def write_files(self):
        if self.for_darknet:
            write_darknet_weights(self.network, self.folder / "network.weights")
        write_onnx(self.network, self.folder / "network.onnx")
        write_convolutions(self.network, self.folder / "convolutions.txt")
        write_input(self.network, self.folder)

    @property
    def for_darknet(self):
        return (self.folder / "network.cfg").exists()
