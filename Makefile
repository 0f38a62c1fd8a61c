# swift-nearest
#
#   Use
#   make demo           search a dictionary by meaning: TEXT='"fear of spiders" "a small boat"'
#   make setup          install missing Debian packages; the other targets do so first
#   make format         format the Swift sources
#   make clean          delete what was built
#   make help           show this list
#
#   Test
#   make check          what every commit must pass: format, prose, layering, no warnings, tests
#   make test           run the tests
#   make test-exhaustive  run the tests with every damaged file, not a sample of them
#   make test-asan      run the tests under AddressSanitizer
#   make test-tsan      run the tests that use many threads under ThreadSanitizer: FILTER='Tests' for all
#   make fuzz-snapshot  read damaged index files under libFuzzer and AddressSanitizer: FUZZ_SECONDS=120
#   make lint           check the format of the Swift sources, and words that hide meaning
#   make layers         check which target imports which
#
#   Measure (Benchmarks/README.md)
#   make bench          recall and speed of search on the demo's vectors, on one thread and on two
#   make bench-kernels  parity and speed of the distance kernels, and their share of the machine: ARGS='--filter avx2/'
#   make bench-cache    bench-kernels under perf stat: cache references and misses, if the machine has counters
#   make bench-numkong  scans of 32-bit floats beside the Python packages SimSIMD and NumKong
#   make bench-peers    search beside SymphonyQG, pyglass, hnswlib and faiss at equal recall; exact search beside faiss
#   make plot-peers     draw what bench-peers ARGS='--points Benchmarks/peers.csv' wrote: the README's picture
#   make bench-growth   time and distances of a query from 10,000 to 200,000 image descriptors, at equal recall
#   make bench-insert   insertion one by one and by one call, on one thread and several, into empty and full indexes
#   make bench-latency  latency of search in quiet and beside a writer
#   make bench-churn    every vector replaced over and over: recall, speed and memory beside a fresh index
#   make bench-order    recall by the order in which vectors arrive
#   make bench-memory   bytes that results with vectors allocate when they share them, and when they copy them
#   make bench-hostile  data that graphs lose vectors of; fails if a vector is not found
#   make bench-load     five ways to get an index back: ARGS='--plot load.svg'
#   make bench-load-peers  opening a saved index beside hnswlib and usearch: ARGS='--count 1000000'
#   make bench-data     make two sets of image descriptors to measure on, from Debian's photographs
#
#   bench-peers, bench-insert, bench-latency, bench-churn and bench-order take BASE=B.npy QUERIES=Q.npy.
#   bench-kernels, bench-cache, bench-numkong, bench-peers and bench-growth run on one processor: CPU=1 chooses it.
#   All bench- targets but bench-numkong and bench-data take ARGS, such as ARGS='--help'.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

SWIFT ?= swift
CLANG ?= clang
PYTHON ?= python3
NEAREST := .build/release/nearest
KERNEL_BENCH := .build/release/kernel-bench
INDEX_BENCH := .build/release/index-bench
SOURCES := Package.swift Sources Tests Benchmarks/index-bench

# Debian packages: OpenBLAS for batched distances, pkg-config to find it, the dictionary of the demo.
PACKAGES := libopenblas-dev pkg-config wordnet-base

.PHONY: help setup demo test test-exhaustive test-asan test-tsan fuzz-snapshot check lint layers format bench \
    bench-data kernel-bench bench-kernels bench-numkong bench-peers plot-peers bench-cache index-bench bench-insert \
    bench-latency bench-memory bench-churn bench-hostile bench-order bench-load bench-load-peers release clean

help:
	@sed -n '/^SHELL/q; 1,2d; s/^# *//p' Makefile

setup:
	@SWIFT='$(SWIFT)' .ci/setup $(PACKAGES)

release: setup
	$(SWIFT) build -c release --product nearest

demo: release
	$(NEAREST) demo $(TEXT)

# Tests are compiled with optimization and keep what `assert` checks. Without optimization they take ten times as long.
TEST_BUILD := -c release -Xswiftc -enable-testing -Xswiftc -assert-config -Xswiftc Debug

test: setup
	$(SWIFT) test --disable-xctest $(TEST_BUILD) --scratch-path .build-test

test-exhaustive:
	NEAREST_EXHAUSTIVE=1 $(MAKE) test

test-asan: setup
	ASAN_OPTIONS=detect_leaks=0 $(SWIFT) test --disable-xctest $(TEST_BUILD) --sanitize address --scratch-path .build-asan

# Suites whose tests share an index between threads, and the linking of one by several.
FILTER ?= (Filter|Radius|Change|Concurrency|ManyKeys|DatabaseMany|Snapshot|SnapshotSaving|Isolation|Stress|Sweep|DatabaseInsertion)Tests|manyThreads|upsertBesideSearches

test-tsan: setup
	$(SWIFT) test --disable-xctest $(TEST_BUILD) --sanitize thread --scratch-path .build-tsan --filter '$(FILTER)'

# Inputs are kept from run to run. One that ends the process is left as .build-fuzz/crash-*; it is run again by
# swift run snapshot-fuzz FILE.
FUZZ_SECONDS ?= 120
FUZZ := .build-fuzz
FUZZ_CORPUS := $(FUZZ)/corpus

# The gold linker fails on libFuzzer. Leaks are not looked for: the runtime keeps what it allocates once. A backtrace would be made
# of a process that libFuzzer is about to end.
fuzz-snapshot: setup
	$(SWIFT) build -c release --scratch-path $(FUZZ) --product snapshot-fuzz --sanitize address \
	    -Xswiftc -sanitize=fuzzer -Xswiftc -parse-as-library -Xswiftc -DFUZZING -Xswiftc -use-ld=lld
	@mkdir -p $(FUZZ_CORPUS)
	FUZZ_SEEDS=$(FUZZ_CORPUS) SWIFT_BACKTRACE=enable=no $(FUZZ)/release/snapshot-fuzz -max_total_time=$(FUZZ_SECONDS) \
	    -max_len=131 -len_control=0 -timeout=60 -rss_limit_mb=6000 -detect_leaks=0 -print_final_stats=1 \
	    -artifact_prefix=$(FUZZ)/ $(FUZZ_CORPUS)

check: setup lint layers
	NEAREST_WARNINGS=error $(SWIFT) build
	NEAREST_WARNINGS=error $(SWIFT) test --disable-xctest $(TEST_BUILD) --scratch-path .build-test

lint:
	$(SWIFT) format lint --strict --parallel --recursive $(SOURCES)
	.ci/check-prose

layers:
	.ci/check-layers

format:
	$(SWIFT) format --in-place --parallel --recursive $(SOURCES)

.build/demo.base.npy: | release
	$(NEAREST) demo --vectors-out .build/demo

bench: release .build/demo.base.npy
	@for threads in 1 2; do \
	    echo "search on $$threads thread(s):"; \
	    $(NEAREST) bench --base .build/demo.base.npy --queries .build/demo.queries.npy --metric cosine --codes auto --exact \
	        --ef 16,32,64,128,256,512 --threads $$threads; \
	done

# Packages, photographs and OpenCV are kept where `make clean` does not reach: they are 450 MB to download.
DESCRIPTORS := .build/descriptors
DESCRIPTORS_CACHE := $(HOME)/.cache/nearest-descriptors
DESCRIPTORS_PYTHON := $(DESCRIPTORS_CACHE)/venv/bin/python

bench-data: $(DESCRIPTORS)/sift128/statistics.txt $(DESCRIPTORS)/gist960/statistics.txt
	@cat $^

$(DESCRIPTORS)/%/statistics.txt: Benchmarks/descriptors.py $(DESCRIPTORS_CACHE)/venv/complete
	$(DESCRIPTORS_PYTHON) Benchmarks/descriptors.py --kind $* --out $(DESCRIPTORS)/$* --cache $(DESCRIPTORS_CACHE)/packages

$(DESCRIPTORS_CACHE)/venv/complete: Benchmarks/requirements.txt
	python3 -m venv --clear $(@D)
	$(@D)/bin/pip install --quiet --only-binary :all: --requirement $<
	touch $@

bench-growth: release $(DESCRIPTORS)/sift128/statistics.txt
	taskset -c $(or $(CPU),0) $(PYTHON) Benchmarks/growth.py --nearest $(NEAREST) --base $(DESCRIPTORS)/sift128/base.npy \
	    --queries $(DESCRIPTORS)/sift128/queries.npy $(ARGS)

# One processor throughout: a move to another one would start with cold caches.
CPU ?= 0
PIN = $(shell command -v taskset >/dev/null 2>&1 && echo taskset -c $(CPU))

kernel-bench: setup
	$(SWIFT) build -c release --product kernel-bench

bench-kernels: kernel-bench
	$(PIN) $(KERNEL_BENCH) $(ARGS)

index-bench: setup
	$(SWIFT) build -c release --product index-bench

# Generated vectors, unless the caller names files.
INDEX_BENCH_FILES = $(if $(filter command environment,$(firstword $(origin BASE))),--base $(BASE) --queries $(QUERIES))

bench-insert bench-latency bench-churn bench-order: bench-%: index-bench
	$(INDEX_BENCH) $* $(INDEX_BENCH_FILES) $(ARGS)

bench-memory bench-hostile bench-load: bench-%: index-bench
	$(INDEX_BENCH) $* $(ARGS)

NUMKONG_VENV := .build/numkong-venv
NUMKONG_PACKAGES := numpy simsimd==6.5.16 numkong==7.8.6
COMPARED_LIBRARY := .build/libcompare_numkong.so

# The kernels with the flags of a release build.
$(COMPARED_LIBRARY): Benchmarks/compare_numkong.c $(wildcard CKernels/src/* CKernels/include/*) | setup
	@mkdir -p $(@D)
	$(CLANG) -O2 -fPIC -shared -DCK_OPENBLAS -ICKernels/include -o $@ CKernels/src/*.c $< \
	    $$(pkg-config --cflags --libs openblas) -lm

# The stamp is named after the packages: other versions are installed anew.
NUMKONG_STAMP := $(NUMKONG_VENV)/$(subst $() ,_,$(NUMKONG_PACKAGES))

$(NUMKONG_STAMP):
	$(PYTHON) -m venv $(NUMKONG_VENV)
	$(NUMKONG_VENV)/bin/pip install -q $(NUMKONG_PACKAGES)
	touch $@

bench-numkong: $(COMPARED_LIBRARY) $(NUMKONG_STAMP)
	$(PIN) $(NUMKONG_VENV)/bin/python Benchmarks/compare_numkong.py $(COMPARED_LIBRARY)

PEERS_VENV := .build/peers-venv
PEERS_PACKAGES := numpy hnswlib==0.8.0 faiss-cpu==1.15.1 usearch==2.26.6 rabitqlib==0.7.1 pyglass-portable==2.1.0
PEERS_STAMP := $(PEERS_VENV)/$(subst $() ,_,$(PEERS_PACKAGES))
BASE ?= .build/demo.base.npy
QUERIES ?= .build/demo.queries.npy

$(PEERS_STAMP):
	$(PYTHON) -m venv $(PEERS_VENV)
	$(PEERS_VENV)/bin/pip install -q $(PEERS_PACKAGES)
	touch $@

bench-peers: release .build/demo.base.npy $(PEERS_STAMP)
	$(PIN) $(PEERS_VENV)/bin/python Benchmarks/compare_peers.py --nearest $(NEAREST) --base $(BASE) --queries $(QUERIES) $(ARGS)

plot-peers:
	$(PYTHON) Benchmarks/plot_peers.py Benchmarks/peers.csv Benchmarks/peers.svg $(ARGS)

bench-load-peers: index-bench $(PEERS_STAMP)
	$(PEERS_VENV)/bin/python Benchmarks/compare_load.py --index-bench $(INDEX_BENCH) $(ARGS)

bench-cache: kernel-bench
	@Benchmarks/cache.sh $(PIN) $(KERNEL_BENCH) $(ARGS)

clean:
	rm -rf .build .build-test .build-asan .build-tsan .build-fuzz
