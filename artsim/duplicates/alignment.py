"""Whether two pictures show the same image: the second is aligned with the first and their details are correlated."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from artsim.pictures.small_images import decoded

if TYPE_CHECKING:
    import torch

SIDE = 128  # pictures are compared as squares of this many pixels
_COARSE = 32  # pixels of the larger picture in the first search
_SCALES = np.geomspace(0.62, 1 / 0.62, 11)  # of one picture in the other
_OVERLAP = 0.6  # the least share of the smaller picture that the other shows
_STEPS = 6  # Gauss-Newton steps at each resolution
_MIN_COARSE_AGREEMENT = 0.3  # pairs below it at half resolution are not compared further
_NOISE = 0.015  # detail below this share of white is not amplified: the noise of a JPEG
_BORDER = 0.24  # share of a picture that the first search leaves out at its borders together: a frame
_BLUR = 4.0  # pixels; what is coarser is no detail
_MIN_CHROMA = 4.0  # mean difference of a pixel's channels, of 255, below which an image is gray
_MARGIN = 0.04  # share of a picture left out at its borders, where a frame's shadow falls


class Square(NamedTuple):
    """An image as it is compared: ``gray``, float32 (SIDE, SIDE) from 0 to 1; ``aspect`` is its width by its height."""

    gray: np.ndarray
    aspect: float
    is_colored: bool


def square(data: bytes) -> Square:
    """Decodes an image. Raises ``BadImage``."""
    image = decoded(data, 4 * SIDE)
    gray = np.asarray(image.convert("L").resize((SIDE, SIDE)), np.float32) / 255
    chroma = np.ptp(np.asarray(image, np.int16), axis=2).mean()
    return Square(gray, image.width / image.height, bool(chroma > _MIN_CHROMA))


def agreement(a: np.ndarray, b: np.ndarray, aspects: np.ndarray) -> np.ndarray:
    """Returns how well pictures ``b`` agree with ``a`` where they overlap, from 0 to 1, float64 (p,).

    Pictures are those of ``square``, float32 (p, SIDE, SIDE), ``aspects`` the quotient b's aspect by a's, (p,).
    """
    import torch

    with torch.no_grad():
        first, second = (torch.from_numpy(np.ascontiguousarray(images))[:, None] for images in (a, b))
        theta = _search(first, second, torch.from_numpy(aspects.astype(np.float32)))
        half_a, half_b = (_detail(_resized(images, SIDE // 2)) for images in (first, second))
        theta = _refined(half_a, half_b, theta)
        score = _correlation(half_a, half_b, theta)
        likely = score >= _MIN_COARSE_AGREEMENT
        if likely.any():
            full_a, full_b = (_detail(images[likely]) for images in (first, second))
            score[likely] = _correlation(full_a, full_b, _refined(full_a, full_b, theta[likely]))
        return score.double().numpy()


def _resized(images: "torch.Tensor", side: int) -> "torch.Tensor":
    from torch.nn.functional import interpolate

    return images if images.shape[-1] == side else interpolate(images, (side, side), mode="area")


def _detail(images: "torch.Tensor", width: float = _BLUR) -> "torch.Tensor":
    """Subtracts a Gaussian blur of ``width`` pixels and divides by the local contrast.

    So light, shade and color cast of a photograph count little, and faint strokes as much as a few strong edges:
    otherwise two squares of different colors would be duplicates.
    """
    detail = images - _blurred(images, width)
    return detail / (_blurred(detail * detail, 2 * width) + _NOISE**2).sqrt()


def _blurred(images: "torch.Tensor", width: float) -> "torch.Tensor":
    """A Gaussian mean of ``width`` pixels, over those within the image."""
    import torch

    coordinates = torch.arange(images.shape[-1]) / width
    weight = torch.exp(-0.5 * (coordinates[:, None] - coordinates) ** 2)
    weight /= weight.sum(dim=1, keepdim=True)
    return weight @ images @ weight.T


def _search(a: "torch.Tensor", b: "torch.Tensor", aspects: "torch.Tensor") -> "torch.Tensor":
    """Returns the best scale and shift of b in a as affine maps (p, 2, 3) from b's coordinates, -1 to 1, to a's."""
    import torch

    count = len(a)
    scales = torch.from_numpy(_SCALES.astype(np.float32))
    size = torch.stack([scales * aspects[:, None].sqrt(), scales / aspects[:, None].sqrt()], dim=-1)  # of b in a
    larger = size.amax(dim=-1).clamp(min=1.0)
    side_a, side_b = (_COARSE / larger)[..., None].expand_as(size), _COARSE * size / larger[..., None]  # pixels
    small = [_detail(_resized(images, 2 * _COARSE), _COARSE / 3) for images in (a, b)]
    fields = [_resample_onto_canvas(images, side) for images, side in zip(small, (side_a, side_b), strict=True)]
    score = _masked_correlation(*fields)  # p, scales, shift y, shift x
    best = score.flatten(1).argmax(dim=1)
    width = score.shape[-1]
    scale, shift_y, shift_x = best // width**2, best // width % width, best % width
    shift = torch.stack([shift_x, shift_y], dim=-1)
    shift = torch.where(shift >= width // 2, shift - width, shift).float()
    rows = torch.arange(count)
    at_a, at_b = side_a[rows, scale], side_b[rows, scale]
    theta = torch.diag_embed(at_b / at_a)
    return torch.cat([theta, ((at_b + 2 * shift) / at_a - 1)[..., None]], dim=-1)


def _resample_onto_canvas(images: "torch.Tensor", sides: "torch.Tensor") -> tuple["torch.Tensor", "torch.Tensor"]:
    """Draws each image in each size, (p, s, 2) pixels, at the corner of a canvas; returns canvases and masks."""
    import torch
    from torch.nn.functional import grid_sample

    count, number = sides.shape[:2]
    coordinates = torch.arange(2 * _COARSE) + 0.5
    x, y = (2 * coordinates / sides[..., axis, None] - 1 for axis in (0, 1))
    grid = torch.stack(torch.broadcast_tensors(x[:, :, None, :], y[:, :, :, None]), dim=-1)
    mask = ((grid.abs() < 1 - _BORDER).all(dim=-1)).float()
    grid = grid.reshape(count, number * 2 * _COARSE, 2 * _COARSE, 2)
    drawn = grid_sample(images, grid, padding_mode="border", align_corners=False)
    return drawn.reshape(count, number, 2 * _COARSE, 2 * _COARSE) * mask, mask


def _masked_correlation(
    a: tuple["torch.Tensor", "torch.Tensor"], b: tuple["torch.Tensor", "torch.Tensor"]
) -> "torch.Tensor":
    """The normalized correlation of two canvases at every shift of b, over the pixels that both masks have there.

    Minus infinity where they share too few (Padfield, "Masked object registration in the Fourier domain", 2012).
    """
    import torch

    def moments(image: torch.Tensor, mask: torch.Tensor) -> list[torch.Tensor]:
        return [torch.fft.rfft2(field) for field in (mask, image, image * image)]

    def correlated(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        return torch.fft.irfft2(left * right.conj(), s=a[0].shape[-2:])

    (mask_a, a1, a2), (mask_b, b1, b2) = moments(*a), moments(*b)
    shared = correlated(mask_a, mask_b).clamp(min=1.0)
    sum_a, sum_b = correlated(a1, mask_b), correlated(mask_a, b1)
    variance_a = correlated(a2, mask_b) - sum_a**2 / shared
    variance_b = correlated(mask_a, b2) - sum_b**2 / shared
    product = (variance_a.clamp(min=0) * variance_b.clamp(min=0)).sqrt()
    score = (correlated(a1, b1) - sum_a * sum_b / shared) / product.clamp(min=1e-6)
    smaller = torch.minimum(a[1].sum(dim=(-2, -1)), b[1].sum(dim=(-2, -1)))
    return score.masked_fill(shared < _OVERLAP * smaller[..., None, None], -torch.inf)


def _refined(a: "torch.Tensor", b: "torch.Tensor", theta: "torch.Tensor") -> "torch.Tensor":
    """Improves affine maps by Gauss-Newton steps on the squared difference of the normalized pictures."""
    import torch

    side = a.shape[-1]
    gradient = torch.stack(torch.gradient(a[:, 0], spacing=2 / side, dim=(2, 1)), dim=1)
    stack = torch.cat([a, gradient], dim=1)
    x, y = _points(side)
    for _ in range(_STEPS):
        warped, mask = _warped(stack, theta)
        mean_a, deviation_a = _masked_mean_std(warped[:, 0], mask)
        mean_b, deviation_b = _masked_mean_std(b[:, 0], mask)
        residual = ((b[:, 0] - mean_b) / deviation_b - (warped[:, 0] - mean_a) / deviation_a) * mask
        slope_x, slope_y = (warped[:, 1 + axis] / deviation_a * mask for axis in (0, 1))
        columns = [slope_x * x, slope_x * y, slope_x, slope_y * x, slope_y * y, slope_y]
        jacobian = torch.stack(columns, dim=-1).flatten(1, 2)
        normal_matrix = jacobian.mT @ jacobian
        damping = 1e-3 * normal_matrix.diagonal(dim1=1, dim2=2).mean(dim=1)[:, None, None] + 1e-6
        step = torch.linalg.solve(normal_matrix + damping * torch.eye(6), jacobian.mT @ residual.flatten(1)[..., None])
        theta = theta + step.reshape(-1, 2, 3).clamp(-0.1, 0.1)
    return theta


def _correlation(a: "torch.Tensor", b: "torch.Tensor", theta: "torch.Tensor") -> "torch.Tensor":
    import torch

    warped, mask = _warped(a, theta)
    mean_a, deviation_a = _masked_mean_std(warped[:, 0], mask)
    mean_b, deviation_b = _masked_mean_std(b[:, 0], mask)
    product = ((warped[:, 0] - mean_a) * (b[:, 0] - mean_b) * mask).sum(dim=(1, 2)) / mask.sum(dim=(1, 2)).clamp(min=1)
    score = product / (deviation_a * deviation_b).flatten()
    share = mask.mean(dim=(1, 2)) * torch.linalg.det(theta[:, :, :2]).abs().clamp(min=1)  # of the smaller picture
    return torch.where(share >= _OVERLAP * (1 - 2 * _MARGIN) ** 2, score.clamp(0, 1), 0)


def _points(side: int) -> tuple["torch.Tensor", "torch.Tensor"]:
    import torch

    coordinates = (2 * torch.arange(side) + 1) / side - 1
    return coordinates[None, :].expand(side, side), coordinates[:, None].expand(side, side)


def _warped(stack: "torch.Tensor", theta: "torch.Tensor") -> tuple["torch.Tensor", "torch.Tensor"]:
    """Samples ``stack`` at the pixels of b; the mask, float (p, side, side), is 1 where both have an inner pixel."""
    from torch.nn.functional import affine_grid, grid_sample

    grid = affine_grid(theta, [len(theta), 1, *stack.shape[-2:]], align_corners=False)
    warped = grid_sample(stack, grid, padding_mode="border", align_corners=False)
    inner = 1 - 2 * _MARGIN
    x, y = _points(stack.shape[-1])
    mask = (grid.abs() < inner).all(dim=-1) & (x.abs() < inner) & (y.abs() < inner)
    return warped, mask.float()


def _masked_mean_std(image: "torch.Tensor", mask: "torch.Tensor") -> tuple["torch.Tensor", "torch.Tensor"]:
    """The mean and the standard deviation under the mask, (p, 1, 1) each."""
    weight = mask.sum(dim=(1, 2), keepdim=True).clamp(min=1)
    mean = (image * mask).sum(dim=(1, 2), keepdim=True) / weight
    variance = ((image - mean) ** 2 * mask).sum(dim=(1, 2), keepdim=True) / weight
    return mean, variance.sqrt().clamp(min=1e-4)
