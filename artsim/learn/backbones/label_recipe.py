"""The settings of a backbone that is fine-tuned to predict labels, and their defaults."""

from dataclasses import dataclass

from artsim.options import Settings, setting


@dataclass(frozen=True)
class LabelRecipe(Settings):
    """How to fine-tune a backbone with one linear head per task."""

    learning_rate: float = setting(
        1e-4, "with `finetune`: learning rate of AdamW, for the last group of layers", least=1e-12
    )
    head_learning_rate: float = setting(1e-3, "with `finetune`: learning rate of AdamW, for the heads", least=1e-12)
    layer_decay: float = setting(
        0.75,
        "with `finetune`: learning rate of a group of layers, as a share of that of the group after it",
        below=1.001,
    )
    weight_decay: float = setting(0.05, "with `finetune`: weight decay of AdamW")
    epochs: int = setting(12, "with `finetune`: maximum number of passes over the artworks", least=1)
    frozen_epochs: int = setting(2, "with `finetune`: number of first epochs in which only the heads are trained")
    patience: int = setting(
        3, "with `finetune`: epochs without a better validation score before the training stops", least=1
    )
    batch: int = setting(32, "with `finetune`: artworks per step, over all workers", least=1)
    label_smoothing: float = setting(
        0.1, "with `finetune`: label smoothing: share of the target that is spread evenly over all labels", below=1
    )
    mixup: float = setting(
        0.2, "with `finetune`: mixup: alpha of the beta distribution by which pairs of images are mixed; 0 turns it off"
    )
    randaugment: int = setting(5, "with `finetune`: magnitude of RandAugment; 0 turns it off", below=31)
    dropout: float = setting(0.2, "with `finetune`: share of a head's input that is set to zero in training", below=1)
    resolution: int | None = setting(
        None, "with `finetune`: side of an image in pixels (default: the network's own)", least=32
    )
    micro_batch: int = setting(
        32,
        "with `finetune`: micro-batch size: artworks per pass of a worker; gradients accumulate up to `batch`",
        least=1,
    )
    precision: str = setting(
        "auto",
        "with `finetune`: number format of the passes; auto is bfloat16 if the hardware supports it",
        choices=("auto", "bfloat16", "float32"),
    )
