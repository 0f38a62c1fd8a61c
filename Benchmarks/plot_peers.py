#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws queries a second by recall, one line a library, from what compare_peers.py --points wrote.

usage: plot_peers.py POINTS.csv OUT.svg [--k 10] [--from 0.8]

The recall axis is logarithmic in what is missed, and so is the other in queries a second: up and right is better.
"""

import argparse
import csv
import math
from html import escape

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 190, 48, 56
RECALLS = (0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999)
COLORS = ("#d6336c", "#f08c00", "#1c7ed6", "#2f9e44", "#7048e8", "#868e96", "#0c8599", "#a0522d")
STYLE = """
    text { font: 13px system-ui, sans-serif; fill: #343a40; }
    .title { font-weight: 600; font-size: 15px; }
    .axis { stroke: #adb5bd; stroke-width: 1; }
    .grid { stroke: #dee2e6; stroke-width: 1; }
    @media (prefers-color-scheme: dark) {
        text { fill: #dee2e6; }
        .axis { stroke: #868e96; }
        .grid { stroke: #495057; }
    }
"""


def read_points(path, k):
    """The caption, and for each library its points: recall and queries a second, by recall."""
    with open(path, newline="") as file:
        caption = file.readline().lstrip("# ").strip()
        lines = {}
        for row in csv.DictReader(file):
            if int(row["k"]) == k:
                lines.setdefault(row["library"], []).append((float(row["recall"]), float(row["queries_per_second"])))
    return caption, {library: sorted(points) for library, points in lines.items()}


def envelope(points):
    """Points that no other beats in both recall and speed."""
    best, kept = 0, []
    for recall, speed in sorted(points, reverse=True):
        if speed > best:
            best = speed
            kept.append((recall, speed))
    return kept[::-1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("points")
    parser.add_argument("out")
    parser.add_argument("--k", type=int, default=10)
    parser.add_argument("--from", dest="least", type=float, default=0.8)
    options = parser.parse_args()
    caption, lines = read_points(options.points, options.k)
    # A recall of 1 is drawn at the right edge.
    most = 0.999
    shown = {
        library: [(min(recall, most), speed) for recall, speed in envelope(points) if recall >= options.least]
        for library, points in lines.items()
    }
    shown = {library: points for library, points in shown.items() if points}
    speeds = [speed for points in shown.values() for _, speed in points]
    low, high = min(speeds) / 1.15, max(speeds) * 1.15

    def x(recall):
        part = math.log((1 - options.least) / (1 - recall)) / math.log((1 - options.least) / (1 - most))
        return LEFT + part * (WIDTH - LEFT - RIGHT)

    def y(speed):
        return HEIGHT - BOTTOM - math.log(speed / low) / math.log(high / low) * (HEIGHT - TOP - BOTTOM)

    svg = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">',
        f"<style>{STYLE}</style>",
        f'<text class="title" x="{LEFT}" y="22">Queries a second by recall@{options.k}, one thread</text>',
        f'<text x="{LEFT}" y="{HEIGHT - 8}">{escape(caption)}</text>',
    ]
    for recall in RECALLS:
        if recall < options.least:
            continue
        svg.append(f'<line class="grid" x1="{x(recall):.1f}" x2="{x(recall):.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>')
        svg.append(f'<text x="{x(recall):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{recall:g}</text>')
    for power in range(0, 9):
        for step in (1, 2, 5):
            speed = step * 10**power
            if low <= speed <= high:
                svg.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(speed):.1f}" y2="{y(speed):.1f}"/>')
                svg.append(f'<text x="{LEFT - 8}" y="{y(speed) + 4:.1f}" text-anchor="end">{speed:,}</text>')
    svg.append(
        f'<path class="axis" fill="none" d="M{LEFT} {TOP} V{HEIGHT - BOTTOM} H{WIDTH - RIGHT}"/>')
    # Names stand where lines end, and apart from one another.
    names = []
    for number, (library, points) in enumerate(shown.items()):
        color = COLORS[number % len(COLORS)]
        path = " ".join(f"{'M' if i == 0 else 'L'}{x(r):.1f} {y(s):.1f}" for i, (r, s) in enumerate(points))
        width = 3 if number == 0 else 1.8
        svg.append(f'<path fill="none" stroke="{color}" stroke-width="{width}" d="{path}"/>')
        names.append([y(points[-1][1]), library, color])
    names.sort()
    for before, after in zip(names, names[1:]):
        after[0] = max(after[0], before[0] + 18)
    for height, library, color in names:
        svg.append(f'<text x="{WIDTH - RIGHT + 10}" y="{height + 4:.1f}" style="fill: {color}">{escape(library)}</text>')
    svg.append("</svg>")
    with open(options.out, "w") as file:
        file.write("\n".join(svg) + "\n")


if __name__ == "__main__":
    main()
