#!/usr/bin/env python3
"""Compares the strategies on emulated clusters: memory, latency, frames per second, bytes moved.

    bench/strategies.py                      # everything; takes an hour or two, as root, on a quiet machine
    bench/strategies.py --networks yolov2 --hosts 8 --links 1gbit --strategies vertical      # one row
    bench/strategies.py --networks yolov2-tiny --cpus 20%,20%,20%,5% --memory 256MiB,128MiB,128MiB,64MiB   # mixed hosts
    bench/strategies.py --summarise          # only the table and the plots, from the results

jobs/install-packages.sh bench installs what it needs beside vpinfer.  Every row is two runs under jobs/emulate.sh: one
frame at a time for the latency, frames in flight for the frames per second.  Rows go into the results file as they are
measured; --again replaces rows that are there.  Beside each cluster's rows, because machines are not equally fast all
day, one host alone is measured, the first, and the cluster's null run (jobs/emulate.sh --calibrate): its speed-up is the
most that the emulation can show.  auto measures its hosts at the start of each run, as it does for users.  On mixed hosts,
whose rows go into a file of their own, it is compared with equal shares and with itself without the slowest host.
"""
import argparse
import datetime
import json
import subprocess
from dataclasses import asdict, astuple, dataclass
from pathlib import Path

from commands import MIB, ROOT, machine, run
from emulation import MEASURED, TOO_LITTLE_MEMORY, Cluster, clusters, model_of, report_of, stream_of
from networks import NETWORKS

RESULTS = ROOT / "bench" / "results"
ALONE = "one host"
WITHOUT_SLOWEST = "auto, without the slowest host"
STRATEGIES = {
    ALONE: [],
    "vertical": ["--strategy", "vertical"],
    "vertical, latency": ["--strategy", "vertical", "--objective", "latency"],
    "data": ["--strategy", "data"],
    "data, fused": ["--strategy", "data", "--fuse", "auto"],
    "sequential": ["--strategy", "sequential"],
    "horizontal": ["--strategy", "horizontal"],
    "vertical, int8": ["--strategy", "vertical", "--wire", "int8"],
    "auto": ["--strategy", "auto"],
    "auto, any wire": ["--strategy", "auto", "--wire", "auto"],
    "auto, any wire, stream": ["--strategy", "auto", "--wire", "auto", "--objective", "throughput",
                               "--memory-limit", "64MiB"],
    WITHOUT_SLOWEST: ["--strategy", "auto"],
}
EQUAL = [name for name in STRATEGIES if name not in (ALONE, WITHOUT_SLOWEST)]
MIXED = ["vertical", "data", "auto", WITHOUT_SLOWEST]
LATENCY_FRAMES = 7
USUAL_HOSTS = ("20%", "")  # share of a core, memory: those of the plots


@dataclass(frozen=True)
class Row:
    network: str
    strategy: str
    cluster: Cluster

    def cluster_used(self):
        if self.strategy == ALONE:
            return self.cluster.only([0])
        return self.cluster.without_slowest() if self.strategy == WITHOUT_SLOWEST else self.cluster

    def key(self):
        return [self.network, self.strategy, *astuple(self.cluster)]


def cluster_of(result):
    return Cluster(result["hosts"], result["cpu"], result["link"], result.get("memory", ""))


def key_of(result):
    return [result["network"], result["strategy"], *astuple(cluster_of(result))]


def fullest(report, name):
    return max(rank[name] for rank in report["ranks"])


def latency_figures(report):
    return {
        "latency_seconds": report["latency_seconds"],
        "predicted_bytes": fullest(report, "predicted_bytes"),
        "peak_rss_bytes": fullest(report, "peak_rss_bytes"),
        "bytes_moved": report["bytes_moved"],
        "git_hash": report["context"]["git_hash"], "mpi": report["context"]["mpi"],
        "blas": report["ranks"][0]["blas"],
    }


def stream_figures(report):
    return {
        "frames_per_second": report["frames_per_second"],
        "frames_in_flight": report["context"]["frames_in_flight"],
        "stream_predicted_bytes": fullest(report, "predicted_bytes"),
        "stream_peak_rss_bytes": fullest(report, "peak_rss_bytes"),
        "utilisation": [round(rank["utilisation"], 3) for rank in report["ranks"]],
    }


def measure(row):
    """A result; without the figures of a run whose hosts have too little memory."""
    used = row.cluster_used()
    common = ["--model", model_of(row.network), *STRATEGIES[row.strategy]]
    latency_command, latency = report_of(used, [*common, "--repeat", LATENCY_FRAMES], TOO_LITTLE_MEMORY)
    stream_command, stream = report_of(used, [*common, *stream_of(used.hosts)], TOO_LITTLE_MEMORY)
    return {
        "network": row.network, "strategy": row.strategy, **asdict(row.cluster),
        **(latency_figures(latency) if latency else {}),
        **(stream_figures(stream) if stream else {}),
        "commands": [latency_command, stream_command],
        "measured": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
    }


def calibrate(cluster):
    """The speed-up of the null run."""
    text = run(["jobs/emulate.sh", "--calibrate", "--quiet", *cluster.arguments()])
    return {**asdict(cluster),
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
        found = [c["ceiling"] for c in self.content["ceilings"] if cluster_of(c) == cluster]
        return found[0] if found else None

    def put_ceiling(self, ceiling):
        others = [c for c in self.content["ceilings"] if cluster_of(c) != cluster_of(ceiling)]
        self.content["ceilings"] = others + [ceiling]
        self.save()

    def save(self):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.content["machine"] = machine()
        self.path.write_text(json.dumps(self.content, indent=1) + "\n")


def rows_of(options):
    for network in options.networks:
        for link in options.links:
            for cluster in clusters(options.hosts, options.cpus, link, options.memory):
                for strategy in [ALONE, *(options.strategies or (MIXED if cluster.is_mixed() else EQUAL))]:
                    if strategy != WITHOUT_SLOWEST or cluster.has_a_slowest():
                        yield Row(network, strategy, cluster)


def rows_on(results, network, cpu, memory):
    return [r for r in results.content["rows"]
            if (r["network"], r["cpu"], r.get("memory", "")) == (network, cpu, memory)]


def one_host(rows, row):
    """What was measured of one host beside a row."""
    return next(r for r in rows if r["strategy"] == ALONE and cluster_of(r) == cluster_of(row))


def frame_rate(row):
    """Frames per second, one at a time; nothing if memory did not suffice."""
    return 1 / row["latency_seconds"]["median"] if "latency_seconds" in row else None


def stream_rate(row):
    """Frames per second with several in flight; nothing if memory did not suffice."""
    return row.get("frames_per_second")


def speed_up(rows, row, rate):
    own, one = rate(row), rate(one_host(rows, row))
    return own / one if own and one else None


def commit_of(result):
    """In short, and whether something was not committed when the program was configured."""
    commit, *dirty = result["git_hash"].split("-")
    return "-".join([commit[:7], *dirty])


def cells(results, rows, r):
    def mebibytes(name):
        return f"{r[name] / MIB:.1f}" if name in r else ""

    def decimals(value):
        return "" if value is None else f"{value:.2f}"

    alone = r["strategy"] == ALONE
    return [r["link"], str(1 if alone else r["hosts"]), "-" if alone else r["strategy"],
            mebibytes("predicted_bytes"), mebibytes("peak_rss_bytes"), mebibytes("bytes_moved"),
            f'{1e3 * r["latency_seconds"]["median"]:.0f}' if "latency_seconds" in r else "does not fit",
            decimals(speed_up(rows, r, frame_rate)), decimals(stream_rate(r)), decimals(speed_up(rows, r, stream_rate)),
            mebibytes("stream_predicted_bytes"),
            "" if alone else decimals(results.ceiling(cluster_of(r))), commit_of(r) if "git_hash" in r else ""]


def table(results, network, cpu, memory):
    """Markdown: a line per link, hosts and strategy."""
    rows = rows_on(results, network, cpu, memory)
    lines = [f"### {network}, hosts of {cpu} of a core" + (f", {memory}" if memory else ""), "",
             "| link | hosts | strategy | predicted | measured | moved | latency | speed-up | frames/s | speed-up | in flight: predicted | null run | commit |",
             "| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |"]
    order = list(STRATEGIES)
    rows.sort(key=lambda r: (r["link"] != "1gbit", r["hosts"], order.index(r["strategy"])))
    lines += ["| " + " | ".join(cells(results, rows, r)) + " |" for r in rows]
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


def plot(results, network, link, cpu, memory, output):
    """An SVG with two panels, latency and frames per second, and the null run in both."""
    rows = rows_on(results, network, cpu, memory)
    hosts = [1, *sorted({r["hosts"] for r in rows})]
    panels = []
    for title, rate in [("latency", frame_rate), ("frames per second", stream_rate)]:
        blocks, plots = [], []
        ceilings = [(h, results.ceiling(Cluster(h, cpu, link, memory))) for h in hosts if h > 1]
        series = {"null run": [(1, 1)] + [c for c in ceilings if c[1]]}
        for strategy in EQUAL:
            series[strategy] = [(1, 1)] + sorted(
                (r["hosts"], speed_up(rows, r, rate)) for r in rows
                if r["strategy"] == strategy and r["link"] == link and speed_up(rows, r, rate))
        for number, (name, points) in enumerate(series.items()):
            if len(points) == 1:
                continue
            blocks.append(f"$data{number} << END\n" + "\n".join(f"{x} {y:.3f}" for x, y in points) + "\nEND")
            style = "lines dt 2 lc rgb 'grey40'" if name == "null run" else f"linespoints lw 2 pt {number + 3}"
            plots.append(f"$data{number} title \"{name}\" noenhanced with {style}")
        panels.append("\n".join(blocks) + f'\nset ylabel "{title}, speed-up"\nplot ' + ", ".join(plots))
    script = PLOT.format(output=output, network=network, link=link, tics=", ".join(map(str, hosts)),
                         panels="\n".join(panels))
    subprocess.run(["gnuplot"], input=script, text=True, check=True)


def summarise(results):
    rows = results.content["rows"]
    machine = results.content["machine"]
    last = max(r["measured"] for r in rows)
    some = next(r for r in rows if "mpi" in r)
    text = (f"# The strategies on emulated clusters\n\nMeasured by `bench/strategies.py` until {last[:16].replace('T', ' ')} on "
            f"an {machine['cpu']} ({machine['cores']} cores), {some['mpi']}, {some['blas']}. Sizes in MiB, of the fullest rank; "
            "*measured* is its peak resident set, an empty MPI program's 23 MiB included; latency in ms, one frame at a time. "
            "*Null run* is the speed-up of evenly divided work with tiny messages: the most that the emulation can show; *commit* "
            f"is the program's. The commands of every row are in `{results.path.name}`.\n\n")
    order = list(NETWORKS)
    kinds = sorted({(r["network"], r["cpu"], r.get("memory", "")) for r in rows}, key=lambda k: (order.index(k[0]), k[1:]))
    text += "\n".join(table(results, *kind) for kind in kinds)
    results.path.with_suffix(".md").write_text(text)
    for network, cpu, memory in kinds:
        if (cpu, memory) != USUAL_HOSTS:
            continue
        equal = [r for r in rows_on(results, network, cpu, memory) if not cluster_of(r).is_mixed()]
        for link in sorted({r["link"] for r in equal}):
            plot(results, network, link, cpu, memory, results.path.parent / f"{network}-{link}.svg")


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=MEASURED)
    parser.add_argument("--strategies", nargs="+", choices=[s for s in STRATEGIES if s != ALONE],
                        help=f"[of equal hosts {', '.join(EQUAL)}; of mixed ones {'; '.join(MIXED)}]")
    parser.add_argument("--hosts", nargs="+", type=int, default=[2, 4, 8], help="numbers of equal hosts [2 4 8]")
    parser.add_argument("--links", nargs="+", default=["1gbit", "100mbit"])
    parser.add_argument("--cpus", default=USUAL_HOSTS[0], help="a share of a core, or one for each host, separated by commas [20%%]")
    parser.add_argument("--memory", default="", help="each host's memory, or one for each, such as 128MiB [no limit]")
    parser.add_argument("--results", type=Path, help="[bench/results/strategies.json, of mixed hosts mixed.json]")
    parser.add_argument("--again", action="store_true", help="measure rows that the results have already")
    parser.add_argument("--summarise", action="store_true", help="measure nothing")
    options = parser.parse_args()
    if options.results is None:
        mixed = clusters(options.hosts, options.cpus, options.links[0], options.memory)[0].is_mixed()
        options.results = RESULTS / ("mixed.json" if mixed else "strategies.json")
    return options


def main():
    options = parse_options()
    results = Results(options.results)
    calibrated = set()
    for row in [] if options.summarise else rows_of(options):
        wanted = results.ceiling(row.cluster) is None or options.again and row.cluster not in calibrated
        if wanted and not row.cluster.is_mixed():  # evenly divided work says nothing of mixed hosts
            results.put_ceiling(calibrate(row.cluster))
            calibrated.add(row.cluster)
        if results.row(row) is not None and not options.again:
            continue
        result = measure(row)
        results.put(result)
        rates = (f"{rate(result):.2f}" if rate(result) else "does not fit" for rate in (frame_rate, stream_rate))
        print(*row.key(), "frames/s alone and in flight:", *rates, flush=True)
    summarise(results)


if __name__ == "__main__":
    main()
