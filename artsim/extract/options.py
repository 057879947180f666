"""The options of an extraction."""

from dataclasses import dataclass

from artsim.options import DataOptions, setting


@dataclass(frozen=True, kw_only=True)
class ExtractOptions(DataOptions):
    """Raises ``UserError`` if there is no backbone of a name."""

    backbones: tuple[str, ...] | None = setting(
        None, "NAME[@LEVEL][+POOLING][+SIZE] of timm or torchvision (default: the recommended features)", metavar="NAME"
    )
    pooling: str = setting("avg", "pooling for names without one", choices=("avg", "max", "gem", "std", "cov"))
    weights: str | None = setting(
        None, "folder with NAME.safetensors or .pth; the word random for smoke tests", metavar="FOLDER"
    )
    precision: str = setting(
        "auto", "precision of the forward pass", choices=("auto", "float32", "bfloat16", "float16")
    )
    exact: bool = setting(False, "decode in full and compute in float32")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.backbones:
            from artsim.vision.backbones import network_name, parse_feature  # not needed for --help

            for name in self.backbones:
                network_name(parse_feature(name).backbone)
