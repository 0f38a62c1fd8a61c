#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How the time of a query, and the vectors that it is compared with, grow with the number of vectors, at equal recall@10.

usage: growth.py --nearest PROGRAM --base B.npy --queries Q.npy [--counts 10000,25000,...] [--recall 0.95] [--rounds 5]

Builds an index of the first N vectors for each N, then measures all of them in random order, round after round, on one thread.
Prints medians at the recall, interpolated between two settings of ef, and the exponent of each: the slope of a line through their
logarithms. What the exponent of time has more than that of distances is the price of memory that is farther away.
"""

import argparse
import json
import math
import os
import random
import statistics
import subprocess
import tempfile

EFS = (10, 14, 20, 28, 40, 56, 80, 112, 160, 224, 320, 480)


def run(arguments, *command):
    output = subprocess.run([arguments.nearest, *command, "--json"], check=True, stdout=subprocess.PIPE).stdout
    return json.loads(output)


def at_recall(points, recall, value):
    """The value at a recall, interpolated by its logarithm."""
    for low, high in zip(points, points[1:]):
        if low["recall"] <= recall < high["recall"]:
            share = (recall - low["recall"]) / (high["recall"] - low["recall"])
            return math.exp((1 - share) * math.log(value(low)) + share * math.log(value(high)))
    raise SystemExit(f"recall {recall} is outside of {points[0]['recall']} to {points[-1]['recall']}")


def slope(counts, values):
    x, y = [math.log(c) for c in counts], [math.log(v) for v in values]
    mean_x, mean_y = statistics.fmean(x), statistics.fmean(y)
    return sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y)) / sum((a - mean_x) ** 2 for a in x)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--nearest", required=True)
    parser.add_argument("--base", required=True)
    parser.add_argument("--queries", required=True)
    parser.add_argument("--counts", default="10000,25000,50000,100000,200000")
    parser.add_argument("--recall", type=float, default=0.95)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    counts = [int(count) for count in arguments.counts.split(",")]
    times, distances = {count: [] for count in counts}, {}
    with tempfile.TemporaryDirectory() as folder:
        data = lambda count: ("--base", arguments.base, "--limit", str(count))
        file = lambda count: os.path.join(folder, f"{count}.nearest")
        for count in counts:
            run(arguments, "build", *data(count), "--codes", "auto", "--out", file(count))
        for _ in range(arguments.rounds):
            for count in random.sample(counts, len(counts)):
                points = run(
                    arguments, "bench", *data(count), "--index", file(count), "--queries", arguments.queries, "--exact",
                    "--ef", ",".join(map(str, EFS)), "--rounds", "1")["points"]
                times[count].append(at_recall(points, arguments.recall, lambda p: 1e6 / p["qps"]))
                distances[count] = at_recall(points, arguments.recall, lambda p: p["distancesPerQuery"])
    print(f"{run(arguments, 'info')['instructionSet']}, recall@10 {arguments.recall}, one thread")
    print(f"{'vectors':>9} {'us/query':>9} {'distances':>10}")
    medians = [statistics.median(times[count]) for count in counts]
    for count, median in zip(counts, medians):
        print(f"{count:9} {median:9.1f} {distances[count]:10.0f}")
    print(f"exponent: time {slope(counts, medians):.2f}, distances {slope(counts, [distances[c] for c in counts]):.2f}")


main()
