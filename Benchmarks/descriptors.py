#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes vectors of image descriptors for `nearest bench` out of photographs that Debian ships.

    descriptors.py --kind sift128 --out DIRECTORY     SIFT at key points, 128 dimensions, values 0 to 255
    descriptors.py --kind gist960 --out DIRECTORY     color GIST of square tiles, 960 dimensions

writes base.npy, queries.npy and statistics.txt. Queries come from photographs of their own: none of theirs is in the base.
Packages are downloaded once and unpacked into --cache; nothing is installed. The result depends on nothing but the
versions of the packages, of OpenCV and of NumPy, the instruction set, and the options.
"""

import argparse
import glob
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np

# Photographs by package and path. What a package has besides them (drawings, gradients, screenshots, other views of the same
# scene) would make vectors that no camera makes, so every pattern was chosen by looking at the pictures. gnome-backgrounds,
# ukui-wallpapers, desktop-base and sway-backgrounds have no photographs.
PACKAGES = {
    # The largest photographs here: bridges, mountains, a stream, blossoms, by users of Ubuntu Touch.
    "lomiri-wallpapers-16.04": [f"usr/share/backgrounds/{name}_by_*.jpg" for name in (
        "Bridge", "Dragonfly", "Picture_0B", "Picture_1A", "Wine", "aitzgorri", "analogpattern", "free", "friends", "greentock",
        "life", "picosdeeuropa", "seeding", "sunset")],
    # One photograph, bark of a tree; the others are drawings.
    "lomiri-wallpapers-20.04": ["usr/share/backgrounds/Kleiber_by_*.jpg"],
    # Macro photographs of plants and water; its other folders are drawings.
    "mate-backgrounds": ["usr/share/backgrounds/mate/nature/*.jpg"],
    # Landscapes and macro photographs beside logos on gradients, so named one by one.
    "lxqt-themes": [f"usr/share/lxqt/wallpapers/{name}.*" for name in (
        "Butterfly-Kenneth-Wimer", "Valendas", "after-the-rain", "appleflower", "beam", "butterfly", "cloud", "drop", "flowers",
        "this-is-not-windows")],
    # Forests, boats, leaves, architecture; most wallpapers of Plasma are drawings.
    "plasma-workspace-wallpapers": [f"usr/share/wallpapers/{name}/contents/images/*" for name in (
        "BytheWater", "ColdRipple", "ColorfulCups", "EveningGlow", "FallenLeaf", "Grey", "Kite", "OneStandsOut", "Path", "summer_1am")],
    # One photograph: the Colosseum.
    "budgie-core": ["usr/share/backgrounds/budgie/default.jpg"],
    # Puzzle pictures: a castle, a bridge at night, fruits, a bee, a chameleon.
    "palapeli-data": ["usr/share/palapeli/collection/*.jpg"],
    # A family's album: people, pets, landscapes, unretouched.
    "kphotoalbum": ["usr/share/kphotoalbum/demo/*.jpg"],
    # Photographs as a telephone takes them: dogs, a city, rooms.
    "forensics-samples-files": ["usr/share/forensics-samples/original-files/pic?/IMG*"],
    # One photograph of 12 megapixels.
    "digikam-data": ["usr/share/digikam/about/images/body-background.jpg"],
    # Well-known test pictures of object detection.
    "darknet": [f"usr/share/darknet/data/{name}.jpg" for name in ("dog", "eagle", "giraffe", "horses", "kite", "person")],
    # Well-known test pictures of image processing; microscopy, the sky and the second of each stereo pair are left out.
    "python3-skimage": [f"usr/lib/python3/dist-packages/skimage/data/{name}.*" for name in (
        "astronaut", "brick", "camera", "chelsea", "coffee", "coins", "grass", "gravel", "motorcycle_left", "rocket")],
    # A temple and a flower.
    "python3-sklearn": ["usr/lib/python3/dist-packages/sklearn/datasets/images/*.jpg"],
    # A portrait.
    "python-matplotlib-data": ["usr/share/matplotlib/mpl-data/sample_data/grace_hopper.jpg"],
    # A ruin, a cat, a city.
    "python-kivy-examples": ["usr/share/kivy-examples/demo/pictures/images/" + name for name in ("Wall.jpg", "faust_github.jpg")]
        + ["usr/share/kivy-examples/widgets/cityCC0.png"],
    # A waterfall, leaves, cork.
    "qtdeclarative5-examples": ["usr/lib/*/qt5/examples/quick/" + name for name in (
        "customitems/scrollbar/pics/niagara_falls.jpg", "particles/images/backgroundLeaves.jpg",
        "touchinteraction/flickable/content/cork.jpg")],
    # What descriptors are usually shown on: buildings, a board, plants, walls, street signs; one view of each scene.
    "opencv-doc": ["usr/share/doc/opencv-doc/examples/" + name for name in (
        "alphamat/input_images/plant.jpg", "text/scenetext0*.jpg", "text/scenetext_segmented_word0*.jpg")]
        + [f"usr/share/doc/opencv-doc/examples/data/{name}.*" for name in (
            "aero1", "aloeL", "apple", "baboon", "board", "box_in_scene", "building", "butterfly", "chicky_512", "fruits", "graf1",
            "home", "leuvenA", "messi5", "orange", "rubberwhale1", "smarties", "squirrel_cls")]
        + [f"usr/share/doc/opencv-doc/opencv4/html/{name}.jpg" for name in (
            "4_barcodes", "Background_Subtraction_Tutorial_frame", "astra_color", "detect_test1", "detect_test2",
            "retina_TreeHdr_retina")],
}

HELD_OUT = 0.1  # share of the photographs that only queries come from
LONGER_SIDE = 1600  # pixels; larger photographs are reduced to it
SAME_PICTURE = 8  # bits of 64 in which the hashes of one picture may differ


def unpack(package: str, cache: Path) -> Path | None:
    """Returns the folder with the files of a Debian package, None if the package is not to be had."""
    folder = cache / package
    if folder.is_dir():
        return folder
    for program in ("apt-get", "dpkg-deb"):
        if shutil.which(program) is None:
            sys.exit(f"descriptors: the photographs come from Debian packages, and {program} is missing here")
    work = cache / f"{package}.part"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    # Without the sandbox user, who may not write into this folder.
    download = subprocess.run(["apt-get", "download", "-q", "-o", "APT::Sandbox::User=root", package],
                              cwd=work, stdout=subprocess.DEVNULL)
    if download.returncode != 0:
        shutil.rmtree(work)
        return None
    archive = next(work.glob("*.deb"))
    subprocess.run(["dpkg-deb", "-x", archive, work / "files"], check=True)
    (work / "files").rename(folder)
    shutil.rmtree(work)
    return folder


def largest_of_each_folder(files: list[str]) -> list[str]:
    """Keeps one of the files of a folder whose names are sizes, such as 1920x1080.jpg: the largest."""
    kept, best = [], {}
    for file in files:
        size = re.fullmatch(r"(\d+)x(\d+)", Path(file).stem)
        if size is None:
            kept.append(file)
            continue
        pixels, folder = int(size[1]) * int(size[2]), os.path.dirname(file)
        best[folder] = max(best.get(folder, (0, "")), (pixels, file))
    return sorted(kept + [file for _, file in best.values()])


def difference_hash(picture: np.ndarray) -> int:
    """Returns 64 bits, alike for pictures that look alike: whether each pixel of a 9 x 8 thumbnail exceeds its left neighbor."""
    gray = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    thumbnail = cv2.resize(grey, (9, 8), interpolation=cv2.INTER_AREA)
    return int.from_bytes(np.packbits(thumbnail[:, 1:] > thumbnail[:, :-1]).tobytes(), "big")


def load_photographs(cache: Path) -> list[np.ndarray]:
    """Returns the photographs, of LONGER_SIDE at most, in the order of the table and of paths, each picture once."""
    photographs, hashes = [], []
    for package, patterns in PACKAGES.items():
        folder = unpack(package, cache)
        if folder is None:
            print(f"descriptors: no package {package} (is `apt-get update` due?); going on without it", file=sys.stderr)
            continue
        files = set()
        for pattern in patterns:
            found = glob.glob(pattern, root_dir=folder)
            if not found:
                print(f"descriptors: {package} has no {pattern}; going on without it", file=sys.stderr)
            files.update(found)
        for file in largest_of_each_folder(sorted(files)):
            picture = cv2.imread(str(folder / file), cv2.IMREAD_COLOR)
            if picture is None:
                print(f"descriptors: cannot read {file} of {package}; going on without it", file=sys.stderr)
                continue
            code = difference_hash(picture)
            if any((code ^ other).bit_count() <= SAME_PICTURE for other in hashes):
                continue
            hashes.append(code)
            scale = LONGER_SIDE / max(picture.shape[:2])
            if scale < 1:
                picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            photographs.append(picture)
    return photographs


def sift128(picture: np.ndarray, cap: int, random: np.random.Generator) -> np.ndarray:
    """Returns SIFT descriptors as OpenCV computes them with its default thresholds, at most `cap`, drawn at random.

    Lowe, "Distinctive image features from scale-invariant keypoints", IJCV 60 (2004).
    """
    _, descriptors = cv2.SIFT_create().detectAndCompute(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), None)
    if descriptors is None:
        return np.empty((0, 128), np.float32)
    descriptors = np.unique(descriptors, axis=0)
    return descriptors[np.sort(random.permutation(len(descriptors))[:cap])]


class Gist:
    """The color GIST descriptor of tiles of 32 x 32 pixels: 3 colors x 20 Gabor filters x 4 x 4 blocks = 960 values.

    Oliva and Torralba, "Modeling the shape of the scene", IJCV 42 (2001), with the constants of the authors' LMgist.m; colors one by
    one, 8, 8 and 4 orientations and tiles of 32 pixels as in Douze et al., "Evaluation of GIST descriptors for web-scale image
    search" (2009): the layout of GIST1M.
    """

    SIDE, PADDING, PREFILTER_PADDING, BLOCKS = 32, 32, 5, 4
    ORIENTATIONS = (8, 8, 4)
    CUTOFF = 4  # of the prefilter, in cycles an image

    def __init__(self):
        self.gabor = self._gabor_filters(self.SIDE + 2 * self.PADDING)
        vertical, horizontal = self._frequencies(self.SIDE + 2 * self.PREFILTER_PADDING)
        width = self.CUTOFF / np.sqrt(np.log(2))
        self.lowpass = np.exp(-(vertical**2 + horizontal**2) / width**2).astype(np.float32)

    @staticmethod
    def _frequencies(side: int) -> tuple[np.ndarray, np.ndarray]:
        axis = np.fft.fftfreq(side, 1 / side)
        return axis[:, None], axis[None, :]

    @classmethod
    def _gabor_filters(cls, side: int) -> np.ndarray:
        vertical, horizontal = cls._frequencies(side)
        radius, angle = np.hypot(vertical, horizontal), np.arctan2(vertical, horizontal)
        filters = []
        for scale, orientations in enumerate(cls.ORIENTATIONS):
            for step in range(orientations):
                turned = angle + np.pi / orientations * step
                turned += 2 * np.pi * (turned < -np.pi) - 2 * np.pi * (turned > np.pi)
                across = -3.5 * (radius / side / (0.3 / 1.85**scale) - 1) ** 2
                along = -2 * np.pi * (16 * orientations**2 / 32**2) * turned**2
                filters.append(np.exp(across + along))
        return np.array(filters, np.float32)

    def _whiten(self, tile: np.ndarray) -> np.ndarray:
        """Takes 3 x side x side values 0 to 255; removes the low frequencies and evens out the local contrast."""
        pad = self.PREFILTER_PADDING
        logs = np.pad(np.log(tile + 1), ((0, 0), (pad, pad), (pad, pad)), mode="symmetric")
        high = logs - np.fft.ifft2(np.fft.fft2(logs) * self.lowpass).real
        energy = np.fft.ifft2(np.fft.fft2(high.mean(axis=0) ** 2) * self.lowpass)
        return (high / (0.2 + np.sqrt(np.abs(energy))))[:, pad:-pad, pad:-pad]

    def describe(self, tile: np.ndarray) -> np.ndarray:
        pad, side = self.PADDING, self.SIDE
        padded = np.pad(self._whiten(tile), ((0, 0), (pad, pad), (pad, pad)), mode="symmetric").astype(np.float32)
        spectrum, block = np.fft.fft2(padded), side // self.BLOCKS
        values = []
        for gabor in self.gabor:  # filter by filter: what one needs stays in the cache
            rows = np.fft.ifft(spectrum * gabor, axis=-2)[:, pad:-pad]  # one axis, then the other of what is kept
            magnitude = np.abs(np.fft.ifft(rows, axis=-1)[..., pad:-pad])
            values.append(magnitude.reshape(3, self.BLOCKS, block, self.BLOCKS, block).mean(axis=(2, 4)))
        return np.stack(values, axis=1).ravel()


def gist960(picture: np.ndarray, cap: int, random: np.random.Generator) -> np.ndarray:
    """Returns the GIST of `cap` squares at random places, of 64 to 256 pixels, except those that are nearly of one color."""
    gist, descriptors = Gist(), []
    height, width = picture.shape[:2]
    for _ in range(cap):
        side = min(int(64 * 4 ** random.random()), height, width)
        top, left = random.integers(height - side + 1), random.integers(width - side + 1)
        tile = picture[top:top + side, left:left + side]
        if tile.mean(axis=2).std() < 8:  # sky or blur: the prefilter would enlarge the noise of the camera
            continue
        tile = cv2.resize(tile, (Gist.SIDE, Gist.SIDE), interpolation=cv2.INTER_AREA)
        descriptors.append(gist.describe(tile[:, :, ::-1].transpose(2, 0, 1).astype(np.float32)))
    return np.array(descriptors, np.float32).reshape(-1, 960)


# Per kind: function, vectors and queries wanted, and the most of one photograph, so that few detailed ones do not dominate.
KINDS = {
    "sift128": (sift128, 200_000, 1_000, 4_000),
    "gist960": (gist960, 50_000, 500, 500),
}


def draw(groups: list[np.ndarray], count: int, random: np.random.Generator) -> np.ndarray:
    """Returns `count` different rows of the groups in random order, or all if there are fewer."""
    rows = np.unique(np.concatenate(groups), axis=0)
    return np.ascontiguousarray(rows[random.permutation(len(rows))[:count]])


def statistics(base: np.ndarray, queries: np.ndarray, neighbors: int = 100) -> str:
    """Tells how hard the data is: relative contrast (mean distance / nearest distance, He et al. 2012) and local intrinsic dimension
    (maximum likelihood on 100 neighbors, Amsaleg et al. 2015), medians over the queries."""
    base_norms = np.einsum("ij,ij->i", base, base, dtype=np.float64)
    nearest, contrast, dimension = [], [], []
    for query in queries:
        squares = base_norms - 2 * (base @ query) + np.dot(query.astype(np.float64), query)
        distances = np.sqrt(np.maximum(squares, 0))
        closest = np.sort(np.partition(distances, neighbors - 1)[:neighbors])
        if closest[0] > 0:
            nearest.append(closest[0])
            contrast.append(distances.mean() / closest[0])
            dimension.append(-1 / np.mean(np.log(closest[:-1] / closest[-1])))
    return (f"values {base.min():g} to {base.max():g}, mean norm {np.sqrt(base_norms).mean():.4g}, zeros {np.mean(base == 0):.1%}; "
            f"medians over queries: nearest distance {np.median(nearest):.4g}, relative contrast {np.median(contrast):.2f}, "
            f"local intrinsic dimension {np.median(dimension):.1f}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kind", choices=KINDS, default="sift128")
    parser.add_argument("--out", type=Path, required=True, help="folder to write base.npy, queries.npy and statistics.txt to")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache/nearest-descriptors/packages",
                        help="folder of unpacked packages (default: %(default)s)")
    parser.add_argument("--base", type=int, help="vectors in the base (default: 200000 of sift128, 50000 of gist960)")
    parser.add_argument("--queries", type=int, help="queries (default: 1000 of sift128, 500 of gist960)")
    parser.add_argument("--per-photograph", type=int, help="most vectors of one photograph (default: 4000 and 500)")
    parser.add_argument("--seed", type=int, default=42)
    options = parser.parse_args()
    describe, base_count, query_count, cap = KINDS[options.kind]
    base_count, query_count = options.base or base_count, options.queries or query_count
    cap = options.per_photograph or cap

    cv2.setNumThreads(1)
    photographs = load_photographs(options.cache)
    if len(photographs) < 2:
        print("descriptors: fewer than two photographs found", file=sys.stderr)
        return 1
    # One generator a photograph: what is drawn of one does not depend on how much was drawn of those before it.
    generators = np.random.default_rng(options.seed).spawn(len(photographs) + 1)
    order = generators[-1].permutation(len(photographs))
    held_out = set(order[:max(1, round(HELD_OUT * len(photographs)))].tolist())
    groups = {True: [], False: []}
    for number, picture in enumerate(photographs):
        groups[number in held_out].append(describe(picture, cap, generators[number]))
    base = draw(groups[False], base_count, generators[-1])
    # A query of another photograph may still equal a vector of the base: flat patches do.
    stored = {row.tobytes() for row in base}
    queries = draw([group[[row.tobytes() not in stored for row in group]] for group in groups[True]], query_count, generators[-1])

    options.out.mkdir(parents=True, exist_ok=True)
    np.save(options.out / "base.npy", base)
    np.save(options.out / "queries.npy", queries)
    checksum = hashlib.sha256(base.tobytes() + queries.tobytes()).hexdigest()[:16]
    line = (f"{options.kind}: {len(base)} vectors of {len(groups[False])} photographs, {len(queries)} queries of {len(held_out)} others, "
            f"{base.shape[1]} dimensions; {statistics(base, queries)}; sha256 {checksum}")
    (options.out / "statistics.txt").write_text(line + "\n")
    print(line)
    for name, found, wanted in (("vectors", len(base), base_count), ("queries", len(queries), query_count)):
        if found < wanted:
            print(f"descriptors: the photographs gave {found} {name}, not {wanted}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
