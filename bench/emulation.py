"""What the benchmarks on emulated clusters share: a cluster, a model, and a run of it there."""
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from commands import ROOT, run
from networks import NETWORKS, import_network

VPINFER = "build/release/vpinfer"
MEASURED = ["yolov2", "vgg-16", "yolov2-tiny", "resnet50", "darknet19"]
TOO_LITTLE_MEMORY = (4, 137)  # refused by vpinfer, or killed by the emulation


@dataclass(frozen=True)
class Cluster:
    """Options of jobs/emulate.sh: each a value for all hosts, or one for each, separated by commas."""
    hosts: int
    cpu: str
    link: str
    memory: str = ""

    def arguments(self):
        memory = ["--memory", self.memory] if self.memory else []
        return ["--hosts", str(self.hosts), "--cpu", self.cpu, "--link", self.link, *memory]

    def is_mixed(self):
        return "," in self.cpu + self.link + self.memory

    def only(self, hosts):
        """The cluster of these of its hosts, which count from 0."""
        def values(text):
            each = text.split(",")
            return text if len(each) == 1 else ",".join(each[host] for host in hosts)

        return Cluster(len(hosts), values(self.cpu), values(self.link), values(self.memory))

    def has_a_slowest(self):
        return len(set(self.cpu.split(","))) > 1

    def without_slowest(self):
        shares = [float(share.rstrip("%")) for share in self.cpu.split(",")]
        slowest = shares.index(min(shares))
        return self.only([host for host in range(self.hosts) if host != slowest])


def clusters(counts, cpu, link, memory=""):
    """One of each number of hosts, or, if the hosts' values are listed, the one of as many hosts."""
    listed = max(values.count(",") + 1 for values in (cpu, link, memory))
    return [Cluster(hosts, cpu, link, memory) for hosts in (counts if listed == 1 else [listed])]


def model_of(network):
    """Its path in the repository; it is made if need be."""
    model = ROOT / "out" / "bench" / f"{network}.h5"
    import_network(NETWORKS[network], model, ROOT / VPINFER)
    return model.relative_to(ROOT)


def stream_of(stages, frames=7):
    """Options of a run as a stream that fills and drains a pipeline of so many stages and shows some frames in full swing."""
    return ["--repeat", 2 * stages + 3 + frames, "--in-flight", "auto"]


def emulate(cluster, arguments, unless=()):
    """Runs vpinfer; the command, and what `run` returns."""
    command = ["jobs/emulate.sh", *cluster.arguments(), "--", VPINFER, *map(str, arguments)]
    return " ".join(command), run([command[0], "--quiet", *command[1:]], unless)


def report_of(cluster, arguments, unless=()):
    """The command of a run with one thread per rank, and its report, or None if it ends with one of these codes."""
    arguments = [*arguments, "--threads", 1]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.json"
        command, printed = emulate(cluster, [*arguments, "--json", path], unless)
        report = None if printed is None else json.loads(path.read_text())
    return command.removesuffix(f" --json {path}"), report
