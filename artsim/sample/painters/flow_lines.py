"""Teodor Vahl, who draws thousands of lines that follow one current and change color from shape to shape."""

import numpy as np
from PIL import Image, ImageDraw

from ..color import Palette, spread
from ..field import blurred, directions, edges, noise, photo, softened
from ..ground import fibers
from ..outlines import Rng
from ..raster import colored, rasterize
from ..scene import Scene
from .hand import Painter

_STEPS = 8
_FINE = 4  # pixels of the drawing per pixel of the view; two per pixel of the picture


def paint(scene: Scene, palette: Palette, size: tuple[int, int], rng: Rng) -> np.ndarray:
    """Draw lines from everywhere over a dark board; each stops at the edge of its shape."""
    width, height = (size[0] + 1) // 2, (size[1] + 1) // 2  # the view has half the picture's resolution
    raster = rasterize(scene, width, height)
    local = colored(raster, palette, 0.1 + 0.9 * raster.tones)
    angle, form = _current(raster.tones, scene, rng)
    board = palette.paper * fibers(rng, (width, height), 0.02)[..., None]
    tinted = (0.26 + 0.4 * form)[..., None]  # the board is toned where lines will be dense
    base = board * (1 - tinted) + np.asarray(softened(photo(local), 1), dtype=np.float32) * tinted
    sheet = photo(base).resize((width * _FINE, height * _FINE), Image.Resampling.NEAREST)
    pen = ImageDraw.Draw(sheet)
    unit = max(width, height) / 720
    for gap, stride, wide in ((9.6, 8.8, 4.5), (5.8, 3.4, 2.6)):
        gx, gy = np.meshgrid(np.arange(0, width, gap * unit), np.arange(0, height, gap * unit))
        spots = np.stack([gx.ravel(), gy.ravel()], 1) + rng.uniform(-0.5, 0.5, (gx.size, 2)) * gap * unit
        spots = rng.permutation(spots).clip(0, (width - 1, height - 1)).astype(np.float32)
        col, row = spots[:, 0].astype(int), spots[:, 1].astype(int)
        # the fine pen draws only near edges
        keep = form[row, col] > 0.42 if wide < 3 else rng.random(len(spots)) > form[row, col] - 0.3
        spots, col, row = spots[keep], col[keep], row[keep]
        strides = stride * unit * rng.choice([-1, 1], (len(spots), 1))
        paths, counts = _run(spots, angle, raster.labels, strides)
        inks = spread(rng, local[row, col], 0.035).astype(int).tolist()
        lines = _tapered(paths, counts, wide * unit * rng.uniform(0.6, 1.25, len(spots))) * _FINE
        for line, ink, count in zip(lines.reshape(len(lines), -1).tolist(), inks, counts.tolist(), strict=True):
            if count > 1:
                pen.polygon(line, fill=tuple(ink))
    return np.asarray(sheet.reduce(_FINE // 2), dtype=np.float32)[: size[1], : size[0]]


def _current(tones: np.ndarray, scene: Scene, rng: Rng) -> tuple[np.ndarray, np.ndarray]:
    """The direction of the lines (radians) and how far form decides it (0..1), both (h, w); the current has eddies."""
    height, width = tones.shape
    small = (width // 2, height // 2)  # a current is smooth, so a coarse grid is enough
    calm = directions(rng, tones, 0.2, step=2)[::2, ::2][: small[1], : small[0]]
    x = np.arange(small[0], dtype=np.float32) / small[1]
    y = np.arange(small[1], dtype=np.float32)[:, None] / small[1]
    drift = noise(rng, small, 0.6 * max(small), 2) * 0.9 + float(rng.normal(0, 0.3))
    along, across = np.cos(drift), np.sin(drift)
    for _ in range(4):
        cx, cy, reach = rng.uniform(0, scene.aspect), rng.uniform(0, 1), rng.uniform(0.16, 0.34)
        pull = np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / reach**2) * float(rng.choice([-1, 1])) * 3 / reach
        along, across = along - pull * (y - cy), across + pull * (x - cx)
    drift = np.arctan2(across, along)
    # double angles make a line and its reverse the same; form decides near edges, the current elsewhere
    form = np.clip(_resized(blurred(edges(tones), 3), small) * 15, 0, 0.8)
    double = (form * np.exp(2j * calm) + (1 - form) * np.exp(2j * drift)).astype(np.complex64)
    s, c = (_resized(part, (width, height)) for part in (double.imag, double.real))
    return np.arctan2(s, c) / 2, _resized(form, (width, height))


def _resized(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return np.asarray(Image.fromarray(np.ascontiguousarray(values)).resize(size, Image.Resampling.BILINEAR))


def _run(spots: np.ndarray, angle: np.ndarray, labels: np.ndarray, stride: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Follow the field until the shape changes: paths (n, steps, 2), and how many points of each are drawn (n,)."""
    height, width = angle.shape
    home = labels[spots[:, 1].astype(int), spots[:, 0].astype(int)]
    spot, alive = spots.copy(), np.ones(len(spots), bool)
    heading = angle[spots[:, 1].astype(int), spots[:, 0].astype(int)]
    path, counts = [spot], np.ones(len(spots), int)
    for _ in range(_STEPS - 1):
        after = spot + stride * np.stack([np.cos(heading), np.sin(heading)], 1)
        col, row = after[:, 0].clip(0, width - 1).astype(int), after[:, 1].clip(0, height - 1).astype(int)
        alive &= labels[row, col] == home
        spot = np.where(alive[:, None], after, spot)
        counts += alive
        turn = angle[row, col] - heading
        heading = heading + (turn + np.pi / 2) % np.pi - np.pi / 2
        path.append(spot)
    return np.stack(path, 1), counts


def _tapered(paths: np.ndarray, counts: np.ndarray, wide: np.ndarray) -> np.ndarray:
    """Lines that are thickest in their middle, as polygons (n, 2 * steps, 2)."""
    step = np.gradient(paths, axis=1)
    normal = np.stack([-step[..., 1], step[..., 0]], -1) / (np.linalg.norm(step, axis=-1, keepdims=True) + 1e-6)
    along = np.minimum(np.arange(_STEPS)[None] / np.maximum(counts - 1, 1)[:, None], 1.0)
    half = normal * ((0.25 + 0.75 * np.sin(np.pi * along)) * wide[:, None] / 2)[..., None]
    return np.concatenate([paths + half, (paths - half)[:, ::-1]], 1)


PAINTER = Painter(
    key="vahl",
    name="Teodor Vahl",
    born=1931,
    died=2009,
    style="Lyrical abstraction",
    school="Danish",
    technique="pen and coloured inks on board",
    rights="CC0",
    palettes=(
        Palette(
            air="0c1830 2c5c8c 7cb8cc f4f0e0",
            water="0a2440 1c6c94 64b8c0 e8f4e8",
            earth="20141c 7c3c3c d88c5c f8dcb0",
            leaf="0c3034 207468 84b878 e8ecb0",
            skin="38202c b8605c f4b08c fdeedc",
            bloom="f8b834 e84840 2c6cb4 f8884c 7444a0 f890b4",
            light="e88c2c fcc860 fff6d0",
            ground="0a0e1e",
        ),
        Palette(
            air="20304c 5484a4 a4c8cc ece4d0",
            water="143c5c 3c84a4 8cc4c4 e4e8d8",
            earth="3c2420 94503c d09868 ecd4a8",
            leaf="1c4440 4c8460 98b474 dcd89c",
            skin="5c342c bc7458 ecb48c f8e4c8",
            bloom="e0a030 c84434 305c94 dc7438 684480 dc8498",
            light="d8842c f0b450 f8dc94",
            ground="0c1c18",
        ),
        Palette(
            air="180c2c 5c2c74 c06ca0 fce0d4",
            water="14143c 3c4c94 8c98d0 ece8f4",
            earth="1c0c18 843050 e87c54 fcd498",
            leaf="102c34 2c7470 84b894 e8f0c4",
            skin="40182c c4506c fca894 feecdc",
            bloom="fcc83c fc4c5c 4c54cc fc8c44 9438ac fc94c8",
            light="fc9c34 fcd46c fff8dc",
            ground="180a20",
        ),
    ),
    aspects=(1.0, 1.3, 0.8, 1.4),
    favorites=("moonlight", "mountain", "city", "woodland"),
    paint=paint,
)
