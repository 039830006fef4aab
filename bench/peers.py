#!/usr/bin/python3
"""Compares vpinfer on one rank with other engines: the same network, weights and picture, fp32, a frame at a time.

    bench/peers.py                                         # everything; takes an hour, on a quiet machine
    bench/peers.py --networks yolov2 --threads 1 --engines onnxruntime onednn
    bench/peers.py --quick --results /tmp/peers            # one round of few frames, to see whether everything works

jobs/install-packages.sh peers installs the engines, and, where node and npm are,
`npm install --ignore-scripts --prefix out/bench onnxruntime-node@1.30.0` ONNX Runtime; it may also be in a folder
that --node-modules or $NODE_PATH names.  What is missing is said, and the others go on.  The networks' files, 4 GB,
stay in out/bench/peers.

First every engine's answer is compared with vpinfer's; one that differs by more than 1e-3 of the largest magnitude
is left out.  Of an engine that can be run in several ways, the fastest is taken.  oneDNN computes the convolutions
alone and has no answer to compare.  Then, in several rounds, a process of each engine warms up and times its frames,
one engine after another, pinned to as many cores as it has threads.  Times are medians over rounds of the medians of
a round's frames; ratios to vpinfer are taken within a round, because machines are not equally fast all day.  Rows of
networks that are not measured again stay in the results.
"""
import argparse
import datetime
import json
import shlex
import statistics
import sys
from pathlib import Path

import numpy as np

from commands import MIB, ROOT, machine

sys.path.insert(0, str(ROOT / "bench" / "peers"))
from case import CASES, Case  # noqa: E402
from engines import ENGINES, Failed, NotInstalled, Run, outputs_of  # noqa: E402

BOUND = 1e-3
CHECK_FRAMES = 3
SECONDS_PER_PROCESS = 10  # an engine that is so slow gets fewer frames
REFERENCE = "vpinfer"


def note(text):
    print(text, file=sys.stderr, flush=True)


def install(options):
    """The engines that are there."""
    engines = []
    for name in options.engines:
        try:
            engines.append(ENGINES[name](options))
        except NotInstalled as missing:
            note(f"{name}: not installed; needs {missing}")
    return engines


def difference(actual, expected):
    """The largest one of any output, as a share of the output's largest magnitude; not a number if one is not."""
    return float(np.max([np.abs(a - e).max() / np.abs(e).max() for a, e in zip(actual, expected)]))


def try_way(engine, run, expected):
    """The answer of an engine whose outputs are right; vpinfer's own are what is expected."""
    if not engine.checked:
        return engine.run(run), None
    answer, outputs = outputs_of(engine, run)
    if engine.name == REFERENCE:
        expected.extend(outputs)
    found = difference(outputs, expected)
    if not found <= BOUND:
        raise Failed(f"its answer differs by {found:.1e} of the largest magnitude")
    return answer, found


class Entrant:
    """An engine in the way that is fastest for a case and so many threads, and its answer of every round."""

    def __init__(self, engine, case, threads, frames, expected):
        self.engine = engine
        self.answers = []
        tries = []
        for way in engine.ways(case, threads):
            run = Run(case, threads, CHECK_FRAMES, way)
            try:
                tries.append((run, *try_way(engine, run, expected)))
            except Failed as failure:
                note(f"{case.name}, {threads} threads: {engine.name} {way}: {failure}".replace(" :", ":"))
        if not tries:
            raise Failed(f"{case.name}, {threads} threads: {engine.name} is left out")
        run, answer, self.difference = min(tries, key=lambda attempt: attempt[1].least)
        affordable = int(1e3 * SECONDS_PER_PROCESS / answer.median)
        self.run = Run(case, threads, max(CHECK_FRAMES, min(frames, affordable)), run.way)

    def measure(self):
        self.answers.append(self.engine.run(self.run))

    def row(self, reference):
        last = self.answers[-1]
        ratios = [theirs.median / own.median for theirs, own in zip(reference.answers, self.answers)]
        return {
            "network": self.run.case.name, "threads": self.run.threads, "engine": self.engine.name,
            "version": last.version, "way": self.run.way, "remark": self.engine.remark,
            "milliseconds": {"min": min(a.least for a in self.answers),
                             "median": statistics.median(a.median for a in self.answers),
                             "max": max(a.most for a in self.answers)},
            "vpinfer_ratio": {"min": min(ratios), "median": statistics.median(ratios), "max": max(ratios)},
            "peak_rss_bytes": max(a.peak_rss_bytes for a in self.answers),
            "difference": self.difference, "rounds": len(self.answers), "frames": self.run.frames,
            "command": last.command,
        }


def entrants_of(engines, case, threads, frames):
    entrants, expected = [], []
    for engine in engines:
        if not engine.ways(case, threads):
            continue
        try:
            entrants.append(Entrant(engine, case, threads, frames, expected))
        except Failed as failure:
            if engine.name == REFERENCE:
                raise
            note(str(failure))
    return entrants


def measure(engines, case, threads, options):
    """The rows of a network and a number of threads."""
    entrants = entrants_of(engines, case, threads, options.frames)
    for _ in range(options.rounds):
        for entrant in entrants:
            entrant.measure()
    context = {"machine": machine(), "invocation": shlex.join(["bench/peers.py", *sys.argv[1:]]),
               "measured": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
               "vpinfer": entrants[0].answers[-1].version}
    return [entrant.row(entrants[0]) | context for entrant in entrants]


class Results:
    def __init__(self, folder):
        self.folder = folder
        self.path = folder / "peers.json"
        self.rows = json.loads(self.path.read_text())["rows"] if self.path.exists() else []

    def put(self, rows):
        """In place of earlier ones of the same network, threads and engine."""
        def key(row):
            return row["network"], row["threads"], row["engine"]
        new = {key(row) for row in rows}
        self.rows = [row for row in self.rows if key(row) not in new] + rows
        self.folder.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps({"rows": self.rows}, indent=1) + "\n")
        (self.folder / "peers.md").write_text(summary(self.rows))


def table(rows, network):
    """Markdown: a line per number of threads and engine."""
    rows = [r for r in rows if r["network"] == network]
    order = list(ENGINES)
    rows.sort(key=lambda r: (r["threads"], order.index(r["engine"])))
    lines = [f"## {network}", "",
             "| threads | engine | latency | from - to | vpinfer / engine | from - to | peak RSS | difference "
             "| rounds x frames | remark |",
             "| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |"]
    for r in rows:
        times, ratios = r["milliseconds"], r["vpinfer_ratio"]
        lines.append("| " + " | ".join([
            str(r["threads"]), r["engine"], f'{times["median"]:.1f}', f'{times["min"]:.1f} - {times["max"]:.1f}',
            f'{ratios["median"]:.2f}', f'{ratios["min"]:.2f} - {ratios["max"]:.2f}',
            f'{r["peak_rss_bytes"] / MIB:.0f}',
            "" if r["difference"] is None else f'{r["difference"]:.0e}', f'{r["rounds"]} x {r["frames"]}',
            ", ".join(filter(None, [r["way"], r["remark"]]))]) + " |")
    lines += ["", *sorted({f"- {r['measured'][:16].replace('T', ' ')}, {r['threads']} threads, {r['machine']['cpu']} "
                           f"({r['machine']['cores']} cores), {r['vpinfer']}: `{r['invocation']}`" for r in rows})]
    return "\n".join(lines) + "\n"


def summary(rows):
    versions = sorted({r["version"] for r in rows if not r["engine"].startswith(REFERENCE)})
    text = ("# vpinfer on one rank and other engines\n\n"
            "Measured by `bench/peers.py`: the same network, weights and picture, fp32, batch 1, a process per engine "
            "and round. Latency in ms, the median over rounds of a round's median, and the fastest and slowest frame; "
            "*vpinfer / engine* is the ratio of times within a round, its median, least and largest: above 1 the "
            "engine is faster. Peak resident set of the whole process in MiB, loading included. *Difference* from "
            "vpinfer's answer, as a share of its largest magnitude, at most 1e-3. `onednn` computes the convolutions "
            "alone, changes no formats between them, and is not compared; the others run the whole network, except "
            "that only vpinfer and Darknet compute the heads. Batch normalisation is folded into the weights for "
            "everyone. The commands of every row are in `peers.json`.\n\n"
            f"Engines: {'; '.join(versions)}.\n\n")
    return text + "\n".join(table(rows, network) for network in CASES if any(r["network"] == network for r in rows))


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", choices=CASES, default=CASES)
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES), help="vpinfer is always one")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--frames", type=int, default=15, help="per process; fewer where they take long [15]")
    parser.add_argument("--results", type=Path, default=ROOT / "bench" / "results", help="folder [bench/results]")
    parser.add_argument("--vpinfer", type=Path, default=ROOT / "build" / "release" / "vpinfer", help="program")
    parser.add_argument("--node-modules", type=Path,
                        help="where onnxruntime-node is, instead of $NODE_PATH and out/bench/node_modules")
    parser.add_argument("--quick", action="store_true", help="1 round of 3 frames")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.frames = 1, 3
    options.engines = [name for name in ENGINES if name == REFERENCE or name in options.engines]
    options.vpinfer = options.vpinfer.resolve()
    options.cache = ROOT / "out" / "bench" / "peers"
    return options


def main():
    options = parse_options()
    engines = install(options)
    results = Results(options.results)
    for network in options.networks:
        case = Case(network, options.vpinfer, options.cache)
        for threads in options.threads:
            rows = measure(engines, case, threads, options)
            results.put(rows)
            for row in rows:
                print(network, f"{threads} threads", row["engine"], row["way"],
                      f'{row["milliseconds"]["median"]:.1f} ms, vpinfer / engine {row["vpinfer_ratio"]["median"]:.2f}, '
                      f'{row["peak_rss_bytes"] / MIB:.0f} MiB', flush=True)


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        sys.exit(f"peers.py: {failure}")
