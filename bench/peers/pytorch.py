#!/usr/bin/python3
"""Times PyTorch on a case, see timing.py; needs Debian's python3-torch and python3-h5py.

Ways: `eager`, `channels-last` (eager, too), and `frozen`, a trace that PyTorch optimises for inference.
"""
import numpy as np
import torch
import torch.nn.functional as F

from network import Network
from timing import measure, task_of_command_line


def sizes(windows):
    return [w.size for w in windows]


def strides(windows):
    return [w.stride for w in windows]


class TorchBackend:
    """A back end whose values are tensors; the weights are loaded once."""

    def __init__(self, network, memory_format):
        self.weights = {}
        for layer in network.convolutions():
            weights, biases = map(torch.from_numpy, network.weights(layer))
            self.weights[layer.number] = weights.contiguous(memory_format=memory_format), biases

    @staticmethod
    def padded(windows, x, value):
        """The picture and the padding that the operator is to add: its own is the same on both sides."""
        if all(w.before == w.after for w in windows):
            return x, [w.before for w in windows]
        rows, cols = windows
        return F.pad(x, [cols.before, cols.after, rows.before, rows.after], value=value), 0

    @staticmethod
    def activated(layer, x):
        function, alpha, _ = layer.activation
        if function == "linear":
            return x
        return F.relu_(x) if function == "relu" else F.leaky_relu_(x, alpha)

    def convolution(self, layer, x):
        windows = layer.windows
        x, padding = self.padded(windows, x, 0.0)
        x = F.conv2d(x, *self.weights[layer.number], stride=strides(windows), padding=padding,
                     dilation=[w.dilation for w in windows], groups=layer.groups)
        return self.activated(layer, x)

    def maxpool(self, layer, x):
        windows = layer.windows
        x, padding = self.padded(windows, x, -np.inf)
        return F.max_pool2d(x, sizes(windows), strides(windows), padding)

    def avgpool(self, layer, x):
        return F.avg_pool2d(x, sizes(layer.windows), strides(layer.windows))

    def elementwise(self, layer, x, y):
        return self.activated(layer, x + y)

    def shortcut(self, layer, x, y):
        step, missing = layer.subsampling, layer.missing_channels
        y = y[:, :layer.input.channels, ::step, ::step]
        return self.elementwise(layer, x, F.pad(y, [0, 0, 0, 0, 0, missing]) if missing > 0 else y)

    def route(self, _, *inputs):
        return inputs[0] if len(inputs) == 1 else torch.cat(inputs, 1)

    def reorg(self, layer, x):
        s, shape, output = layer.stride, layer.input, layer.output
        x = x.reshape(shape.channels // (s * s), shape.rows, s, shape.cols, s)
        return x.permute(2, 4, 0, 1, 3).reshape(1, output.channels, output.rows, output.cols)

    def resize(self, layer, x):
        size = [layer.output.rows, layer.output.cols]
        if layer.interpolation == "linear":
            return F.interpolate(x, size, mode="bilinear", align_corners=False)
        return F.interpolate(x, size, mode="nearest")


class Walk(torch.nn.Module):
    def __init__(self, network, memory_format):
        super().__init__()
        self.network = network
        self.backend = TorchBackend(network, memory_format)

    def forward(self, picture):
        return self.network.walk(self.backend, picture)


def main():
    task = task_of_command_line()
    torch.set_num_threads(task.threads)
    memory_format = torch.channels_last if task.way == "channels-last" else torch.contiguous_format
    network = Network(task.folder / "model.h5")
    shape = network.input
    picture = torch.from_numpy(np.fromfile(task.folder / "input.bin", np.float32))
    picture = picture.reshape(1, shape.channels, shape.rows, shape.cols).contiguous(memory_format=memory_format)
    with torch.inference_mode():
        model = Walk(network, memory_format).eval()
        if task.way == "frozen":
            model = torch.jit.optimize_for_inference(torch.jit.trace(model, picture, check_trace=False))
        measure(task, f"PyTorch {torch.__version__}", lambda: [output.numpy() for output in model(picture)])


if __name__ == "__main__":
    main()
