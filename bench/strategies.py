#!/usr/bin/env python3
"""Compares the strategies on emulated clusters: memory, latency, frames per second, bytes moved.

    bench/strategies.py                      # everything; takes an hour or two, as root, on a quiet machine
    bench/strategies.py --networks yolov2 --hosts 8 --links 1gbit --strategies vertical      # one row
    bench/strategies.py --summarise          # only the table and the plots, from the results

jobs/install-packages.sh bench installs what it needs beside vpinfer.  Every row is two runs under jobs/emulate.sh: one
frame at a time for the latency, frames in flight for the frames per second.  Rows go into the results file as they are
measured; --again replaces rows that are there.  Beside each cluster's rows, because machines are not equally fast all
day, one host alone is measured, and the cluster's null run (jobs/emulate.sh --calibrate): its speed-up is the most that
the emulation can show.
"""
import argparse
import datetime
import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from commands import MIB, ROOT, machine, run
from networks import NETWORKS, import_network

RESULTS = ROOT / "bench" / "results"
MEASURED = ["yolov2", "vgg-16", "yolov2-tiny", "resnet50", "darknet19"]
ALONE = "one host"
STRATEGIES = {
    ALONE: [],
    "vertical": ["--strategy", "vertical"],
    "vertical, latency": ["--strategy", "vertical", "--objective", "latency"],
    "data": ["--strategy", "data"],
    "data, fused": ["--strategy", "data", "--fuse", "auto"],
    "sequential": ["--strategy", "sequential"],
    "horizontal": ["--strategy", "horizontal"],
}
LATENCY_FRAMES = 7


@dataclass(frozen=True)
class Cluster:
    hosts: int
    cpu: str
    link: str

    def arguments(self):
        return ["--hosts", str(self.hosts), "--cpu", self.cpu, "--link", self.link]


@dataclass(frozen=True)
class Row:
    network: str
    strategy: str
    cluster: Cluster

    def cluster_used(self):
        return Cluster(1, self.cluster.cpu, self.cluster.link) if self.strategy == ALONE else self.cluster

    def key(self):
        return [self.network, self.strategy, self.cluster.hosts, self.cluster.cpu, self.cluster.link]


def key_of(result):
    return [result[name] for name in ("network", "strategy", "hosts", "cpu", "link")]


def model_of(network):
    model = ROOT / "out" / "bench" / f"{network}.h5"
    import_network(NETWORKS[network], model, ROOT / "build/release/vpinfer")
    return model.relative_to(ROOT)


def emulate(cluster, arguments, report):
    command = ["jobs/emulate.sh", *cluster.arguments(), "--", "build/release/vpinfer", *arguments]
    run([command[0], "--quiet", *command[1:], "--json", report])
    return " ".join(map(str, command)), json.loads(Path(report).read_text())


def in_flight(row):
    """One frame to compute while another's messages travel, in every stage of a pipeline."""
    return 2 * row.cluster_used().hosts if row.strategy == "sequential" else 2


def measure(row):
    common = ["--model", model_of(row.network), *STRATEGIES[row.strategy], "--threads", "1"]
    frames = in_flight(row)
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        latency_command, latency = emulate(
            row.cluster_used(), [*common, "--repeat", LATENCY_FRAMES], report)
        stream_command, stream = emulate(
            row.cluster_used(), [*common, "--repeat", 2 * frames + 8, "--in-flight", frames], report)

    def fullest(report, name):
        return max(rank[name] for rank in report["ranks"])

    return {
        "network": row.network, "strategy": row.strategy, "hosts": row.cluster.hosts, "cpu": row.cluster.cpu,
        "link": row.cluster.link,
        "latency_seconds": latency["latency_seconds"],
        "predicted_bytes": fullest(latency, "predicted_bytes"),
        "peak_rss_bytes": fullest(latency, "peak_rss_bytes"),
        "bytes_moved": latency["bytes_moved"],
        "frames_per_second": stream["frames_per_second"],
        "frames_in_flight": frames,
        "stream_predicted_bytes": fullest(stream, "predicted_bytes"),
        "stream_peak_rss_bytes": fullest(stream, "peak_rss_bytes"),
        "utilisation": [round(rank["utilisation"], 3) for rank in stream["ranks"]],
        "commands": [latency_command, stream_command],
        "measured": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        "git_hash": latency["context"]["git_hash"], "mpi": latency["context"]["mpi"],
        "blas": latency["ranks"][0]["blas"],
    }


def calibrate(cluster):
    """The speed-up of the null run."""
    text = run(["jobs/emulate.sh", "--calibrate", "--quiet", *cluster.arguments()])
    return {"hosts": cluster.hosts, "cpu": cluster.cpu, "link": cluster.link,
            "ceiling": float(text.split()[-1]),
            "measured": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
            "command": " ".join(["jobs/emulate.sh", "--calibrate", *cluster.arguments()])}


class Results:
    def __init__(self, path):
        self.path = path
        self.content = json.loads(path.read_text()) if path.exists() else {"rows": [], "ceilings": []}

    def row(self, row):
        return next((r for r in self.content["rows"] if key_of(r) == row.key()), None)

    def put(self, result):
        self.content["rows"] = [r for r in self.content["rows"] if key_of(r) != key_of(result)] + [result]
        self.save()

    def ceiling(self, cluster):
        found = [c["ceiling"] for c in self.content["ceilings"] if self.cluster_of(c) == cluster]
        return found[0] if found else None

    def put_ceiling(self, ceiling):
        others = [c for c in self.content["ceilings"] if self.cluster_of(c) != self.cluster_of(ceiling)]
        self.content["ceilings"] = others + [ceiling]
        self.save()

    @staticmethod
    def cluster_of(ceiling):
        return Cluster(ceiling["hosts"], ceiling["cpu"], ceiling["link"])

    def save(self):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.content["machine"] = machine()
        self.path.write_text(json.dumps(self.content, indent=1) + "\n")


def rows_of(options):
    for network in options.networks:
        for link in options.links:
            for hosts in options.hosts:
                for strategy in [ALONE, *options.strategies]:
                    yield Row(network, strategy, Cluster(hosts, options.cpu, link))


def one_host(rows, row):
    """What was measured of one host beside a row."""
    return next(r for r in rows if r["strategy"] == ALONE and (r["hosts"], r["link"]) == (row["hosts"], row["link"]))


def commit_of(result):
    """In short, and whether something was not committed when the program was configured."""
    commit, *dirty = result["git_hash"].split("-")
    return "-".join([commit[:7], *dirty])


def table(results, network, cpu):
    """Markdown: a line per link, hosts and strategy."""
    rows = [r for r in results.content["rows"] if r["network"] == network and r["cpu"] == cpu]
    lines = [f"### {network}", "",
             "| link | hosts | strategy | predicted | measured | moved | latency | speed-up | frames/s | speed-up | in flight: predicted | null run | commit |",
             "| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |"]
    order = list(STRATEGIES)
    rows.sort(key=lambda r: (r["link"] != "1gbit", r["hosts"], order.index(r["strategy"])))
    for r in rows:
        alone = r["strategy"] == ALONE
        one = one_host(rows, r)
        ceiling = results.ceiling(Cluster(r["hosts"], r["cpu"], r["link"]))
        lines.append("| " + " | ".join([
            r["link"], str(1 if alone else r["hosts"]), "-" if alone else r["strategy"],
            f'{r["predicted_bytes"] / MIB:.1f}', f'{r["peak_rss_bytes"] / MIB:.1f}',
            f'{r["bytes_moved"] / MIB:.1f}',
            f'{1e3 * r["latency_seconds"]["median"]:.0f}',
            f'{one["latency_seconds"]["median"] / r["latency_seconds"]["median"]:.2f}',
            f'{r["frames_per_second"]:.2f}', f'{r["frames_per_second"] / one["frames_per_second"]:.2f}',
            f'{r["stream_predicted_bytes"] / MIB:.1f}',
            "" if alone or ceiling is None else f"{ceiling:.2f}", commit_of(r)]) + " |")
    return "\n".join(lines) + "\n"


PLOT = """
set terminal svg size 900,380 font "DejaVu Sans,12" background "white"
set output "{output}"
set title "{network}: speed-up over one host, {link}" noenhanced
set multiplot layout 1,2
set key left top
set grid
set xlabel "hosts"
set xtics ({tics})
set yrange [0:*]
{panels}
unset multiplot
"""


def plot(results, network, link, cpu, output):
    """An SVG with two panels, latency and frames per second, and the null run in both."""
    rows = [r for r in results.content["rows"] if r["network"] == network and r["cpu"] == cpu]
    hosts = [1, *sorted({r["hosts"] for r in rows})]
    panels = []
    for title, value in [("latency", lambda r: one_host(rows, r)["latency_seconds"]["median"] / r["latency_seconds"]["median"]),
                         ("frames per second", lambda r: r["frames_per_second"] / one_host(rows, r)["frames_per_second"])]:
        blocks, plots = [], []
        ceilings = [(h, results.ceiling(Cluster(h, cpu, link))) for h in hosts if h > 1]
        series = {"null run": [(1, 1)] + [c for c in ceilings if c[1]]}
        for strategy in [s for s in STRATEGIES if s != ALONE]:
            series[strategy] = [(1, 1)] + sorted(
                (r["hosts"], value(r)) for r in rows if r["strategy"] == strategy and r["link"] == link)
        for number, (name, points) in enumerate(series.items()):
            blocks.append(f"$data{number} << END\n" + "\n".join(f"{x} {y:.3f}" for x, y in points) + "\nEND")
            style = "lines dt 2 lc rgb 'grey40'" if name == "null run" else f"linespoints lw 2 pt {number + 3}"
            plots.append(f"$data{number} title \"{name}\" noenhanced with {style}")
        panels.append("\n".join(blocks) + f'\nset ylabel "{title}, speed-up"\nplot ' + ", ".join(plots))
    script = PLOT.format(output=output, network=network, link=link, tics=", ".join(map(str, hosts)),
                         panels="\n".join(panels))
    subprocess.run(["gnuplot"], input=script, text=True, check=True)


def summarise(results, options):
    networks = [n for n in NETWORKS if any(r["network"] == n for r in results.content["rows"])]
    machine = results.content["machine"]
    last = max(r["measured"] for r in results.content["rows"])
    text = (f"# The strategies on emulated clusters\n\nMeasured by `bench/strategies.py` until {last[:16].replace('T', ' ')}; every host has "
            f"{options.cpu} of a core of an {machine['cpu']} ({machine['cores']} cores), {results.content['rows'][0]['mpi']}, "
            f"{results.content['rows'][0]['blas']}. Sizes in MiB, of the fullest rank; *measured* is its peak resident set, an empty MPI "
            "program's 23 MiB included; latency in ms, one frame at a time. *Null run* is the speed-up of evenly divided work "
            "with tiny messages: the most that the emulation can show; *commit* is the program's. The commands of every row are in "
            f"`{results.path.name}`.\n\n")
    text += "\n".join(table(results, network, options.cpu) for network in networks)
    (results.path.parent / "strategies.md").write_text(text)
    for network in networks:
        for link in sorted({r["link"] for r in results.content["rows"] if r["network"] == network}):
            plot(results, network, link, options.cpu, results.path.parent / f"{network}-{link}.svg")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=MEASURED)
    parser.add_argument("--strategies", nargs="+", choices=[s for s in STRATEGIES if s != ALONE],
                        default=[s for s in STRATEGIES if s != ALONE])
    parser.add_argument("--hosts", nargs="+", type=int, default=[2, 4, 8])
    parser.add_argument("--links", nargs="+", default=["1gbit", "100mbit"])
    parser.add_argument("--cpu", default="20%", help="each host's share of a core [20%%]")
    parser.add_argument("--results", type=Path, default=RESULTS / "strategies.json")
    parser.add_argument("--again", action="store_true", help="measure rows that the results have already")
    parser.add_argument("--summarise", action="store_true", help="measure nothing")
    options = parser.parse_args()

    results = Results(options.results)
    calibrated = set()
    for row in [] if options.summarise else rows_of(options):
        if results.ceiling(row.cluster) is None or options.again and row.cluster not in calibrated:
            results.put_ceiling(calibrate(row.cluster))
            calibrated.add(row.cluster)
        if results.row(row) is not None and not options.again:
            continue
        result = measure(row)
        results.put(result)
        print(*row.key(), f'{1e3 * result["latency_seconds"]["median"]:.0f} ms,',
              f'{result["frames_per_second"]:.2f} frames/s', flush=True)
    summarise(results, options)


if __name__ == "__main__":
    main()
