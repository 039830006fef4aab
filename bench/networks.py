"""The networks that the benchmarks run, by Darknet's cfgs, with seeded weights."""
from pathlib import Path

from commands import ROOT, run

DARKNET = Path("/usr/share/darknet/cfg")  # of Debian's package darknet
NETWORKS = {
    "yolov2": ROOT / "inputs" / "yolov2" / "yolov2.cfg",
    "vgg-16": DARKNET / "vgg-16.cfg",
    "yolov2-tiny": DARKNET / "yolov2-tiny.cfg",
    "yolov3-tiny": DARKNET / "yolov3-tiny.cfg",
    "resnet50": DARKNET / "resnet50.cfg",
    "darknet19": DARKNET / "darknet19.cfg",
}


def import_network(cfg, model, vpinfer):
    """Makes the model, unless it is there."""
    if not model.exists():
        model.parent.mkdir(parents=True, exist_ok=True)
        run([vpinfer, "import", cfg, "--random-weights", "7", "-o", model])
