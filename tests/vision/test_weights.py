import pytest
import torch
from safetensors.torch import save_file

from artsim.archive import UserError
from artsim.vision import weights
from artsim.vision.backbone_list import listing


def test_a_folder_of_weights_is_used(tmp_path):
    state, _ = weights.load("resnet18", "random")
    changed = {name: tensor.clone() + (1 if tensor.is_floating_point() else 0) for name, tensor in state.items()}
    save_file(changed, tmp_path / "resnet18.safetensors")
    loaded, origin = weights.load("resnet18", str(tmp_path))
    assert origin == str(tmp_path / "resnet18.safetensors")
    assert weights.fingerprint(loaded) == weights.fingerprint(changed) != weights.fingerprint(state)


def test_torchvision_weights_from_a_folder(tmp_path):
    state, _ = weights.load("torchvision.shufflenet_v2_x1_0", "random")
    torch.save(state, tmp_path / "shufflenet_v2.pth")
    loaded, _ = weights.load("shufflenet_v2", str(tmp_path))
    assert weights.fingerprint(loaded) == weights.fingerprint(state)


def test_a_folder_without_them_and_a_file_that_does_not_fit(tmp_path):
    with pytest.raises(UserError, match=r"no resnet18\.safetensors"):
        weights.load("resnet18", str(tmp_path))
    save_file({"other": torch.zeros(1)}, tmp_path / "resnet18.safetensors")
    with pytest.raises(UserError, match="does not fit"):
        weights.load("resnet18", str(tmp_path))


def test_the_package_has_real_weights():
    state, origin = weights.load("efficientnet_lite0", None)
    assert "package" in origin
    assert weights.fingerprint(state) == "30e91a812c490806"
    assert weights.fingerprint(state) != weights.fingerprint(weights.load("efficientnet_lite0", "random")[0])


def test_weights_that_cannot_be_had_say_what_to_put_where(monkeypatch):
    import timm

    def unreachable(*_args, **_settings):
        raise OSError("the hub can't be reached")

    monkeypatch.setattr(timm, "create_model", unreachable)
    with pytest.raises(UserError, match=r"resnet18\.safetensors into a folder and pass `weights` FOLDER") as caught:
        weights.load("resnet18", None)
    assert "\n" not in str(caught.value)


def test_random_weights_are_the_same_every_time():
    first, second = (weights.fingerprint(weights.load("resnet18", "random")[0]) for _ in range(2))
    assert first == second


def test_the_listing_shows_size_input_dimension_and_weights():
    lines = {line.split()[0]: line.split() for line in listing().splitlines() if line}
    assert lines["efficientnet_lite0"][1:] == ["tf_efficientnet_lite0.in1k", "4.7M", "224", "1280", "package"]
    assert lines["bit_m_152x4"][4] == "8192"


@pytest.mark.parametrize("name", ["resnet18.pth", "resnet18.safetensors", "shufflenet_v2.pt"])
@pytest.mark.parametrize("content", [b"", b"\x80", b"no weights"])
def test_a_file_that_is_empty_or_torn_is_said_in_one_line(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=name) as caught:
        weights.load(name.partition(".")[0], str(tmp_path))
    assert "\n" not in str(caught.value)
