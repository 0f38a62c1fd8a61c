#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Search speed beside SymphonyQG, pyglass, hnswlib and faiss at equal recall, and exact search beside faiss, in one run.

usage: compare_peers.py --nearest PROGRAM --base B.npy --queries Q.npy [--m 16] [--k 10,100] [--rounds 3]
                        [--points FILE.csv]

Squared Euclidean distance, each k of --k in turn, one thread on one processor. Every round asks all engines all queries in turn,
so that a machine whose speed drifts hits all alike; figures are medians over the rounds. Recall is recall@k and counts ties with
the k-th true neighbor as hits. Queries a second at a recall are interpolated between two settings of ef. An ef is never less
than k; where the least one exceeds a recall, its speed is printed. --points writes the medians of every ef, for plot_peers.py.

faiss multiplies by the OpenBLAS that its wheel brings; OPENBLAS_CORETYPE chooses its kernels, and ours without codes.
"""

import argparse
import csv
import json
import math
import os
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from typing import Callable

import faiss
import glass
import hnswlib
import numpy as np
import rabitqlib

# Of ef, as multiples of k: from k on, and for a small k far enough to reach the last of RECALLS.
MULTIPLES = (1, 1.2, 1.4, 1.7, 2, 2.4, 2.8, 3.4, 4, 5.6, 8, 11.2, 16, 22.4, 32, 48)
MAXIMUM_EF = 1600
RECALLS = (0.90, 0.95, 0.99)


@dataclass
class Engine:
    name: str
    # Takes k and a list of ef; returns, for each ef, the seconds for all queries and their ids or their recall.
    search: Callable[[int, list], list]


def hnswlib_engine(base, queries, m):
    index = hnswlib.Index("l2", base.shape[1])
    index.init_index(len(base), M=m, ef_construction=200, random_seed=1)
    index.add_items(base)
    return Engine("hnswlib", lambda k, efs: [timed(lambda: hnswlib_search(index, queries, k, ef)) for ef in efs])


def hnswlib_search(index, queries, k, ef):
    index.set_ef(ef)
    return index.knn_query(queries, k=k, num_threads=1)[0]


def faiss_engine(base, queries, m):
    index = faiss.IndexHNSWSQ(base.shape[1], faiss.ScalarQuantizer.QT_8bit, m)
    index.hnsw.efConstruction = 200
    faiss.omp_set_num_threads(os.cpu_count())
    index.train(base)
    index.add(base)
    faiss.omp_set_num_threads(1)
    return Engine("faiss HNSW, 8 bits", lambda k, efs: [timed(lambda: faiss_search(index, queries, k, ef)) for ef in efs])


def faiss_search(index, queries, k, ef):
    index.hnsw.efSearch = ef
    return index.search(queries, k)[1]


def symphonyqg_engine(base, queries):
    # 32 neighbors, its usual number: multiples of 32 are all that it takes.
    index = rabitqlib.SymqgIndex(base.shape[1], 32, "l2")
    index.build(base, 200, os.cpu_count())

    def search(k, ef):
        # Ids and distances.
        return next(part for part in map(np.asarray, index.search_batch(queries, k, ef, 1)) if part.dtype.kind in "iu")

    return Engine("SymphonyQG", lambda k, efs: [timed(lambda: search(k, ef)) for ef in efs])


def pyglass_engine(base, queries):
    glass.set_num_threads(os.cpu_count())
    graph = glass.Index("HNSW", "L2", "FP32", R=32, L=200).build(base)
    searcher = glass.Searcher(graph, base, "L2", "SQ8U", "FP32")
    searcher.set_ef(64)
    searcher.optimize(1)

    def search(k, ef):
        searcher.set_ef(ef)
        return np.asarray(searcher.batch_search(queries, k, 1)[0]).reshape(len(queries), k)

    return Engine("pyglass, 8 bits", lambda k, efs: [timed(lambda: search(k, ef)) for ef in efs])


def timed(search):
    start = time.perf_counter()
    ids = search()
    return time.perf_counter() - start, ids


def nearest_engine(options, codes, truth_file):
    command = [
        options.nearest, "bench", "--base", options.base, "--queries", options.queries, "--m", str(options.m), "--json",
        "--codes", codes, "--rounds", "1", "--ground-truth", truth_file,
    ]

    def search(k, efs):
        points = run_json(command + ["--k", str(k), "--ef", ",".join(map(str, efs))])["points"]
        return [(options.query_count / point["qps"], float(point["recall"])) for point in points]

    return Engine(f"nearest, codes {codes}", search)


def run_json(command):
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def recall(ids, base, queries, farthest):
    """The share of results that are no farther than the k-th true neighbor, up to rounding."""
    limits = farthest + 1e-5 * np.maximum(farthest, 1e-3)
    # A query at a time: all vectors found for all queries at once may not fit into memory.
    hits = sum(
        int((np.linalg.norm(base[row[row >= 0]] - query, axis=1) ** 2 <= limit).sum())
        for row, query, limit in zip(ids, queries, limits)
    )
    return hits / ids.size


def speed_at(points, wanted, query_count):
    """Queries a second at a recall: the logarithm of the time over the logarithm of what is missed."""
    best = [(1 - r, seconds) for seconds, r in points]
    if best[0][0] <= 1 - wanted:
        return query_count / best[0][1]
    for (missed0, seconds0), (missed1, seconds1) in zip(best, best[1:]):
        if missed0 >= 1 - wanted >= missed1 and missed0 > missed1:
            position = math.log(missed0 / (1 - wanted)) / math.log(missed0 / max(missed1, 1e-6))
            return query_count / math.exp(math.log(seconds0) * (1 - position) + math.log(seconds1) * position)
    return None


def faiss_flat(base):
    index = faiss.IndexFlatL2(base.shape[1])
    index.add(base)
    # From this many queries on faiss multiplies matrices; here always, which is its best.
    faiss.cvar.distance_compute_blas_threshold = 1
    return index


def compare_exact(options, index, queries, k):
    """Microseconds a query of exact search, in turn; returns the true neighbors' ids."""
    faiss.omp_set_num_threads(1)
    index.search(queries[:32], k)
    times = {"faiss IndexFlatL2": [], "nearest exact": [], "nearest exact, no codes": []}
    with tempfile.TemporaryDirectory() as folder:
        ids_file = os.path.join(folder, "ids.npy")
        command = [options.nearest, "exact", "--base", options.base, "--queries", options.queries, "--threads", "1"]
        command += ["--k", str(k), "--json", "--ids-out", ids_file]
        for _ in range(options.rounds):
            seconds, expected = timed(lambda: index.search(queries, k)[1])
            times["faiss IndexFlatL2"].append(seconds)
            for name, extra in (("nearest exact", []), ("nearest exact, no codes", ["--no-codes"])):
                times[name].append(run_json(command + extra)["seconds"])
                ids = np.load(ids_file)
                same = float((np.sort(ids, 1) == np.sort(expected, 1)).mean())
                print(f"{name}: {100 * same:.3f} % of the neighbors are faiss's")
    print(f"\n{f'exact search, k {k}':<26}{'us a query':>12}{'faiss takes':>13}")
    faiss_times = times["faiss IndexFlatL2"]
    for name, seconds in times.items():
        ratio = statistics.median(f / s for f, s in zip(faiss_times, seconds))
        print(f"{name:<26}{1e6 * statistics.median(seconds) / len(queries):>12.0f}{ratio:>12.2f}x")
    return ids


def compare_search(options, engines, base, queries, k, truth_file):
    """Queries a second at each of RECALLS, in turn."""
    truth = np.load(truth_file)
    farthest = np.linalg.norm(base[truth[:, k - 1]] - queries, axis=1) ** 2
    efs = [ef for ef in (round(multiple * k) for multiple in MULTIPLES) if ef <= max(MAXIMUM_EF, k)]
    rounds = {engine.name: [] for engine in engines}
    for _ in range(options.rounds):
        for engine in engines:
            rounds[engine.name].append([
                (seconds, found if isinstance(found, float) else recall(found, base, queries, farthest))
                for seconds, found in engine.search(k, efs)
            ])
    heads = "".join(f"{f'qps at {wanted}':>14}{'ours':>7}" for wanted in RECALLS)
    print(f"\n{f'search, recall@{k}':<22}{heads}")
    for engine in engines:
        line = f"{engine.name:<22}"
        for wanted in RECALLS:
            theirs = [speed_at(points, wanted, len(queries)) for points in rounds[engine.name]]
            ours = [speed_at(points, wanted, len(queries)) for points in rounds[engines[0].name]]
            if None in theirs or None in ours:
                line += f"{'-':>14}{'':>7}"
                continue
            ratio = statistics.median(o / t for o, t in zip(ours, theirs))
            line += f"{statistics.median(theirs):>14.0f}{ratio:>6.2f}x"
        print(line)
    return points_by_ef(rounds, efs, k, len(queries))


def points_by_ef(rounds, efs, k, query_count):
    """Library, k, ef, recall and queries a second: medians over the rounds."""
    for library, results in rounds.items():
        for ef, of_rounds in zip(efs, zip(*results)):
            seconds = statistics.median(seconds for seconds, _ in of_rounds)
            yield library, k, ef, round(statistics.median(found for _, found in of_rounds), 5), round(query_count / seconds)


def write_points(path, caption, points):
    with open(path, "w", newline="") as file:
        file.write(f"# {caption}\n")
        writer = csv.writer(file)
        writer.writerow(["library", "k", "ef", "recall", "queries_per_second"])
        writer.writerows(points)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nearest", required=True)
    parser.add_argument("--base", required=True)
    parser.add_argument("--queries", required=True)
    parser.add_argument("--m", type=int, default=16)
    parser.add_argument("--k", type=lambda text: [int(k) for k in text.split(",")], default=[10, 100])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--points")
    parser.add_argument("--caption", default="", help="machine and data, for the picture")
    options = parser.parse_args()
    base = np.load(options.base).astype(np.float32)
    queries = np.load(options.queries).astype(np.float32)
    if not all(1 <= k <= len(base) for k in options.k):
        parser.error(f"--k must be numbers from 1 to {len(base)}")
    options.query_count = len(queries)
    ks = " and ".join(map(str, options.k))
    print(f"{len(base)} x {base.shape[1]}, {len(queries)} queries, {ks} neighbors, M {options.m}, one thread\n")

    flat = faiss_flat(base)
    points = []
    with tempfile.TemporaryDirectory() as folder:
        truth_file = os.path.join(folder, "truth.npy")
        engines = [nearest_engine(options, "auto", truth_file), nearest_engine(options, "none", truth_file)]
        engines += [symphonyqg_engine(base, queries), pyglass_engine(base, queries)]
        engines += [hnswlib_engine(base, queries, options.m), faiss_engine(base, queries, options.m)]
        for k in options.k:
            np.save(truth_file, compare_exact(options, flat, queries, k).astype(np.int32))
            points += compare_search(options, engines, base, queries, k, truth_file)
            print()
    if options.points:
        shape = f"{len(base):,} x {base.shape[1]}"
        write_points(options.points, f"{shape}. {options.caption}".strip(), points)


if __name__ == "__main__":
    main()
