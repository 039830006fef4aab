#!/usr/bin/env python3
"""Every exchange of a plan beside the least that its memory allows: a table of bytes by layer.

    bench/traffic.py                                             # YOLOv2 on 8 Raspberry Pis 4, into bench/results/traffic.md
    bench/traffic.py --network resnet50 --cluster pi4:4@100mbit --strategy auto --memory-limit 45MiB --print

A convolution cut into a grid of R groups of rows, C of filters and Q of summed channels must move (C - 1) times its input
and (Q - 1) times its output, borders aside, and every rank stores one C-th of a Q-th of its weights.  The least is what the
best grids of all convolutions together would move with no more weights on a rank than the fullest one has under the plan: a
bound for plans that compute nothing twice and share all alike.  Plans are made, not run.
"""
import argparse
import re
from pathlib import Path

from commands import MIB, ROOT, run
from emulation import VPINFER, model_of
from networks import NETWORKS

TABLE = ROOT / "bench" / "results" / "traffic.md"
STRATEGIES = ["vertical", "horizontal", "data", "auto"]
KIB = 1024
FLOAT = 4
BUCKETS = 4000  # in which the weights of a rank are counted


def rows_of(table):
    """The rows of the first table of an output, as lists of cells: columns are where its line of dashes says."""
    lines = table.splitlines()
    rule = next(i for i, line in enumerate(lines) if re.fullmatch(r"-+(  -+)+", line.strip()))
    columns = [match.span() for match in re.finditer("-+", lines[rule])]
    ends = [begin for begin, _ in columns[1:]] + [None]
    for line in lines[rule + 1:]:
        if not re.match(r" *\d+ ", line):
            if "input" not in line:
                return
            continue
        yield [line[begin:end].strip() for (begin, _), end in zip(columns, ends)]


def layers_of(model):
    """Of each layer its number, operation, elements of input and output, and bytes of weights."""
    text = run([VPINFER, "info", model])
    size = re.search(r"input ([\dx]+)", text)[1]
    elements = {"input": product(size)}
    layers = []
    for number, operation, _, inputs, output, _, *weights in rows_of(text):
        elements[number] = product(output)
        read = sum(elements[name] for name in re.findall(r"\w+", inputs))
        stored = float(weights[0]) * MIB if weights and weights[0] else 0
        layers.append((number, operation, read, elements[number], stored))
    return elements["input"], layers


def product(shape):
    rows, cols, channels = map(int, shape.split("x"))
    return rows * cols * channels


def grids(read, written, ranks):
    """What a convolution stores on a rank, in parts of its weights, and the least bytes that it then moves."""
    least = {}
    for filters in range(1, ranks + 1):
        for sums in range(1, ranks + 1):
            if ranks % (filters * sums):
                continue
            moved = FLOAT * (read * (filters - 1) + written * (sums - 1))
            parts = filters * sums
            least[parts] = min(moved, least.get(parts, moved))
    return least


def least_traffic(layers, ranks, weights):
    """Of each layer the bytes that it moves where all together move least, with at most these weights on a rank."""
    unit = weights / BUCKETS
    best = {0: (0, [])}  # by buckets of weights: bytes so far, by layer
    for _, operation, read, written, stored in layers:
        ways = grids(read, written, ranks) if operation == "convolution" else {1: 0}
        after = {}
        for used, (moved, path) in best.items():
            for parts, more in ways.items():
                total = used + int(stored / parts / unit)  # rounded down: still no more than any plan needs
                if total > BUCKETS:
                    continue
                if total not in after or moved + more < after[total][0]:
                    after[total] = (moved + more, [*path, more])
        best = after
    return min(best.values())[1]


def plan_of(model, cluster, arguments):
    """What `vpinfer plan` says: of each layer its division and the bytes moved for it, and the fullest rank's weights."""
    text = run([VPINFER, "plan", model, "--cluster", cluster, *arguments])
    layers = {}
    for number, _, divided, *_, moved, _ in rows_of(text):
        layers[number] = (divided, float(moved or 0) * KIB)
    memory = text[text.index("predicted memory per rank"):]
    weights = max(float(row[2]) for row in rows_of(memory))
    return layers, weights * MIB


def compare(network, cluster, arguments):
    """Lines of Markdown for one plan."""
    model = model_of(network)
    ranks = sum(map(int, re.findall(r":(\d+)", cluster)))
    picture, layers = layers_of(model)
    plan, weights = plan_of(model, cluster, arguments)
    least = least_traffic(layers, ranks, weights)
    least[0] += FLOAT * picture * (ranks - 1) / ranks  # rank 0 has it
    lines = [f"`vpinfer plan {model} --cluster {cluster} {' '.join(arguments)}`, {weights / MIB:.1f} MiB of weights on the fullest "
             "rank:", "", "| layer | operation | divided | moved/KiB | least/KiB |", "| ---: | --- | --- | ---: | ---: |"]
    for (number, operation, *_), bound in zip(layers, least):
        divided, moved = plan[number]
        if moved or bound:
            lines.append(f"| {number} | {operation} | {divided} | {moved / KIB:.0f} | {bound / KIB:.0f} |")
    total = sum(moved for _, moved in plan.values())
    lines.append(f"| all | | | {total / KIB:.0f} | {sum(least) / KIB:.0f} |")
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", choices=list(NETWORKS), default="yolov2")
    parser.add_argument("--cluster", default="pi4:8@1gbit", help="kinds of hosts [pi4:8@1gbit]")
    parser.add_argument("--strategy", nargs="+", default=STRATEGIES)
    parser.add_argument("--memory-limit", help="of a rank")
    parser.add_argument("--print", action="store_true", help="instead of writing bench/results/traffic.md")
    arguments = parser.parse_args()
    limit = ["--memory-limit", arguments.memory_limit] if arguments.memory_limit else []
    lines = ["# What plans move, by layer", "", "Made by `bench/traffic.py`, which says what the least is.  Borders of tiles are in what is "
             "moved, not in the least.", ""]
    for strategy in arguments.strategy:
        lines += [f"## {strategy}", "", *compare(arguments.network, arguments.cluster, ["--strategy", strategy, *limit]), ""]
    if arguments.print:
        print("\n".join(lines))
    else:
        TABLE.write_text("\n".join(lines))


if __name__ == "__main__":
    main()
