"""The options of an extraction."""

from dataclasses import dataclass

from artsim.options import DataOptions, setting


@dataclass(frozen=True, kw_only=True)
class ExtractOptions(DataOptions):
    """Raises ``UserError`` if there is no backbone of a name."""

    backbones: tuple[str, ...] | None = setting(
        None,
        "networks of timm, torchvision or open_clip, with layer, pooling and input size: NAME[@LEVEL][+POOLING][+SIZE] "
        "(default: the recommended features)",
        metavar="NAME",
    )
    pooling: str = setting(
        "avg",
        "how the values of a layer are combined into one vector, for names without +POOLING",
        choices=("avg", "max", "gem", "std", "cov"),
    )
    weights: str | None = setting(
        None,
        "folder with the networks' weights, NAME.safetensors or NAME.pth; random: random weights, for tests only",
        metavar="FOLDER",
    )
    precision: str = setting(
        "auto",
        "number format of the computation; auto is bfloat16 if the hardware supports it",
        choices=("auto", "float32", "bfloat16", "float16"),
    )
    exact: bool = setting(False, "decode images at full size and compute in float32; slower")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.backbones:
            from artsim.vision.backbones import network_name, parse_feature  # not needed for --help

            for name in self.backbones:
                network_name(parse_feature(name).backbone)
