#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times the scans of 32-bit floats against SimSIMD and NumKong, the libraries of distance kernels, in one process.

usage: compare_numkong.py LIBRARY

LIBRARY is compare_numkong.c and the kernels as a shared library; `make bench-numkong` builds it, installs the packages and
runs this on one processor. Benchmarks/README.md says what is compared and how to read it.
"""

import ctypes
import itertools
import mmap
import statistics
import sys
import time
from dataclasses import dataclass
from importlib.metadata import version
from typing import Callable

import numkong
import numpy as np
import simsimd

DIMENSIONS = (128, 384, 768, 1536)
# As in kernel-bench: half of a common L1, a quarter of a common L2, several times an L3; a pass in memory is 8 MiB.
PLACE_BYTES = {"L1": 24 << 10, "L2": 256 << 10, "memory": 256 << 20}
PASS_BYTES = 8 << 20
QUERY_COUNTS = (1, 64)
SUMS = ("l2sq", "dot")
ROUNDS = 15
SAMPLE_NANOSECONDS = 200e3
GOAL = 1.3
# What the packages call instruction sets within AVX2.
AVX2_CAPABILITIES = {"haswell", "alder", "sierra"}


PACKAGES = {"simsimd": simsimd, "numkong": numkong}
CAPABILITIES = {library: package.get_capabilities() for library, package in PACKAGES.items()}


@dataclass
class Entry:
    """A way to compute the distances of queries and rows: a library, the name of what is called, and the call."""

    library: str
    name: str
    call: Callable  # (queries, slice) -> distances
    squared: bool = True  # or the root of it


@dataclass
class Slice:
    """The rows of one pass, and the same packed by NumKong."""

    rows: np.ndarray
    packed: object = None


def huge_array(count, columns):
    """Floats in huge pages where the system has them, as the package stores its vectors."""
    # Private: huge pages are for memory that is not shared.
    memory = mmap.mmap(-1, max(count * columns * 4, 2 << 20), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        memory.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(memory, np.float32, count * columns).reshape(count, columns)


def random_array(count, columns, generator):
    array = huge_array(count, columns)
    for first in range(0, count, 4096):
        part = array[first : first + 4096]
        part[:] = generator.random(part.shape, np.float32) * 2 - 1
    return array


class Call(ctypes.Structure):
    """compare_call of compare_numkong.c."""

    _fields_ = [("table", ctypes.c_char_p), ("dot", ctypes.c_bool), ("queries", ctypes.c_void_p),
                ("rows", ctypes.c_void_p), ("query_count", ctypes.c_size_t), ("count", ctypes.c_size_t),
                ("n", ctypes.c_size_t), ("out", ctypes.c_void_p)]


class Kernels:
    """The library under test."""

    def __init__(self, path):
        self.library = ctypes.CDLL(path)
        self.library.compare_table_name.restype = ctypes.c_char_p
        self.tables = list(itertools.takewhile(bool, map(self.library.compare_table_name, itertools.count())))

    def entries(self, table, sum_name, queries, slices):
        out = np.empty(len(queries) * len(slices[0].rows), np.float32)
        # By addresses. All of Python's part of a call is done before it, but to look it up and to pass one pointer.
        prepared = {}

        def prepare(queries, slice):
            rows, n = slice.rows.shape
            arguments = Call(table, sum_name == "dot", queries.ctypes.data, slice.rows.ctypes.data, len(queries), rows, n,
                             out.ctypes.data)
            view = out[: len(queries) * rows].reshape(len(queries), rows)
            # The last two keep what has the ids.
            prepared[id(queries), id(slice)] = ctypes.byref(arguments), view, queries, slice

        for slice in slices:
            prepare(queries, slice)

        def distances(function):
            def call(queries, slice):
                key = id(queries), id(slice)
                if key not in prepared:
                    prepare(queries, slice)
                pointer, view, *_ = prepared[key]
                function(pointer)
                return view

            return call

        names = ["scan"]
        # A batch of inner products, as an exact search of many queries computes them.
        if sum_name == "dot" and len(queries) > 1:
            names += ["blocked", "openblas"] if table == self.tables[0] else ["blocked"]
        return [Entry("ours", name, distances(getattr(self.library, f"compare_{name}"))) for name in names]


def package_entries(sum_name, query_count):
    """Every batched entry point of the packages: a query with many rows, a matrix with a matrix, packed rows."""
    metric = "sqeuclidean" if sum_name == "l2sq" else "dot"
    found = []
    for library, package in PACKAGES.items():
        one_to_many = getattr(package, metric)
        if query_count == 1:
            found.append(Entry(library, metric, lambda q, s, f=one_to_many: f(q, s.rows)))
        found.append(Entry(library, "cdist", lambda q, s, f=package.cdist: f(q, s.rows, metric)))
    if sum_name == "dot":
        found.append(Entry("numkong", "dots_packed", lambda q, s: numkong.dots_packed(q, s.packed)))
    else:
        found.append(
            Entry("numkong", "euclideans_packed", lambda q, s: numkong.euclideans_packed(q, s.packed), squared=False))
    return found


def limit_packages(table):
    """Lets the packages use what the table may use. Everything, except beside avx2."""
    for library, package in PACKAGES.items():
        for capability, present in CAPABILITIES[library].items():
            if present and capability != "serial":
                allowed = table != b"avx2" or capability in AVX2_CAPABILITIES
                (package.enable_capability if allowed else package.disable_capability)(capability)


def check(entry, sum_name, queries, slice):
    """Stops the run where an entry point does not compute what it is timed for."""
    found = np.array(entry.call(queries, slice), np.float64).reshape(len(queries), -1)
    found = found if entry.squared else found**2
    rows, queries = slice.rows[:40].astype(np.float64), queries.astype(np.float64)
    dot = queries @ rows.T
    norms = (queries**2).sum(1)[:, None] + (rows**2).sum(1)
    true = dot if sum_name == "dot" else norms - 2 * dot
    if not np.all(np.abs(found[:, :40] - true) <= 1e-5 * norms):
        sys.exit(f"{entry.library} {entry.name}: wrong distances")


def time_call(entry, queries, slices, passes):
    """Nanoseconds a call."""
    call, count = entry.call, len(slices)
    start = time.perf_counter_ns()
    for i in range(passes):
        call(queries, slices[i % count])
    return (time.perf_counter_ns() - start) / passes


def measure(entries, queries, place, slices):
    """By entry, a value a round: nanoseconds of a call less those of a call for one distance of 16 dimensions, and the latter."""
    tiny_rows, tiny_queries = slices[0].rows[:1, :16].copy(), queries[:1, :16].copy()
    tiny = Slice(tiny_rows, numkong.dots_pack(tiny_rows))
    times, overheads = [[] for _ in entries], [[] for _ in entries]
    passes = []
    for entry in entries:
        once = min(time_call(entry, queries, slices[:1], 1) for _ in range(3))
        passes.append(1 if place == "memory" else int(SAMPLE_NANOSECONDS / once) + 1)
    cursor = 0
    for _ in range(ROUNDS):
        for e, entry in enumerate(entries):
            overheads[e].append(time_call(entry, tiny_queries, [tiny], 50))
            # In memory every call takes the next slice, so that none finds rows that another left in a cache.
            cursor = (cursor + 1) % len(slices)
            if place != "memory":
                time_call(entry, queries, slices, 1)
            times[e].append(time_call(entry, queries, slices[cursor:] + slices[:cursor], passes[e]) - overheads[e][-1])
    return times, overheads


def best(entries, times, library, names=None):
    """The fastest entry of a library, of those with such names where they are given; None where there is none."""
    found = [e for e, entry in enumerate(entries) if entry.library == library and (not names or entry.name in names)]
    return min(found, key=lambda e: statistics.median(times[e]), default=None)


def median_ratio(times, base):
    return statistics.median(time / other for time, other in zip(times, base))


def report(label, distances, entries, times):
    """Prints a line; returns the ratios of each package's best to our scan, and to our batch where there is one."""
    scan, batch = best(entries, times, "ours", ["scan"]), best(entries, times, "ours", ["blocked", "openblas"])

    def cell(e):
        return "" if e is None else f"{statistics.median(times[e]) / distances:.2f} {entries[e].name}"

    line, ratios = f"{label} {cell(scan):12} {cell(batch):15}", {"scan": [], "batch": []}
    for library in PACKAGES:
        e = best(entries, times, library)
        line += f" | {cell(e):24}"
        for name, ours in (("scan", scan), ("batch", batch)):
            if ours is not None:
                ratios[name].append(median_ratio(times[e], times[ours]))
            line += f" {ratios[name][-1]:5.2f}" if ours is not None else f" {'':5}"
    print(line, flush=True)
    return ratios


def report_summary(title, ratios):
    reached = sum(ratio >= GOAL for ratio in ratios)
    print(f"{title}: {reached} of {len(ratios)} ratios are at least {GOAL}; least {min(ratios):.2f}, median "
          f"{statistics.median(ratios):.2f}")


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    kernels = Kernels(sys.argv[1])
    print(f"simsimd {version('simsimd')}, numkong {version('numkong')}; nanoseconds a distance; ratios to our scan and batch")
    print(f"{'table':7} {'sum':4} {'dims':>5} {'place':6} {'queries x rows':14} {'scan':12} {'batch':15}"
          + "".join(f" | {library:24} {'scan':>5} {'batch':>5}" for library in PACKAGES))
    generator = np.random.default_rng(1)
    cached, call_times = {}, {}
    for n in DIMENSIONS:
        rows = random_array(PLACE_BYTES["memory"] // (4 * n), n, generator)
        queries = {count: random_array(count, n, generator) for count in QUERY_COUNTS}
        for place, place_bytes in PLACE_BYTES.items():
            row_count = min(place_bytes, PASS_BYTES) // (4 * n)
            firsts = range(0, place_bytes // (4 * n) - row_count + 1, row_count)
            slices = [Slice(rows[first : first + row_count]) for first in firsts]
            for table in [kernels.tables[0]] + [table for table in kernels.tables[1:] if table == b"avx2"]:
                limit_packages(table)
                # NumKong packs for the instruction set that it then computes with.
                for slice in slices:
                    slice.packed = numkong.dots_pack(slice.rows)
                for query_count, sum_name in itertools.product(QUERY_COUNTS, SUMS):
                    # A call takes longer than one query's distances with the few rows that stay in L1.
                    if place == "L1" and query_count == 1:
                        continue
                    entries = kernels.entries(table, sum_name, queries[query_count], slices)
                    entries += package_entries(sum_name, query_count)
                    for entry in entries:
                        check(entry, sum_name, queries[query_count], slices[0])
                    times, overheads = measure(entries, queries[query_count], place, slices)
                    label = f"{table.decode():7} {sum_name:4} {n:5} {place:6} {query_count:3} x {row_count:<8}"
                    ratios = report(label, query_count * row_count, entries, times)
                    for entry, values in zip(entries, overheads):
                        call_times.setdefault((entry.library, entry.name), []).extend(values)
                    if place != "memory":
                        for ours, values in ratios.items():
                            for library, value in zip(PACKAGES, values):
                                key = f"in a cache, {query_count} a call, {table.decode()}, {library} / our {ours}"
                                cached.setdefault(key, []).append(value)
    for key, values in sorted(cached.items()):
        report_summary(key, values)
    print("what was taken off a call, in nanoseconds: "
          + ", ".join(f"{library} {name} {statistics.median(values):.0f}" for (library, name), values in call_times.items()))


if __name__ == "__main__":
    main()
