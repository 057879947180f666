"""Heads: small networks that turn stored vectors into an embedding; each standardises its input by itself."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from artsim.learn.discriminant import Spread, discriminant, spread
from artsim.learn.recipe import Recipe

_ROWS = 8192  # vectors embedded at a time


class Head(nn.Module):
    """Vectors (n, d) to embeddings (n, e), float32: prepared by what was fitted, then transformed by what is trained.

    ``discriminant`` prepares y, a projection in closed form (see ``project_by``), and gives y + tanh(W2 relu(W1 y)),
    where W2 is 0 at first, so that training begins with the projection; e = hidden, or d where that is less. The others
    prepare x, standardised. ``residual``: 0.5 x + tanh(W2 relu(W1 x)), e = d. ``linear``: W x, e = hidden. ``mlp``:
    W2 relu(W1 x + b1) + b2, e = hidden. In training, dropout thins what is prepared. All of it is saved as one.
    """

    mean: torch.Tensor
    scale: torch.Tensor
    projection: torch.Tensor

    def __init__(self, dimension: int, recipe: Recipe) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(dimension))
        self.register_buffer("scale", torch.ones(dimension))
        self.projects = recipe.head == "discriminant"
        if self.projects:
            self.register_buffer("projection", torch.eye(min(recipe.hidden, dimension), dimension))
        self.transform = nn.Sequential(_Dropout(recipe.dropout), _transform(dimension, recipe))

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        """See the class."""
        return self.transform(self.prepared(vectors))

    def prepared(self, vectors: torch.Tensor) -> torch.Tensor:
        """What ``transform`` takes: a training that sees the same vectors again and again makes it once."""
        standard = (vectors - self.mean) * self.scale
        return functional.linear(standard, self.projection) if self.projects else standard

    def fit(self, vectors: torch.Tensor, judged: np.ndarray, total: Spread | None, recipe: Recipe) -> None:
        """Fits what no training changes to the images of annotations: rows ``judged``, int (n, 9), of vectors.

        -1 stands for a negative that is missing. ``total`` is how all images lie, for a projection; if None, the
        annotated ones are all.
        """
        if self.projects:
            self.project_by(vectors, judged, total, recipe.shrinkage)
        else:
            self.standardise_by(vectors[_images(judged)])

    def standardise_by(self, vectors: torch.Tensor) -> None:
        """Mean 0 and deviation 1 in every dimension of these vectors (n, d); a constant dimension becomes 0."""
        deviation, mean = torch.std_mean(vectors, dim=0, correction=0)
        varies = deviation > 1e-6 * deviation.max()
        self.mean.copy_(mean)
        self.scale.copy_(torch.where(varies, 1 / deviation.clamp_min(1e-30), 0.0))

    def project_by(self, vectors: torch.Tensor, judged: np.ndarray, total: Spread | None, shrinkage: float) -> None:
        """Sets the projection by anchors and positives, as ``fit`` says.

        Dimensions are centred and not scaled: what they weigh is the discriminant's to say. Embeddings begin with a
        mean length of sqrt(e).
        """
        known = vectors.cpu().numpy()
        seen = known[_images(judged)]
        mean, covariance = total or spread(seen)
        size = len(self.projection)
        weights = discriminant(known, judged, covariance, size, shrinkage)
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
    """Dropout whose masks cost little on the CPU, where torch's take longer than all the rest of a small head."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training or not self.p or x.is_cuda:
            return super().forward(x)
        rng = np.random.Generator(np.random.SFC64(int(torch.randint(1 << 62, ()))))  # goes by torch's seed, as any
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


def _transform(dimension: int, recipe: Recipe) -> nn.Module:
    if recipe.head == "discriminant":
        return _Refinement(min(recipe.hidden, dimension), recipe.hidden)
    if recipe.head == "residual":
        return _Residual(dimension, recipe.hidden)
    if recipe.head == "linear":
        linear = nn.Linear(dimension, recipe.hidden, bias=False)
        nn.init.orthogonal_(linear.weight)  # a random projection: distances are about what they were
        return linear
    hidden = nn.Linear(dimension, recipe.hidden)
    return nn.Sequential(hidden, nn.ReLU(inplace=True), nn.Linear(recipe.hidden, recipe.hidden))


@torch.inference_mode()
def embed(head: nn.Module, vectors: torch.Tensor) -> np.ndarray:
    """Embeddings (n, e), float32, of vectors (n, d), without dropout and a piece at a time."""
    training = head.training
    head.eval()
    pieces = [head(piece).cpu() for piece in vectors.split(_ROWS)]
    head.train(training)
    return torch.cat(pieces).numpy()
