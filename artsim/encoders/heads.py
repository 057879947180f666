"""Heads: small networks that turn stored vectors into an embedding. Each head scales its own input."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from artsim.encoders.discriminant import Covariance, discriminant, mean_and_covariance
from artsim.encoders.head_settings import HeadSettings

_ROWS = 8192  # vectors embedded at a time


class Head(nn.Module):
    """Maps vectors (n, d) to embeddings (n, e), float32: a fitted preparation, then a trained transformation.

    ``discriminant`` prepares y, a projection in closed form (see ``project_by``), and returns y + tanh(W2 relu(W1 y)).
    W2 starts at 0, so training starts from the projection; e = hidden, or d if that is less. The others prepare x, the
    standardized input. ``residual``: 0.5 x + tanh(W2 relu(W1 x)), e = d. ``linear``: W x, e = hidden. ``mlp``: W2
    relu(W1 x + b1) + b2, e = hidden. In training, dropout applies to the prepared input. The state dict holds both
    steps.
    """

    mean: torch.Tensor
    scale: torch.Tensor
    projection: torch.Tensor

    def __init__(self, dimension: int, settings: HeadSettings) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(dimension))
        self.register_buffer("scale", torch.ones(dimension))
        self.projects = settings.head == "discriminant"
        if self.projects:
            self.register_buffer("projection", torch.eye(min(settings.hidden, dimension), dimension))
        self.transform = nn.Sequential(_Dropout(settings.dropout), _transform(dimension, settings))

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        """See the class."""
        return self.transform(self.prepared(vectors))

    def prepared(self, vectors: torch.Tensor) -> torch.Tensor:
        """Returns the input of ``transform``. Training computes it once, because its vectors stay the same."""
        standard = (vectors - self.mean) * self.scale
        return functional.linear(standard, self.projection) if self.projects else standard

    def fit(self, vectors: torch.Tensor, judged: np.ndarray, total: Covariance | None, settings: HeadSettings) -> None:
        """Fits the preparation, which training leaves unchanged, to the images of annotations.

        ``judged``, int (n, 9), are rows of ``vectors``, -1 for a missing negative. ``total`` is the mean and covariance
        of all images, for a projection; of the annotated images if None.
        """
        if self.projects:
            self.project_by(vectors, judged, total, settings.shrinkage)
        else:
            self.standardize_by(vectors[_images(judged)])

    def standardize_by(self, vectors: torch.Tensor) -> None:
        """Scales every dimension of ``vectors``, (n, d), to mean 0 and unit variance; a constant one becomes 0."""
        deviation, mean = torch.std_mean(vectors, dim=0, correction=0)
        varies = deviation > 1e-6 * deviation.max()
        self.mean.copy_(mean)
        self.scale.copy_(torch.where(varies, 1 / deviation.clamp_min(1e-30), 0.0))

    def project_by(self, vectors: torch.Tensor, judged: np.ndarray, total: Covariance | None, shrinkage: float) -> None:
        """Sets the projection from anchors and positives; for the arguments see ``fit``.

        Dimensions are centered but not scaled, because the discriminant weights them. Untrained embeddings have a mean
        length of sqrt(e).
        """
        array = vectors.cpu().numpy()
        seen = array[_images(judged)]
        mean, covariance = total or mean_and_covariance(seen)
        size = len(self.projection)
        weights = discriminant(array, judged, covariance, size, shrinkage)
        length = np.linalg.norm((seen - mean) @ weights, axis=1).mean()
        self.mean.copy_(torch.from_numpy(mean))
        self.projection.copy_(torch.from_numpy(weights.T * (size**0.5 / max(length, 1e-12))))


def _images(judged: np.ndarray) -> np.ndarray:
    return np.unique(judged[judged >= 0])


class _Refinement(nn.Module):
    def __init__(self, dimension: int, hidden: int) -> None:
        super().__init__()
        self.inner = nn.Linear(dimension, hidden)
        self.outer = nn.Linear(hidden, dimension)
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + torch.tanh(self.outer(torch.relu(self.inner(x))))


class _Dropout(nn.Dropout):
    """Dropout with fast masks on the CPU, where torch's take longer than the rest of a small head."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training or not self.p or x.is_cuda:
            return super().forward(x)
        rng = np.random.Generator(np.random.SFC64(int(torch.randint(1 << 62, ()))))  # seeded from torch's generator
        threshold = round(self.p * (1 << 16))
        mask = torch.from_numpy(rng.integers(0, 1 << 16, x.shape, np.uint16) >= threshold)
        return x * mask * (1 / (1 - threshold / (1 << 16)))


class _Residual(nn.Module):
    def __init__(self, dimension: int, hidden: int) -> None:
        super().__init__()
        self.inner = nn.Linear(dimension, hidden, bias=False)
        self.outer = nn.Linear(hidden, dimension, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.add(torch.tanh(self.outer(torch.relu(self.inner(x)))), x, alpha=0.5)


def _transform(dimension: int, settings: HeadSettings) -> nn.Module:
    if settings.head == "discriminant":
        return _Refinement(min(settings.hidden, dimension), settings.hidden)
    if settings.head == "residual":
        return _Residual(dimension, settings.hidden)
    if settings.head == "linear":
        linear = nn.Linear(dimension, settings.hidden, bias=False)
        nn.init.orthogonal_(linear.weight)  # a random projection, which nearly preserves distances
        return linear
    hidden = nn.Linear(dimension, settings.hidden)
    return nn.Sequential(hidden, nn.ReLU(inplace=True), nn.Linear(settings.hidden, settings.hidden))


@torch.inference_mode()
def embed(head: nn.Module, vectors: torch.Tensor) -> np.ndarray:
    """Returns embeddings (n, e), float32, of vectors (n, d), computed without dropout, in batches."""
    training = head.training
    head.eval()
    batches = [head(batch).cpu() for batch in vectors.split(_ROWS)]
    head.train(training)
    return torch.cat(batches).numpy()
