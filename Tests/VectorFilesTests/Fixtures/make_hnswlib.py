# SPDX-License-Identifier: Apache-2.0
"""Writes small.hnsw, a file of hnswlib 0.8.0, as HnswlibFixture describes it: make_hnswlib.py small.hnsw"""

import sys

import hnswlib
import numpy as np

COUNT, DIMENSIONS = 24, 3

vectors = np.array([[(7 * i + 11 * j + i * j) % 32 / 4 - 4 for j in range(DIMENSIONS)] for i in range(COUNT)], np.float32)
labels = np.array([2**40 + 5 * i for i in range(COUNT)], np.uint64)

index = hnswlib.Index("l2", DIMENSIONS)
index.init_index(max_elements=30, M=3, ef_construction=20, random_seed=100)
index.add_items(vectors, labels, num_threads=1)
for i in (5, 17):
    index.mark_deleted(int(labels[i]))
index.save_index(sys.argv[1])
