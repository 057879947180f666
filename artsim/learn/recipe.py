"""Every setting of a training with its default; jobs.train and jobs.tune derive their options from it."""

from dataclasses import dataclass

from artsim.encoders.head_settings import HeadSettings
from artsim.options import setting


@dataclass(frozen=True)
class Recipe(HeadSettings):
    """How to train."""

    loss: str = setting("listwise", "training loss", choices=("listwise", "triplet", "contrastive"))
    margin: float = setting(0.2, "m: how much farther than the positive a negative must be")
    intra_margin: float | None = setting(None, "m2: how far from the anchor a positive may be")
    swap: bool = setting(False, "measure a negative's distance to the nearer of anchor and positive")
    distance: str = setting("cosine", "distance between embeddings", choices=("cosine", "euclidean"))
    temperature: float = setting(0.2, "temperature of the listwise loss", least=1e-4)
    reduction: str = setting("mean", "how the losses of a batch are combined", choices=("mean", "sum"))
    negatives: str = setting(
        "own",
        "own: the annotation's seven; semihard, hard: also negatives mined from the archive",
        choices=("own", "semihard", "hard"),
    )
    mined: int = setting(7, "how many negatives are mined for each annotation", least=1)
    learning_rate: float = setting(3e-4, "learning rate of AdamW", least=1e-12)
    weight_decay: float = setting(0.05, "weight decay of AdamW")
    epochs: int = setting(60, "maximum number of passes over the annotations", least=1)
    batch: int = setting(128, "annotations per step, over all workers", least=1)
    patience: int = setting(10, "epochs without a better validation score before the training stops", least=1)
