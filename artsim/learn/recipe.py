"""Every setting of a training with its default; jobs.train and jobs.tune derive their options from it."""

from dataclasses import dataclass

from artsim.encoders.head_settings import HeadSettings
from artsim.options import setting


@dataclass(frozen=True)
class Recipe(HeadSettings):
    """How to train."""

    loss: str = setting(
        "listwise",
        "training loss; listwise is cross-entropy over the eight candidates",
        choices=("listwise", "triplet", "contrastive"),
    )
    margin: float = setting(0.2, "triplet, contrastive: m: how much farther than the positive a negative must be")
    intra_margin: float | None = setting(
        None,
        "triplet, contrastive: m2: how far from the anchor a positive may be (default: triplet any, contrastive 0)",
    )
    swap: bool = setting(False, "triplet: measure a negative's distance to the nearer of anchor and positive")
    distance: str = setting("cosine", "distance between embeddings", choices=("cosine", "euclidean"))
    temperature: float = setting(0.2, "temperature of the listwise loss", least=1e-4)
    reduction: str = setting("mean", "how the losses of a batch are combined", choices=("mean", "sum"))
    negatives: str = setting(
        "own",
        "own: the annotation's seven; semihard, hard: also negatives mined from the archive",
        choices=("own", "semihard", "hard"),
    )
    mined: int = setting(7, "semihard, hard: number of negatives mined for each annotation", least=1)
    learning_rate: float = setting(3e-4, "learning rate of AdamW; the second default is for `finetune`", least=1e-12)
    weight_decay: float = setting(0.05, "weight decay of AdamW")
    epochs: int = setting(
        60, "maximum number of passes over the annotations; the second default is for `finetune`", least=1
    )
    batch: int = setting(128, "annotations per step, over all workers; the second default is for `finetune`", least=1)
    patience: int = setting(
        10,
        "epochs without a better validation score before the training stops; the second default is for `finetune`",
        least=1,
    )
