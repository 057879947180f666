"""Changes pictures and their labels at random, so that a network learns more from few of them."""

from collections.abc import Callable

import torch

_CROP = (0.5, 1.0)  # share of the picture's area that a crop keeps


def augmentation(size: int, magnitude: int) -> Callable[[torch.Tensor], torch.Tensor]:
    """Returns a function that crops, flips and changes each of some pictures, uint8 (n, size, size, 3).

    ``magnitude`` is that of RandAugment (Cubuk et al., 2020); 0 leaves it out. The random numbers are torch's.
    """
    from torchvision.transforms import v2

    steps = [v2.RandomResizedCrop(size, _CROP, antialias=True), v2.RandomHorizontalFlip()]
    if magnitude:
        steps.append(v2.RandAugment(magnitude=magnitude))
    change = v2.Compose(steps)

    def changed(pictures: torch.Tensor) -> torch.Tensor:
        channels_first = [change(picture) for picture in pictures.permute(0, 3, 1, 2)]
        return torch.stack(channels_first).permute(0, 2, 3, 1)

    return changed


def mix(pictures: torch.Tensor, alpha: float) -> tuple[torch.Tensor, torch.Tensor, float]:
    """Mixes each picture with another one; returns the mixtures, the numbers of the others and the first one's share.

    The share is drawn from a beta distribution with both parameters ``alpha`` (Zhang et al., mixup, 2018).
    """
    share = float(torch.distributions.Beta(alpha, alpha).sample())
    others = torch.randperm(len(pictures), device=pictures.device)
    mixture = torch.lerp(pictures[others].float(), pictures.float(), share)
    return mixture, others, share
