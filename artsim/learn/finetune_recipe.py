"""The settings of a fine-tuning and their defaults."""

from dataclasses import dataclass

from artsim.learn.recipe import Recipe, setting


@dataclass(frozen=True)
class FinetuneRecipe(Recipe):
    """A recipe for a backbone; ``head``, ``hidden`` and ``dropout`` are ignored."""

    learning_rate: float = setting(1e-4, "of AdamW, for the last group of layers", least=1e-12)
    epochs: int = setting(5, "at most so many passes over the annotations", least=1)
    batch: int = setting(32, "annotations of a step, of all workers together", least=1)
    patience: int = setting(2, "epochs without a better validation before the training stops", least=1)
    resolution: int | None = setting(None, "pixels of an image's side; the network's own if not said", least=32)
    layer_decay: float = setting(0.5, "learning rate of a group of layers, as a share of the next one's", below=1.001)
    at_once: int = setting(4, "annotations in one pass of a worker; of a larger share gradients add up", least=1)
    precision: str = setting(
        "auto",
        "of the passes; auto is bfloat16 where the hardware multiplies it",
        choices=("auto", "bfloat16", "float32"),
    )
