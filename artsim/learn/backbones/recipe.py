"""The settings of a fine-tuning and their defaults."""

from dataclasses import dataclass

from artsim.learn.recipe import Recipe
from artsim.options import setting


@dataclass(frozen=True)
class FinetuneRecipe(Recipe):
    """A recipe for a backbone; ``head``, ``hidden`` and ``dropout`` are ignored."""

    learning_rate: float = setting(1e-4, "learning rate of AdamW, for the last group of layers", least=1e-12)
    epochs: int = setting(5, "maximum number of passes over the annotations", least=1)
    batch: int = setting(32, "annotations per step, over all workers", least=1)
    patience: int = setting(2, "epochs without a better validation score before the training stops", least=1)
    resolution: int | None = setting(
        None, "with `finetune`: side of an image in pixels (default: the network's own)", least=32
    )
    layer_decay: float = setting(
        0.5,
        "with `finetune`: learning rate of a group of layers, as a share of that of the group after it",
        below=1.001,
    )
    micro_batch: int = setting(
        4,
        "with `finetune`: micro-batch size: annotations per pass of a worker; gradients accumulate up to `batch`",
        least=1,
    )
    precision: str = setting(
        "auto",
        "with `finetune`: number format of the passes; auto is bfloat16 if the hardware supports it",
        choices=("auto", "bfloat16", "float32"),
    )
