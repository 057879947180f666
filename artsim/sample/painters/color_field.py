"""Ilse Marrow, who reduces a subject to its largest fields, with soft edges."""

import numpy as np
from PIL import Image, ImageDraw

from ..color import Palette, from_lab, to_lab
from ..field import blurred, enlarged, noise, smoothstep
from ..ground import canvas
from ..outlines import Rng
from ..scene import Scene, Shape
from .hand import Painter


def _essence(scene: Scene) -> list[Shape]:
    """The large shapes, from back to front, without the first."""
    kept = []
    for shape in scene.shapes[1:]:
        low = shape.outline.min(0).clip(0)
        high = np.minimum(shape.outline.max(0), (scene.aspect, 1.0))
        wide, tall = high - low
        if wide * tall > 0.008 * scene.aspect and min(wide, tall) > 0.035:
            kept.append(shape)
    return kept


def paint(scene: Scene, palette: Palette, size: tuple[int, int], rng: Rng) -> np.ndarray:
    """Paint a stained ground, then field over field, each cloudy and thin at its border."""
    width, height = size
    half = (width // 2, height // 2)
    ground = palette.paper * 0.35 + 0.65 * palette.tint("earth", 0, 0.16 if scene.night else 0.34)
    rgb = ground * (1 + 0.05 * noise(rng, half, 90, 3))[..., None]
    margin = 0.035
    frame = np.array([(margin, margin), (scene.aspect - margin, margin), (scene.aspect - margin, 1 - margin),
                      (margin, 1 - margin)])  # fmt: skip
    inset = Image.new("L", half, 0)
    ImageDraw.Draw(inset).polygon((frame * half[1]).ravel().tolist(), fill=255)
    inner = smoothstep(blurred(np.asarray(inset, dtype=np.float32) / 255, 5) + 0.1 * noise(rng, half, 22, 3), 0.2, 0.75)
    clouds, ragged = noise(rng, half, 120, 4), noise(rng, half, 16, 3)
    rows = np.linspace(0, 1, half[1], dtype=np.float32)[:, None]
    for shape in [scene.shapes[0], *_essence(scene)]:
        extent = float(min(np.ptp(shape.outline, axis=0).min(), 0.5))
        feather = 1.4 + 11 * extent
        where = _around(shape, half, 3 * feather)
        mask = Image.new("L", (where[1].stop - where[1].start, where[0].stop - where[0].start), 0)
        corner = np.array([where[1].start, where[0].start])
        ImageDraw.Draw(mask).polygon((shape.outline * half[1] - corner).ravel().tolist(), fill=255)
        soft = blurred(np.asarray(mask, dtype=np.float32) / 255, feather)
        cover = smoothstep(soft + 0.16 * min(1.0, extent * 6) * ragged[where], 0.18, 0.92) * inner[where]
        # every field is wiped on with the same clouds, flipped at random
        cloud = clouds[:: rng.choice([-1, 1]), :: rng.choice([-1, 1])][where] * float(rng.choice([-1, 1]))
        coat = palette.tints(shape.kind, shape.hue, shape.tone + shape.fade * (rows[where[0]] - 0.4) + 0.085 * cloud)
        # the border of a field glows: the coat is thin there, and a warmer one shows through
        rim = (1.2 * cover * (1 - cover) * inner[where])[..., None]
        warm = from_lab(to_lab(palette.tint(shape.kind, shape.hue, shape.tone)) + np.array([0.05, 0.035, 0.035]))
        thick = (cover * (0.86 + 0.08 * cloud)).clip(0, 1)[..., None]
        below = rgb[where]
        mixed = below + (coat - below) * thick
        rgb[where] = mixed + (warm.astype(np.float32) - mixed) * rim
    full = enlarged(rgb, size)
    wiped = enlarged(noise(rng, (max(width // 14, 4), height), 4, 2), size)
    return full * ((1 + 0.028 * wiped) * canvas(rng, size, 0.045))[..., None]


def _around(shape: Shape, size: tuple[int, int], margin: float) -> tuple[slice, slice]:
    """Rows and columns of the shape's bounding box with a margin."""
    width, height = size
    low = (shape.outline.min(0) * height - margin).astype(int)
    high = (shape.outline.max(0) * height + margin).astype(int) + 1
    left, top = np.clip(low, 0, (width - 2, height - 2))
    right, bottom = np.clip(high, (left + 2, top + 2), size)
    return slice(int(top), int(bottom)), slice(int(left), int(right))


PAINTER = Painter(
    key="marrow",
    name="Ilse Marrow",
    born=1911,
    died=1984,
    style="Lyrical abstraction",
    school="American",
    technique="oil and dry pigment on canvas",
    rights="© Ilse Marrow Foundation, all rights reserved",
    palettes=(
        Palette(
            air="3c0a14 a8222a e8643a f8c08a",
            water="2c0818 80182c d04a3a f2a06a",
            earth="1c0608 5c1418 b03a1c e89a4a",
            leaf="2a1018 7a2a30 c46a4a f0b880",
            skin="4a1418 b84a34 f09a62 fcdcb0",
            bloom="f8b030 d8301c 5a1838 f06a1c 3a1440 f8887a",
            light="e87a18 fab63c fdeaa8",
            ground="6c1a1c",
        ),
        Palette(
            air="081c3c 1a4a84 5c94bc d4e4e0",
            water="06243c 0e5a7c 44a0a8 c0e4d4",
            earth="141822 3a4458 86889a d8d0cc",
            leaf="08282a 1c5c58 6a9c84 d4e4c0",
            skin="26283c 70688a c0a8b0 f4e4dc",
            bloom="e4bc58 b84458 2454a4 e0885c 4c3884 d894b4",
            light="c8a85c ecd898 fcf6dc",
            ground="18304c",
        ),
        Palette(
            air="4a3410 b07c18 eab83c faeab0",
            water="3c3814 8c8428 ccc05c f4ecc0",
            earth="2e1a0c 7c4418 cc8430 f4d484",
            leaf="26300e 667420 b4b044 f2ecb0",
            skin="5c3414 bc7830 f0bc70 fdeecc",
            bloom="fcd028 e06820 5c7470 f49420 8c4830 f8b088",
            light="f0a41c fcd850 fff8cc",
            ground="a8741c",
        ),
    ),
    aspects=(0.8, 0.74, 0.9, 1.2),
    favorites=("mountain", "harbour", "moonlight", "still life"),
    paint=paint,
)
