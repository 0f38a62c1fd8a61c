#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Time to have a saved index again, and to its first answer, beside hnswlib and usearch, in one run.

usage: compare_load.py --index-bench PROGRAM [--count 1000000] [--dimensions 128] [--rounds 7] [--folder .build/load]

32-bit floats, M 16, squared Euclidean distance. Each engine builds and saves an index of generated vectors once (of the same
shape, not the same values; built quickly, which changes neither what is stored nor how it is read), and files that are there are
used again. Then every round opens each file in turn, in a process of its own that has loaded its library, from the page cache;
figures are medians over the rounds. Peak memory is that of the process.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

K = 10


def vectors(count, dimensions):
    import numpy as np

    random = np.random.default_rng(1)
    centers = random.standard_normal((200, dimensions), dtype=np.float32)
    noise = random.standard_normal((count, dimensions), dtype=np.float32)
    noise *= 0.5
    noise += centers[random.integers(0, len(centers), count)]
    return noise


def hnswlib_index(dimensions):
    import hnswlib

    return hnswlib.Index("l2", dimensions)


def build_hnswlib(path, count, dimensions):
    index = hnswlib_index(dimensions)
    index.init_index(count, M=16, ef_construction=40)
    index.add_items(vectors(count, dimensions))
    index.save_index(path)


def open_hnswlib(path, dimensions):
    index = hnswlib_index(dimensions)
    index.load_index(path)
    return lambda query: index.knn_query(query, k=K, num_threads=1)


def build_usearch(path, count, dimensions):
    import numpy as np
    from usearch.index import Index

    index = Index(ndim=dimensions, metric="l2sq", dtype="f32", connectivity=16, expansion_add=40)
    index.add(np.arange(count), vectors(count, dimensions), threads=os.cpu_count())
    index.save(path)


def open_usearch(path, view):
    from usearch.index import Index

    index = Index.restore(path, view=view)
    return lambda query: index.search(query, K)


ENGINES = {
    "hnswlib load_index": (build_hnswlib, open_hnswlib, ".hnswlib"),
    "usearch load": (build_usearch, lambda path, dimensions: open_usearch(path, False), ".usearch"),
    "usearch view": (build_usearch, lambda path, dimensions: open_usearch(path, True), ".usearch"),
}
OURS = {"ours, read": "read", "ours, mapped": "map", "ours, mapped and verified": "verify"}


def measure(engine, path, dimensions):
    """Opens a file in this process, a fresh one; prints the seconds to open it and to the first answer, and peak bytes."""
    _, open_file, _ = ENGINES[engine]
    query = vectors(1, dimensions)[0]
    # What the library does once a process is not counted.
    import hnswlib, usearch.index  # noqa: E401, F401

    start = time.perf_counter()
    search = open_file(path, dimensions)
    opened = time.perf_counter() - start
    search(query)
    answered = time.perf_counter() - start
    print(json.dumps({"openSeconds": opened, "answerSeconds": answered, "peakBytes": peak_bytes()}))


def peak_bytes():
    """What getrusage says is never less than what the parent process had."""
    with open("/proc/self/status") as status:
        fields = dict(line.split(":", 1) for line in status)
    return int(fields["VmHWM"].split()[0]) * 1024


def ours(arguments, way, path):
    command = [arguments.index_bench, "load-once", "--way", way, "--count", str(arguments.count), "--dimensions"]
    command += [str(arguments.dimensions), "--seed", "42", "--file", path, "--limit-seconds", "1", "--rounds", "1"]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index-bench")
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--dimensions", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--folder", default=".build/load")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    parser.add_argument("--file", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        return measure(arguments.measure, arguments.file, arguments.dimensions)

    os.makedirs(arguments.folder, exist_ok=True)
    stem = f"{arguments.folder}/{arguments.count}x{arguments.dimensions}"
    if not os.path.exists(stem + ".nearest"):
        ours(arguments, "reinsert", stem + ".nearest")
    for build, _, suffix in ENGINES.values():
        if not os.path.exists(stem + suffix):
            build(stem + suffix, arguments.count, arguments.dimensions)
    found = {}
    for _ in range(arguments.rounds):
        for name, way in OURS.items():
            found.setdefault(name, []).append(ours(arguments, way, stem + ".nearest"))
        for name, (_, _, suffix) in ENGINES.items():
            command = [sys.executable, __file__, "--measure", name, "--file", stem + suffix]
            command += ["--dimensions", str(arguments.dimensions)]
            output = subprocess.run(command, check=True, capture_output=True).stdout
            found.setdefault(name, []).append(json.loads(output))

    print(f"{arguments.count:,} vectors x {arguments.dimensions}, {arguments.rounds} rounds")
    print(f"{'':27}{'open ms':>10}{'first answer ms':>17}{'over ours, mapped':>19}{'peak MB':>9}{'file MB':>9}")
    reference = statistics.median(each["answerSeconds"] for each in found["ours, mapped"])
    for name, rounds in found.items():
        opened, answered, peak = (
            statistics.median(each[key] for each in rounds) for key in ("openSeconds", "answerSeconds", "peakBytes")
        )
        size = os.path.getsize(stem + (ENGINES[name][2] if name in ENGINES else ".nearest"))
        print(
            f"{name:27}{opened * 1e3:>10.2f}{answered * 1e3:>17.2f}{answered / reference:>19.1f}"
            f"{peak / 1e6:>9.0f}{size / 1e6:>9.0f}"
        )


main()
