#!/usr/bin/env python3
"""Memory and time of a model on several rank counts, as the Markdown table of the README.

    bench/scaling.py MODEL.h5 [--ranks 1 2 4 8] [--strategies vertical data] [--repeat 10]

Every rank is one process with one thread.  "measured" is the fullest rank's peak resident set
less that of bench/empty_rank, an MPI program that is linked like vpinfer and does nothing.  Speed-up
is over the first rank count of the same strategy.  More ranks than cores share them: the times then
show the cost of dividing the work, not what as many machines would reach.
"""
import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

from commands import MIB, ROOT, run, with_mpi


def measure(build, model, ranks, strategy, repeat):
    """The JSON report of one run, with the empty program's resident set beside it."""
    mpirun = with_mpi(["mpirun", "-np", ranks])
    empty = int(run([*mpirun, build / "empty_rank"]))
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        run([*mpirun, build / "vpinfer", "--model", model, "--strategy", strategy, "--threads", "1",
             "--repeat", repeat, "--compare-single", "--json", report])
        result = json.loads(report.read_text())
    result["empty_bytes"] = empty
    return result


def latency(result):
    return result["latency_seconds"]["median"]


def row(ranks, strategy, result, first):
    per_rank = result["ranks"]
    predicted = max(rank["predicted_bytes"] for rank in per_rank)
    measured = [rank["peak_rss_bytes"] - result["empty_bytes"] for rank in per_rank]
    error = max(abs(m / r["predicted_bytes"] - 1) for m, r in zip(measured, per_rank))
    return [
        ranks,
        strategy,
        f'{max(rank["weights_bytes"] for rank in per_rank) / MIB:.1f}',
        f"{predicted / MIB:.1f}",
        f"{max(measured) / MIB:.1f}",
        f"{100 * error:.1f} %",
        f'{result["bytes_moved"] / MIB:.1f}',
        f"{1e3 * latency(result):.0f}",
        f'{latency(first) / latency(result):.2f}',
        f'{result["comparison"]["max_rel"]:.0e}',
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--ranks", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--strategies", nargs="+", default=["vertical", "data"])
    parser.add_argument("--repeat", type=int, default=10)
    parser.add_argument("--build", type=Path,
                        default=ROOT / "build" / "release")
    options = parser.parse_args()

    titles = ["ranks", "strategy", "weights per rank", "predicted", "measured", "largest error",
              "moved per frame", "latency/ms", "speed-up", "relative difference"]
    print("| " + " | ".join(titles) + " |")
    print("|" + " ---: |" * len(titles))
    for strategy in options.strategies:
        first = None
        for ranks in options.ranks:
            result = measure(options.build.resolve(), options.model.resolve(), ranks, strategy, options.repeat)
            first = first or result
            print("| " + " | ".join(map(str, row(ranks, strategy, result, first))) + " |",
                  flush=True)
    context = result["context"]
    print(f'\nvpinfer {context["version"]} ({context["git_hash"]}), {result["ranks"][0]["blas"]}, '
          f'{context["mpi"]}, {os.cpu_count()} cores; sizes in MiB', file=sys.stderr)


if __name__ == "__main__":
    main()
