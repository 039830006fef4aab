"""What the runners in Python share: how they are called, and what they answer.

Every runner is called with the case's folder (see case.py), threads, frames, and a file for the outputs or `-`; some
with the way to go, too.  It warms up, computes the frames one at a time, and prints a JSON line.  Outputs go into the
file one after another, float32 [channels][rows][cols].
"""
import json
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path

WARM_UP_FRAMES = 2


@dataclass(frozen=True)
class Task:
    folder: Path
    threads: int
    frames: int
    output: Path | None
    way: str  # of several to run the engine; may be empty

    @property
    def outputs(self):
        return [int(line) for line in (self.folder / "outputs.txt").read_text().split()]


def task_of_command_line():
    folder, threads, frames, output, *way = sys.argv[1:]
    return Task(Path(folder), int(threads), int(frames), None if output == "-" else Path(output), *way or [""])


def measure(task, version, compute):
    """`compute` gives a frame's outputs, as arrays."""
    for _ in range(WARM_UP_FRAMES):
        outputs = compute()
    milliseconds = []
    for _ in range(task.frames):
        begin = time.perf_counter()
        outputs = compute()
        milliseconds.append(1e3 * (time.perf_counter() - begin))
    peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if task.output:
        task.output.write_bytes(b"".join(output.tobytes() for output in outputs))
    print(json.dumps({"milliseconds": milliseconds, "peak_rss_bytes": peak, "version": version}))
