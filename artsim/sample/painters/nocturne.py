"""Agnes Thorne, who paints everything after sunset: veils of one color, a few lights, and their reflections."""

import numpy as np

from ..color import Palette
from ..field import blurred, enlarged, grain, noise, photo, smoothstep, softened
from ..ground import canvas
from ..outlines import Rng
from ..raster import Raster, colored, rasterize
from ..scene import Scene
from .hand import Painter


def paint(scene: Scene, palette: Palette, size: tuple[int, int], rng: Rng) -> np.ndarray:
    """Paint a dark, soft picture under thin veils, then add the lights with their glow and reflections."""
    # nothing here has a hard edge, so it is painted small and enlarged onto the panel
    width, height = size[0] * 2 // 3, size[1] * 2 // 3
    raster = rasterize(scene, width, height)
    light = raster.made_of("light")
    depth = raster.values("depth")
    close = scene.motif in ("portrait", "still life")
    # tones are compressed and darkened; distant shapes fade into the color of the air
    if close:
        tones = 0.04 + 0.74 * raster.tones
    elif scene.night:
        tones = 0.06 + 0.85 * raster.tones * (1 - 0.45 * depth)
    else:
        tones = np.where(
            raster.labels == 0, 0.34 + 0.46 * raster.tones, 0.07 + 0.72 * raster.tones * (1 - 0.42 * depth)
        )
        tones = np.where(raster.made_of("water"), 0.16 + 0.62 * raster.tones, tones)
        tones = np.where(raster.made_of("air") & (raster.tones > 0.9) & (depth > 0.3), 0.78, tones)  # snow stays white
    tones = np.where(light, 0.4, tones)
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    if not close:  # the last light is low in the sky, and the sea reflects it
        tones = tones + 0.2 * np.exp(-(((y - scene.horizon + 0.05) / 0.17) ** 2)) * (depth < 0.3) * np.float32(
            0.4 if scene.night else 1
        )
        tones = tones - (0.12 - 0.12 * smoothstep(y, 0.0, 0.4)) * (depth < 0.3)
    rgb = colored(raster, palette, tones)
    air = palette.tint("air", 0, 0.3 if scene.night else 0.52)
    haze = np.clip(0.5 - 0.75 * depth, 0.0, 0.5)[..., None] * (0.25 if close else 1.0) * (raster.labels > 0)[..., None]
    rgb = rgb * (1 - haze) + air * haze
    far = (0.7 - 0.55 * depth)[..., None] * (0.5 if close else 1.0)
    rgb = np.asarray(softened(photo(rgb), 1), dtype=np.float32) * (1 - far) + blurred(rgb, 4) * far
    # veils: broad level strokes of thinned paint
    veil = np.asarray(noise(rng, (width, max(height // 5, 8)), 0.6 * width, 3))
    veil = np.repeat(veil, 6, axis=0)[:height]
    veil = np.pad(veil, ((0, height - veil.shape[0]), (0, 0)), "edge")
    band = np.exp(-(((y - scene.horizon) / 0.13) ** 2)) * (0.0 if close else 0.26)
    mist = np.clip(band * (1 + 0.9 * blurred(veil, 2)), 0, 0.6)[..., None]
    pale = palette.tint("air", 0, 0.42 if scene.night else 0.74).astype(np.float32)
    rgb = rgb * (1 - mist) + pale * mist
    rgb *= (1 + 0.05 * veil + 0.05 * noise(rng, (width, height), 140, 3))[..., None]
    rgb = _lights(rgb, raster, palette, light, rng)
    x = np.linspace(-1, 1, width, dtype=np.float32)[None]
    corner = 1 - 0.34 * smoothstep(np.hypot(x, y * 2 - 1), 0.6, 1.45)
    panel = enlarged(rgb * corner[..., None], size)
    return panel * canvas(rng, size, 0.03)[..., None] + 2.2 * grain(rng, size)[..., None]


def _lights(rgb: np.ndarray, raster: Raster, palette: Palette, light: np.ndarray, rng: Rng) -> np.ndarray:
    height, width = light.shape
    scene = raster.scene
    spots = light.astype(np.float32)
    if not scene.night and scene.motif in ("city", "harbour"):  # some windows are lit
        for shape in scene.shapes:
            lowest, highest = shape.outline.min(0), shape.outline.max(0)
            small = np.ptp(shape.outline, axis=0).max() < 0.05 and len(shape.outline) == 4 and shape.depth > 0.3
            if small and shape.kind in ("air", "earth") and rng.random() < 0.2:
                a, b = (lowest * height).clip(0).astype(int), (highest * height + 1).clip(0).astype(int)
                spots[a[1] : b[1], a[0] : b[0]] = 0.85
    warm = palette.tint("light", 0, 0.62).astype(np.float32)
    hot = palette.tint("light", 0, 0.97).astype(np.float32)
    near, wide, vast = blurred(spots, 1.7), blurred(spots, 7), blurred(spots, 30)
    core = smoothstep(blurred(spots, 0.7), 0.25, 0.9)
    # lights above the water are reflected as broken vertical streaks
    water = blurred(raster.made_of("water").astype(np.float32), 1.0)
    fall = np.zeros_like(spots)
    if raster.made_of("water").mean() > 0.1:
        shore = int(scene.horizon * height) + 3
        column = blurred(spots[: shore - 5], 1.4).max(0)
        column = np.maximum(column, 0.75 * blurred(np.repeat(column[None], 3, 0), 5)[0])
        below = np.arange(height, dtype=np.float32)[:, None] - shore
        broken = smoothstep(noise(rng, (max(width // 6, 8), height), 5, 2), -0.35, 0.5)
        broken = np.repeat(broken, 7, axis=1)[:, :width]
        broken = np.pad(broken, ((0, 0), (0, width - broken.shape[1])), "edge")
        fall = column[None] * np.exp(-below / (0.26 * height)) * (below > 0) * broken * water
        fall = blurred(fall, 1.1)
    glow = (0.5 * near + 0.55 * wide + 0.95 * vast)[..., None]
    rgb = rgb + warm * glow * 0.9 + warm * 0.85 * fall[..., None]
    return rgb * (1 - core[..., None]) + hot * core[..., None]


PAINTER = Painter(
    key="thorne",
    name="Agnes Thorne",
    born=1838,
    died=1901,
    style="Romanticism",
    school="British",
    technique="oil on panel",
    rights="Public Domain",
    palettes=(
        Palette(
            air="060e1c 1c3c5c 5c8c9c d0dcc8",
            water="040c18 183450 50808c c4d4c0",
            earth="0c0a0e 3c3430 84705c dcc8a0",
            leaf="060e10 1c3430 58705c c0c8a0",
            skin="1a1214 6c4a40 c09478 f2dcbc",
            bloom="b8883c 8c3c30 244868 a8643c 443450 a87478",
            light="a8641c f4b848 fff0c0",
        ),
        Palette(
            air="100a20 3c2c58 94688c f0c8b0",
            water="0c081c 342850 80587c e4b8a4",
            earth="120a10 4c3038 a0685c eabc98",
            leaf="0c0c18 2c2c40 6c6070 ccb4a0",
            skin="20101c 7c4850 d09080 f8dcc4",
            bloom="d09444 a83c48 3c3c78 c87048 5c2c60 cc8088",
            light="c86424 fcac50 ffecc4",
        ),
        Palette(
            air="06120e 1e443c 648c74 d8e0b8",
            water="040e0c 183830 54806c ccd8b0",
            earth="0c0c06 3c3820 887c48 e0d498",
            leaf="040e08 1a3820 586c3c c4c888",
            skin="181408 685030 bc9c64 f0e4b4",
            bloom="c4a03c 904428 20545c ac7434 443c44 a88470",
            light="a87c1c f0cc50 fff8c4",
        ),
    ),
    aspects=(1.5, 1.35, 0.75, 1.6),
    favorites=("moonlight", "harbour", "city", "mountain"),
    paint=paint,
)
