#!/usr/bin/env python3
"""Where the processor time of a frame goes, by part, summed over all ranks: bench/results/profile.md.

    bench/frame_profile.py                         # YOLOv2 on 1 rank and on 8, on this machine alone; a minute
    bench/frame_profile.py --programs /elsewhere/vpinfer build/release/vpinfer      # before and after: a table of each

Needs Linux's perf.  Every rank has one thread, and all share this machine's cores: its times are of the processor, not
of a clock on the wall.  perf samples a long and a short run; the difference is that of the frames, without start and loading.
"""
import argparse
import collections
import json
import re
import shutil
import sys
import tempfile
from pathlib import Path

from commands import ROOT, machine, run, with_mpi
from emulation import VPINFER, model_of
from networks import NETWORKS

HERTZ = 999
LOADING = "clear_page"  # frames take no new memory: its samples would only blur the difference
WAYS = {
    "1 rank": ["--strategy", "single"],
    "vertical": ["--strategy", "vertical"],
    "data": ["--strategy", "data"],
    "auto": ["--strategy", "auto"],
}
PARTS = {  # the first whose pattern is found in "library symbol" of a sample
    "Winograd, multiply": r"\bmultiply_elements\b",
    "Winograd, transform weights": r"\btransform_weights\b",
    "Winograd, transform inputs": r"\btransform_(input|tile)",
    "Winograd, transform sums": r"\b(transform_sums|write_tile)\b",
    "direct micro-kernel": r"\bcompute_tile\b",
    "kernel, MPI libraries": r"^\[|^lib(mpi|open-|event|pmix|pthread)|^mca_",
    "copy, pack, libc": r"^libc|\b(copy|pack|unpack|encode|decode|add_box|gather|scatter)",
    "other layers": r"",
}


def part_of(library_and_symbol):
    return next(part for part, pattern in PARTS.items() if re.search(pattern, library_and_symbol))


def profile(ranks, arguments, repeat):
    """Milliseconds by part of a whole run, and its report."""
    with tempfile.TemporaryDirectory() as folder:
        data, report = Path(folder) / "perf.data", Path(folder) / "report.json"
        run(with_mpi(["perf", "record", "-q", "-F", HERTZ, "-e", "cpu-clock", "-o", data,
                      "mpirun", "-np", ranks, *arguments, "--threads", 1, "--repeat", repeat, "--json", report]))
        table = run(["perf", "report", "-i", data, "--stdio", "-q", "-F", "sample,comm,dso,symbol", "-t", "\t"])
        parts = collections.Counter()
        for line in table.splitlines():
            fields = [field.strip() for field in line.split("\t")]
            if len(fields) >= 4 and fields[1].startswith("vpinfer") and LOADING not in fields[3]:
                parts[part_of(f"{fields[2]} {fields[3]}")] += 1e3 * int(fields[0]) / HERTZ
        return parts, json.loads(report.read_text())


def of_a_frame(ranks, arguments, frames):
    """Milliseconds by part of one frame, and the report."""
    short, _ = profile(ranks, arguments, 1)
    long, report = profile(ranks, arguments, 1 + frames)
    return {part: max(0.0, long[part] - short[part]) / frames for part in PARTS}, report


def table(program, options):
    """Markdown: a column for each way to run the network."""
    columns, fullest, moved = {}, {}, {}
    for way, arguments in WAYS.items():
        ranks = 1 if way == "1 rank" else options.ranks
        name = way if ranks == 1 else f"{ranks}, {way}"
        columns[name], report = of_a_frame(ranks, [program, "--model", model_of(options.network), *arguments,
                                                   "--cluster", f"pi4:{ranks}@1gbit"], options.frames)
        fullest[name] = max(rank["predicted_bytes"] for rank in report["ranks"]) / 2**20
        moved[name] = report["bytes_moved"] / 2**20
    totals = {name: sum(parts.values()) for name, parts in columns.items()}

    def line(title, values):
        return f"| {title} | " + " | ".join(values) + " |\n"

    text = f'### {options.network}, commit {report["context"]["git_hash"][:7]}\n\n'
    text += line("", columns) + line("---", ["---:"] * len(columns))
    for part in PARTS:
        text += line(part, [f"{parts[part]:.0f}" for parts in columns.values()])
    text += line("a frame, user + system", [f"{total:.0f}" for total in totals.values()])
    text += line("in frames of one rank", [f"{total / totals['1 rank']:.2f}" for total in totals.values()])
    text += line("memory of the fullest rank, MiB", [f"{value:.1f}" for value in fullest.values()])
    return text + line("moved, MiB", [f"{value:.1f}" for value in moved.values()])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", choices=NETWORKS, default="yolov2")
    parser.add_argument("--ranks", type=int, default=8, help="[8]")
    parser.add_argument("--frames", type=int, default=40, help="[40]")
    parser.add_argument("--programs", nargs="+", default=[VPINFER], help=f"[{VPINFER}]")
    parser.add_argument("--results", type=Path, default=ROOT / "bench" / "results" / "profile.md",
                        help="[bench/results/profile.md]")
    options = parser.parse_args()
    if shutil.which("perf") is None:
        sys.exit("bench/frame_profile.py needs perf, which is not installed; on Debian: apt install linux-perf")
    tables = [table(program, options) for program in options.programs]
    of = machine()
    options.results.write_text(
        f"# Where the processor time of a frame goes\n\nMade by `bench/frame_profile.py` on an {of['cpu']} ({of['cores']} cores): "
        f"ms of processor time a frame, summed over all ranks of one thread each, mean of {options.frames} frames.\n\n"
        + "\n".join(tables))
    print(*tables, sep="\n")


if __name__ == "__main__":
    main()
