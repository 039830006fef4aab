#!/usr/bin/env python3
"""Compares predicted times with measured ones on emulated clusters, and auto with the other strategies.

    bench/predictions.py                     # everything; an hour or two, as root, on a quiet machine
    bench/predictions.py --networks yolov2 --hosts 8 --links 1gbit       # some rows
    bench/predictions.py --cpus 20%,20%,20%,5%                           # a mixed cluster, of as many hosts
    bench/predictions.py --summarise         # only the table, from the results

Every cluster is calibrated anew for each network (vpinfer calibrate), because a shared machine's speed drifts; each
strategy's plan is made for it and run by itself under jobs/emulate.sh, one frame at a time for the latency, then as a
stream for the frames per second.  Rows go into the results file as they are measured and replace those that are there.
"""
import argparse
import datetime
import json
import re
import statistics
import tempfile
from pathlib import Path

from commands import ROOT, machine, run
from emulation import MEASURED, VPINFER, clusters, emulate, model_of, report_of, stream_of
from networks import NETWORKS

RESULTS = ROOT / "bench" / "results" / "predictions.json"
TABLE = RESULTS.with_suffix(".md")
STRATEGIES = {
    "single": ["--strategy", "single"],
    "auto": ["--strategy", "auto"],
    "auto, stream": ["--strategy", "auto", "--objective", "throughput"],
    "vertical": ["--strategy", "vertical"],
    "data": ["--strategy", "data"],
    "sequential": ["--strategy", "sequential"],
}
PIPELINES = ["auto, stream", "sequential"]  # may be
KEY = ["network", "hosts", "cpu", "link", "strategy"]
FRAMES = 7
FEW_FRAMES = 3  # where they take more than a second, mostly of links, whose rate does not drift


def measure(network, strategy, cluster, calibrated):
    used = cluster.only([0]) if strategy == "single" else cluster
    with tempfile.TemporaryDirectory() as folder:
        plan = Path(folder) / "plan.json"
        told = run([VPINFER, "plan", model_of(network), "--ranks", used.hosts, "--cluster", calibrated, *STRATEGIES[strategy],
                    "--threads", 1, "-o", plan])
        is_slow = float(re.search(r"a frame alone takes ([\d.]+) ms", told)[1]) > 1000
        common = ["--model", model_of(network), "--plan", plan, "--cluster", calibrated]
        _, alone = report_of(used, [*common, "--repeat", FEW_FRAMES if is_slow else FRAMES])
        stages = used.hosts if strategy in PIPELINES else 1
        _, stream = report_of(used, [*common, *stream_of(stages, FEW_FRAMES if is_slow else FRAMES)])
    return {
        "network": network, "hosts": cluster.hosts, "cpu": cluster.cpu, "link": cluster.link, "strategy": strategy,
        "latency_seconds": alone["latency_seconds"]["median"],
        "predicted_latency_seconds": alone["predicted"]["latency_seconds"],
        "frames_per_second": stream["frames_per_second"],
        "predicted_frames_per_second": stream["predicted"]["frames_per_second"],
        "bytes_moved": alone["bytes_moved"],
        "measured": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        "git_hash": alone["context"]["git_hash"],
    }


def load():
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {"rows": []}


def save(results, row):
    results["rows"] = [r for r in results["rows"] if [r[k] for k in KEY] != [row[k] for k in KEY]] + [row]
    results["machine"] = machine()
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")


def ratios(rows):
    """Predicted over measured, of latencies and of periods."""
    return ([r["predicted_latency_seconds"] / r["latency_seconds"] for r in rows],
            [r["frames_per_second"] / r["predicted_frames_per_second"] for r in rows])


def in_words(name, values):
    errors = sorted(abs(v - 1) for v in values)
    return (f"{name}: median error {100 * statistics.median(errors):.0f} %, worst {100 * errors[-1]:.0f} %, "
            f"{sum(e <= 0.25 for e in errors)} of {len(errors)} within 25 %.")


def best_other(rows, row, figure, better):
    """Of the strategies but auto on the same hosts, and of one host, wherever it was measured on that link."""
    others = [r for r in rows if r["network"] == row["network"] and r["link"] == row["link"] and r["cpu"] == row["cpu"]
              and (r["strategy"] == "single" or r["hosts"] == row["hosts"] and not r["strategy"].startswith("auto"))]
    return better(others, key=lambda r: r[figure])


def choices(rows):
    """auto beside the best of the other strategies, and the ratios of their times."""
    lines, latencies, periods = [], [], []
    for alone in (r for r in rows if r["strategy"] == "auto"):
        stream = next((r for r in rows if r["strategy"] == "auto, stream" and all(r[k] == alone[k] for k in KEY[:-1])), alone)
        other = best_other(rows, alone, "latency_seconds", min)
        other_stream = best_other(rows, alone, "frames_per_second", max)
        latencies.append(alone["latency_seconds"] / other["latency_seconds"])
        periods.append(other_stream["frames_per_second"] / stream["frames_per_second"])
        lines.append("| " + " | ".join([
            alone["network"], alone["cpu"], alone["link"], str(alone["hosts"]),
            f'{1e3 * alone["latency_seconds"]:.0f}', f'{1e3 * other["latency_seconds"]:.0f}', other["strategy"], f"{latencies[-1]:.2f}",
            f'{stream["frames_per_second"]:.2f}', f'{other_stream["frames_per_second"]:.2f}', other_stream["strategy"],
            f"{periods[-1]:.2f}"]) + " |")

    def summary(name, ratios):
        return (f"{name}: auto takes {statistics.median(ratios):.2f} of the best other strategy's time in the median, {min(ratios):.2f} at best and "
                f"{max(ratios):.2f} at worst; less in {sum(r < 1 for r in ratios)} of {len(ratios)} cases, more than 5 % more in "
                f"{sum(r > 1.05 for r in ratios)}.")

    return ["", "## auto beside the best of the other strategies", "", summary("A frame alone", latencies), "", summary("A stream", periods), "",
            "| network | cpu | link | hosts | ms auto | best other | which | ratio | frames/s auto | best other | which | ratio |",
            "| --- | --- | --- | ---: | ---: | ---: | --- | ---: | ---: | ---: | --- | ---: |", *lines]


def table(results):
    rows = sorted(results["rows"], key=lambda r: [r["network"], r["cpu"], r["link"], r["hosts"],
                                                 list(STRATEGIES).index(r["strategy"])])
    latencies, periods = ratios(rows)
    lines = ["# Predicted and measured times", "",
             f"Measured by `bench/predictions.py` on {results['machine']['cpu']}. *Ratio* is predicted over measured time, "
             "of a frame alone and between the frames of a stream.", "",
             "The machine is shared: the same run takes up to a fifth longer at times, as `single` shows, which leaves nothing to "
             "predict but speed.  An emulated host's share of a core is a millisecond of every five.  One that has waited computes "
             "at the speed of a whole core until that is used up, so a frame alone is faster than predicted where hosts wait "
             "between layers of some milliseconds, which small networks have.  One that is busy stands still for four "
             "milliseconds, neither sending nor receiving, so streams, in which no host rests, are slower.  Real hosts do "
             "neither.  Eight hosts at 20 Mbit/s take up to half as long again as predicted, which is not explained.", "",
             in_words("Latency", latencies), in_words("Period", periods), "",
             "| network | cpu | link | hosts | strategy | ms predicted | measured | ratio | frames/s predicted | measured | ratio |",
             "| --- | --- | --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |"]
    for r, latency, period in zip(rows, latencies, periods):
        lines.append("| " + " | ".join([
            r["network"], r["cpu"], r["link"], str(r["hosts"]), r["strategy"],
            f'{1e3 * r["predicted_latency_seconds"]:.0f}', f'{1e3 * r["latency_seconds"]:.0f}', f"{latency:.2f}",
            f'{r["predicted_frames_per_second"]:.2f}', f'{r["frames_per_second"]:.2f}', f"{period:.2f}"]) + " |")
    return "\n".join(lines + choices(rows)) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", default=MEASURED, choices=NETWORKS)
    parser.add_argument("--strategies", nargs="+", default=STRATEGIES, choices=STRATEGIES)
    parser.add_argument("--hosts", nargs="+", type=int, default=[2, 4, 8])
    parser.add_argument("--cpus", default="20%", help="a share of a core, or one for each host, separated by commas")
    parser.add_argument("--links", nargs="+", default=["1gbit", "100mbit", "20mbit"])
    parser.add_argument("--summarise", action="store_true")
    options = parser.parse_args()
    results = load()
    if not options.summarise:
        for link in options.links:
            for cluster in clusters(options.hosts, options.cpus, link):
                for network in options.networks:
                    with tempfile.TemporaryDirectory() as folder:
                        calibrated = Path(folder) / "cluster.json"
                        emulate(cluster, ["calibrate", "--threads", 1, "-o", calibrated])
                        for strategy in options.strategies:
                            row = measure(network, strategy, cluster, calibrated)
                            save(results, row)
                            print(network, cluster.hosts, link, strategy, *(f"{ratio[0]:.2f}" for ratio in ratios([row])), flush=True)
    TABLE.write_text(table(results))


if __name__ == "__main__":
    main()
