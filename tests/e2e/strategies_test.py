"""Every strategy gives the answer of one rank, on any number of ranks: the one in $VPINFER_RANKS, or several."""

import json
import os
import unittest

from program import POOL, STRATEGIES, ProgramTest, convolution, small_yolo, vpinfer

RANKS = [int(number) for number in (os.environ.get("VPINFER_RANKS") or "1 2 3 5 8").split()]


def residual_net():
    """ResNet-18 in small: blocks of two convolutions, a shortcut over a change of shape, a classifier."""
    def block(filters, stride=1):
        return (convolution(filters, 3, stride) + convolution(filters, activation="linear")
                + "[shortcut]\nfrom=-3\nactivation=leaky\n\n")

    return ("[net]\nheight=48\nwidth=48\nchannels=3\n\n" + convolution(16, 3, 2) + POOL + block(16) + block(16)
            + convolution(32, 3, 2) + block(32) + block(32)
            + convolution(64, 3, 2) + block(64)
            + "[avgpool]\n\n" + convolution(10, 1, 1, "linear", False) + "[softmax]\ngroups=1\n")


def fully_connected_net():
    """VGG in small."""
    return ("[net]\nheight=32\nwidth=32\nchannels=3\n\n" + convolution(8) + POOL + convolution(16) + POOL
            + "[connected]\noutput=96\nactivation=relu\n\n[dropout]\nprobability=.5\n\n"
            + "[connected]\noutput=80\nactivation=relu\n\n[connected]\noutput=12\nactivation=linear\n\n"
            + "[softmax]\ngroups=1\n")


NETWORKS = {"YOLOv2": small_yolo, "residual": residual_net, "fully connected": fully_connected_net}


class OneFrame(ProgramTest):
    def check(self, network):
        model = self.import_random(cfg=NETWORKS[network]())
        for strategy in STRATEGIES:
            for ranks in RANKS:
                with self.subTest(network, strategy=strategy, ranks=ranks):
                    report = self.path("r.json")
                    self.assert_done(vpinfer("--model", model, "--strategy", *strategy,
                                             "--compare-single", "--json", report, ranks=ranks))
                    self.assertTrue(json.loads(report.read_text())["comparison"]["pass"])

    def test_yolov2(self):
        self.check("YOLOv2")

    def test_a_residual_net(self):
        self.check("residual")

    def test_fully_connected_layers(self):
        self.check("fully connected")


if __name__ == "__main__":
    unittest.main()
