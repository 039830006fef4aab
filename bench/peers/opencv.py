#!/usr/bin/python3
"""Times OpenCV's DNN module on a case, see timing.py; needs Debian's python3-opencv.

Ways: what it reads, `cfg` or `onnx`.
"""
import cv2
import numpy as np

from timing import measure, task_of_command_line

ACTIVATIONS = ("leaky", "relu")  # which it numbers after the layer that follows


def name_of(net, number):
    """Of the layer with that Darknet number."""
    for name in net.getLayerNames():
        kind, _, its_number = name.rpartition("_")
        if its_number == str(number) and kind not in ACTIVATIONS:
            return name
    raise SystemExit(f"OpenCV has no layer {number}")


def main():
    task = task_of_command_line()
    cv2.setNumThreads(task.threads)
    if task.way == "cfg":
        net = cv2.dnn.readNetFromDarknet(str(task.folder / "network.cfg"), str(task.folder / "network.weights"))
        names = [name_of(net, number) for number in task.outputs]
    else:
        net = cv2.dnn.readNetFromONNX(str(task.folder / "network.onnx"))
        names = [f"output{number}" for number in task.outputs]
    net.setPreferableBackend(cv2.dnn.DNN_BACKEND_OPENCV)
    shape = [int(extent) for extent in (task.folder / "input.txt").read_text().split()]
    picture = np.fromfile(task.folder / "input.bin", np.float32).reshape(1, *shape)

    def compute():
        net.setInput(picture)
        return net.forward(names)

    measure(task, f"OpenCV {cv2.__version__}", compute)


if __name__ == "__main__":
    main()
