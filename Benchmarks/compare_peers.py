#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Search speed beside hnswlib and faiss at equal recall, and exact search beside faiss, in one run.

usage: compare_peers.py --nearest PROGRAM --base B.npy --queries Q.npy [--m 16] [--rounds 3]

Squared Euclidean distance, 10 neighbours, one thread on one processor. Every round asks all engines all queries in turn, so that
a machine whose speed drifts hits all alike; figures are medians over the rounds. Recall counts ties with the tenth true
neighbour as hits; queries a second at a recall are interpolated between two settings of ef.

faiss multiplies by the OpenBLAS that its wheel brings; OPENBLAS_CORETYPE chooses its kernels, and ours without codes.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from typing import Callable

import faiss
import hnswlib
import numpy as np

K = 10
SETTINGS = (10, 14, 20, 28, 40, 56, 80, 112, 160, 224, 320, 480)
RECALLS = (0.90, 0.95, 0.99)


@dataclass
class Engine:
    name: str
    # Returns, for each of SETTINGS, the seconds for all queries and their ids or their recall.
    search: Callable[[], list]
    rounds: list = field(default_factory=list)


def hnswlib_engine(base, queries, m):
    index = hnswlib.Index("l2", base.shape[1])
    index.init_index(len(base), M=m, ef_construction=200, random_seed=1)
    index.add_items(base)
    return Engine("hnswlib", lambda: [timed(lambda: hnswlib_search(index, queries, ef)) for ef in SETTINGS])


def hnswlib_search(index, queries, ef):
    index.set_ef(max(ef, K))
    return index.knn_query(queries, k=K, num_threads=1)[0]


def faiss_engine(base, queries, m):
    index = faiss.IndexHNSWSQ(base.shape[1], faiss.ScalarQuantizer.QT_8bit, m)
    index.hnsw.efConstruction = 200
    faiss.omp_set_num_threads(os.cpu_count())
    index.train(base)
    index.add(base)
    faiss.omp_set_num_threads(1)
    return Engine("faiss HNSW, 8 bits", lambda: [timed(lambda: faiss_search(index, queries, ef)) for ef in SETTINGS])


def faiss_search(index, queries, ef):
    index.hnsw.efSearch = ef
    return index.search(queries, K)[1]


def timed(search):
    start = time.perf_counter()
    ids = search()
    return time.perf_counter() - start, ids


def nearest_engine(options, codes, truth_file):
    command = [
        options.nearest, "bench", "--base", options.base, "--queries", options.queries, "--m", str(options.m), "--json",
        "--codes", codes, "--ef", ",".join(map(str, SETTINGS)), "--rounds", "1", "--ground-truth", truth_file,
    ]

    def search():
        points = run_json(command)["points"]
        return [(options.query_count / point["qps"], point["recall"]) for point in points]

    return Engine(f"nearest, codes {codes}", search)


def run_json(command):
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def recall(ids, base, queries, tenth):
    """The share of results that are no farther than the tenth true neighbour, up to rounding."""
    found = np.linalg.norm(base[ids] - queries[:, None, :], axis=2) ** 2
    found[ids < 0] = np.inf
    return float((found <= tenth[:, None] + 1e-5 * np.maximum(tenth[:, None], 1e-3)).mean())


def speed_at(points, wanted, query_count):
    """Queries a second at a recall: the logarithm of the time over the logarithm of what is missed."""
    best = [(1 - r, seconds) for seconds, r in points]
    for (missed0, seconds0), (missed1, seconds1) in zip(best, best[1:]):
        if missed0 >= 1 - wanted >= missed1 and missed0 > missed1:
            position = math.log(missed0 / (1 - wanted)) / math.log(missed0 / max(missed1, 1e-6))
            return query_count / math.exp(math.log(seconds0) * (1 - position) + math.log(seconds1) * position)
    return None


def compare_exact(options, base, queries):
    """Microseconds a query of exact search, in turn; returns the true neighbours' ids."""
    index = faiss.IndexFlatL2(base.shape[1])
    index.add(base)
    faiss.omp_set_num_threads(1)
    # From this many queries on faiss multiplies matrices; here always, which is its best.
    faiss.cvar.distance_compute_blas_threshold = 1
    index.search(queries[:32], K)
    times = {"faiss IndexFlatL2": [], "nearest exact": [], "nearest exact, no codes": []}
    with tempfile.TemporaryDirectory() as folder:
        ids_file = os.path.join(folder, "ids.npy")
        command = [options.nearest, "exact", "--base", options.base, "--queries", options.queries, "--threads", "1"]
        command += ["--json", "--ids-out", ids_file]
        for _ in range(options.rounds):
            seconds, expected = timed(lambda: index.search(queries, K)[1])
            times["faiss IndexFlatL2"].append(seconds)
            for name, extra in (("nearest exact", []), ("nearest exact, no codes", ["--no-codes"])):
                times[name].append(run_json(command + extra)["seconds"])
                ids = np.load(ids_file)
                same = float((np.sort(ids, 1) == np.sort(expected, 1)).mean())
                print(f"{name}: {100 * same:.3f} % of the neighbours are faiss's")
    print(f"\n{'exact search':<26}{'us a query':>12}{'faiss takes':>13}")
    faiss_times = times["faiss IndexFlatL2"]
    for name, seconds in times.items():
        ratio = statistics.median(f / s for f, s in zip(faiss_times, seconds))
        print(f"{name:<26}{1e6 * statistics.median(seconds) / len(queries):>12.0f}{ratio:>12.2f}x")
    return ids


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nearest", required=True)
    parser.add_argument("--base", required=True)
    parser.add_argument("--queries", required=True)
    parser.add_argument("--m", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    base = np.load(options.base).astype(np.float32)
    queries = np.load(options.queries).astype(np.float32)
    options.query_count = len(queries)
    print(f"{len(base)} x {base.shape[1]}, {len(queries)} queries, {K} neighbours, M {options.m}, one thread\n")

    truth = compare_exact(options, base, queries)
    tenth = np.linalg.norm(base[truth[:, K - 1]] - queries, axis=1) ** 2
    with tempfile.TemporaryDirectory() as folder:
        truth_file = os.path.join(folder, "truth.npy")
        np.save(truth_file, truth.astype(np.int32))
        engines = [nearest_engine(options, "auto", truth_file), nearest_engine(options, "none", truth_file)]
        engines += [hnswlib_engine(base, queries, options.m), faiss_engine(base, queries, options.m)]
        for _ in range(options.rounds):
            for engine in engines:
                engine.rounds.append([
                    (seconds, found if isinstance(found, float) else recall(found, base, queries, tenth))
                    for seconds, found in engine.search()
                ])
    heads = "".join(f"{f'qps at {wanted}':>14}{'ours':>7}" for wanted in RECALLS)
    print(f"\n{'search':<22}{heads}")
    for engine in engines:
        line = f"{engine.name:<22}"
        for wanted in RECALLS:
            theirs = [speed_at(points, wanted, len(queries)) for points in engine.rounds]
            ours = [speed_at(points, wanted, len(queries)) for points in engines[0].rounds]
            if None in theirs or None in ours:
                line += f"{'-':>14}{'':>7}"
                continue
            ratio = statistics.median(o / t for o, t in zip(ours, theirs))
            line += f"{statistics.median(theirs):>14.0f}{ratio:>6.2f}x"
        print(line)


if __name__ == "__main__":
    main()
