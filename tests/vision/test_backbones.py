from dataclasses import replace

import pytest

from artsim.archive import UserError
from artsim.vision.backbones import ALIASES, input_of, network_name, parse_feature
from artsim.vision.names import in_timm, in_torchvision


@pytest.mark.parametrize(
    ("text", "pooling", "name", "backbone", "level", "said"),
    [
        ("resnet50", "avg", "resnet50", "resnet50", None, "avg"),
        ("resnet50", "gem", "resnet50+gem", "resnet50", None, "gem"),
        ("resnet50+max", "gem", "resnet50+max", "resnet50", None, "max"),
        ("efficientnet_lite0@4+std", "avg", "efficientnet_lite0@4+std", "efficientnet_lite0", "4", "std"),
        ("vit_small_patch14_dinov2.lvd142m@-1", "avg", None, "vit_small_patch14_dinov2.lvd142m", "-1", "avg"),
        ("resnet50+448", "gem", "resnet50+gem+448", "resnet50", None, "gem"),
        ("efficientnet_lite0@3+cov+448", "avg", None, "efficientnet_lite0", "3", "cov"),
        ("efficientnet_lite0@4+std+448", "avg", None, "efficientnet_lite0", "4", "std"),
        ("torchvision.resnet18@layer3.0", "avg", None, "torchvision.resnet18", "layer3.0", "avg"),
    ],
)
def test_names_of_features(text, pooling, name, backbone, level, said):
    feature = parse_feature(text, pooling)
    assert (feature.name, feature.backbone, feature.level, feature.pooling) == (name or text, backbone, level, said)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "re snet",
        "../resnet50",
        "resnet50+median",
        "resnet50@",
        "a/b",
        "resnet50:128",
        "resnet50+448+std",
        "resnet50+8",
        "a+9999",
    ],
)
def test_other_names_are_refused(text):
    with pytest.raises(UserError, match="`backbones`"):
        parse_feature(text)


def test_every_short_name_is_a_network_of_its_library():
    for name in ALIASES:
        network_name(name)


def test_an_unknown_name_shows_near_ones():
    with pytest.raises(UserError, match="resnet"):
        network_name("resnet5")
    with pytest.raises(UserError, match="no network"):
        network_name("torchvision.nothing")


def test_another_size_is_what_the_network_sees_where_it_can():
    assert input_of("resnet50", 448) == replace(input_of("resnet50"), size=448, crop=1.0)
    assert input_of("resnet50", 224).size == input_of("resnet50").size == 224
    for fixed in ("vit_small_patch16_224", "torchvision.vit_b_16"):
        with pytest.raises(UserError, match="the input size is fixed at"):
            input_of(fixed, 448)


def test_every_network_of_the_libraries_is_known_without_importing_them():
    import timm
    from torchvision import models

    former = ("convnext_tiny_in22k", "gluon_resnet50_v1b")
    assert [name for name in (*timm.list_models(), *timm.list_pretrained(), *former) if not in_timm(name)] == []
    known = models.list_models(module=models)
    assert [name for name in known if not in_torchvision(name)] == []
    assert not any(map(in_timm, ("url", "input_size", "resnet5", "ResNet50", "resnet50.nonsense", "")))
    assert not any(map(in_torchvision, ("resnet5", "Weights", "")))


@pytest.mark.parametrize(
    ("mistyped", "meant"),
    [
        ("vit_base", "vit_base_"),
        ("ResNet50", "resnet50"),
        ("efficientnet_lit0", "efficientnet_lite0"),
        ("dinov4", "dinov3"),
        ("resnet50.a1_in2k", "resnet50.a1_in1k"),
        ("torchvision.resnet500", "torchvision.resnet50"),
    ],
)
def test_a_mistyped_name_shows_what_may_have_been_meant(mistyped, meant):
    with pytest.raises(UserError, match=f"did you mean .*{meant}"):
        network_name(mistyped)
