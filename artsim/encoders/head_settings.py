"""The settings that determine a head's network and preparation, with their defaults."""

from dataclasses import dataclass
from typing import ClassVar

from artsim.options import Settings, setting


@dataclass(frozen=True)
class HeadSettings(Settings):
    """What a head is made of."""

    largest: ClassVar[int] = 10**9

    head: str = setting(
        "discriminant",
        "what turns stored features into an embedding",
        choices=("discriminant", "residual", "linear", "mlp"),
    )
    hidden: int = setting(64, "units of the hidden layer; for residual also the embedding's length", least=1)
    shrinkage: float = setting(0.5, "shrinkage of the discriminant's covariance, 0 (none) to 1 (identity)", below=1.001)
    dropout: float = setting(
        0.3, "share of the standardized or projected input that is set to zero in training", below=1
    )
