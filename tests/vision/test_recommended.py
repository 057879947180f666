from artsim.features import parse_spec
from artsim.vision.backbones import network_name, parse_feature
from artsim.vision.recommended import RECOMMENDED, RECOMMENDED_BACKBONES
from artsim.vision.weights import at_hand


def test_the_recommended_features_are_the_recommended_backbones_by_their_tables_names():
    assert [parse_spec(text).name for text in RECOMMENDED] == list(RECOMMENDED_BACKBONES)
    assert [parse_feature(text).name for text in RECOMMENDED_BACKBONES] == list(RECOMMENDED_BACKBONES)


def test_the_recommended_features_come_from_one_pass_of_one_network_that_a_package_holds():
    features = [parse_feature(text) for text in RECOMMENDED_BACKBONES]
    assert len({(network_name(feature.backbone), feature.size) for feature in features}) == 1
    assert at_hand(features[0].backbone) == "package"
