"""Image-text networks: both towers, their input and their weights are those of open_clip; texts are hostile."""

import io
import logging
import subprocess
import sys

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from artsim.archive import UserError
from artsim.vision import image_text, weights
from artsim.vision.backbones import input_of, network_name, parse_feature
from artsim.vision.decode import decode
from artsim.vision.inference import Engine
from artsim.vision.text_tower import MAX_LENGTH, TextTower
from tests.made import jpeg
from tests.vision.tiny_clip import TINY, image_vectors, register, text_vector

HOSTILE = ["<script>alert(1)</script>", "a\0b", "\udcff", "\u202egnp.exe", "<end_of_text>" * 20, "&amp;" * 50,
           "葛飾北斎", "x" * MAX_LENGTH, "' OR 1=1 --"]  # fmt: skip


@pytest.fixture(autouse=True)
def tiny(tmp_path, monkeypatch):
    return register(tmp_path, monkeypatch)


@pytest.fixture
def tower():
    return TextTower(TINY, weights.load_image_text(TINY, "random")[0])


def test_both_towers_are_those_of_one_open_clip_model(tower):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model, _, transform = open_clip.create_model_and_transforms("tiny")
    data = jpeg(size=(32, 32), seed=3)
    with torch.inference_mode():
        wanted = model.eval().encode_image(transform(Image.open(io.BytesIO(data)))[None], normalize=True)
    assert image_vectors({"one": data})["one"] == pytest.approx(wanted[0].numpy(), abs=1e-5)
    found = tower(["red boats at night", "a horse"])
    assert found == pytest.approx(np.stack([text_vector("red boats at night"), text_vector("a horse")]), abs=1e-6)
    assert found.dtype == np.float32
    assert np.linalg.norm(found, axis=1) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("architecture", "tag"),
    [
        ("ViT-B-16-SigLIP", "webli"),
        ("ViT-B-32", "openai"),
        ("MobileCLIP2-S0", "dfndr2b"),
        ("MobileCLIP-B", "datacompdr"),
    ],
)
def test_the_input_is_that_of_open_clip(architecture, tag):
    from open_clip.transform import PreprocessCfg, image_transform_v2, merge_preprocess_dict

    wanted = input_of(f"open_clip.{architecture}")  # these have several weights, or one, of the same input
    size = open_clip.get_model_config(architecture)["vision_cfg"]["image_size"]
    known = open_clip.get_pretrained_cfg(architecture, tag)
    config = PreprocessCfg(**merge_preprocess_dict(PreprocessCfg(size=size), known))
    picture = Image.new("RGB", (500, 300))
    picture.paste(Image.open(io.BytesIO(jpeg(size=(400, 240)))), (50, 30))
    sink = io.BytesIO()
    picture.save(sink, "PNG")
    square = (decode(sink.getvalue(), [wanted], True)[0] / 255 - wanted.mean) / wanted.std
    reference = image_transform_v2(config, is_train=False)(picture).permute(1, 2, 0).numpy()
    assert np.abs(square - reference).mean() < 0.01


def test_weights_of_different_input_must_be_named(monkeypatch):
    configs = {"one": {"mean": (0.0, 0.0, 0.0)}, "two": {"mean": (0.5, 0.5, 0.5)}}
    monkeypatch.setattr(open_clip, "list_pretrained_tags_by_model", lambda architecture: list(configs))
    monkeypatch.setattr(open_clip, "get_pretrained_cfg", lambda architecture, tag: configs[tag])
    with pytest.raises(UserError, match=r"different input; name one as open_clip\.ViT-B-32\.one"):
        input_of("open_clip.ViT-B-32")
    assert input_of("open_clip.ViT-B-32.two").mean == (0.5, 0.5, 0.5)


def test_vectors_in_bfloat16_are_close():
    state, _ = weights.load(TINY, "random")
    pixels = np.random.default_rng(0).integers(0, 255, (4, 32, 32, 3), np.uint8)
    exact, quick = (Engine(TINY, [parse_feature(TINY)], state, kind)(pixels)[0] for kind in ("float32", "bfloat16"))
    assert np.linalg.norm(quick, axis=1) == pytest.approx(1, abs=1e-5)
    assert (exact * quick).sum(1).min() > 0.999


def test_weights_from_a_folder(tmp_path):
    model, origin = weights.load_image_text(TINY, "random")
    assert origin == "random"
    changed = {name: tensor + 0.5 for name, tensor in model.state_dict().items()}
    save_file(changed, tmp_path / f"{TINY}.safetensors")
    loaded, origin = weights.load_image_text(TINY, str(tmp_path))
    assert origin == str(tmp_path / f"{TINY}.safetensors")
    assert all(torch.equal(tensor, changed[name]) for name, tensor in loaded.state_dict().items())
    tower, _ = weights.load(TINY, str(tmp_path))
    assert weights.fingerprint(tower) == weights.fingerprint(loaded.visual.state_dict())
    save_file({"other": torch.zeros(1)}, tmp_path / f"{TINY}.safetensors")
    with pytest.raises(UserError, match=r"does not fit open_clip\.tiny"):
        weights.load(TINY, str(tmp_path))


def test_names_are_checked_without_torch():
    ask = (
        "import sys; sys.modules['torch'] = None\n"
        "from artsim.vision.backbones import network_name\n"
        "print(network_name('open_clip.ViT-B-32'))\n"
        "network_name('open_clip.vit-b32')"
    )
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True)
    assert done.stdout == "open_clip.ViT-B-32\n"
    assert "did you mean open_clip.ViT-B-32" in done.stderr


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("open_clip.coca_ViT-B-32", "no image-text network with this name"),  # it has a text decoder
        ("open_clip.roberta-ViT-B-32", "no image-text network with this name"),  # needs another library
        ("open_clip.ViT-B-32@3", "only one output; write open_clip.ViT-B-32"),
        ("open_clip.ViT-B-32+gem", "only one output"),
        ("open_clip.ViT-B-32+448", "only one output"),
    ],
)
def test_names_that_are_refused(name, message):
    with pytest.raises(UserError, match=message):
        network_name(parse_feature(name).backbone)


def test_weights_must_be_named_if_there_is_a_choice(monkeypatch):
    with pytest.raises(UserError, match=r"which weights\? name one as open_clip\.ViT-B-32\.laion"):
        weights.load("open_clip.ViT-B-32", None)
    with pytest.raises(UserError, match="no such weights"):
        image_text.split("open_clip.ViT-B-32.nonsense")
    with pytest.raises(UserError, match=r"use open_clip\.ViT-B-32-quickgelu\.openai"):
        image_text.split("open_clip.ViT-B-32.openai")
    assert image_text.split("open_clip.ViT-B-16-SigLIP2") == ("ViT-B-16-SigLIP2", "webli")
    monkeypatch.setattr("artsim.vision.hub.missing", lambda network, torchvision: f"{network} is out of reach")
    with pytest.raises(UserError, match=r"weights not available \(ViT-B-16-SigLIP2 is out of reach\)"):
        weights.load("open_clip.ViT-B-16-SigLIP2", None)
    with pytest.raises(UserError, match=r"open_clip has none for tiny; pass `weights` FOLDER"):
        weights.load(TINY, None)


def test_a_tokenizer_that_is_out_of_reach_is_an_error(tmp_path, monkeypatch):
    name = register(tmp_path, monkeypatch, "tiny-siglip", hf_tokenizer_name="timm/nowhere")
    model = weights.load_image_text(name, "random")[0]
    found = {"transformers": None}
    monkeypatch.setattr("artsim.vision.text_tower.importlib.util.find_spec", lambda package: found[package])
    with pytest.raises(UserError, match=r"tokenizer of open_clip\.tiny-siglip .* pip install 'artsim\[siglip\]'"):
        TextTower(name, model)
    found["transformers"] = True
    monkeypatch.setattr("artsim.vision.hub.missing", lambda network, torchvision: f"{network} is out of reach")
    with pytest.raises(UserError, match=r"timm/nowhere, is not available \(nowhere is out of reach\)"):
        TextTower(name, model)


def test_hostile_texts_have_a_vector(tower):
    vectors = tower(HOSTILE)
    assert np.isfinite(vectors).all()
    assert tower(["red\n  boats"]) == pytest.approx(tower(["red boats"]), abs=1e-6)


@pytest.mark.parametrize("text", ["", " \n\0", "x" * (MAX_LENGTH + 1)])
def test_empty_and_long_texts_are_refused(tower, text):
    with pytest.raises(UserError, match=r"`text`"):
        tower([text])


def test_the_cache_of_words_stays_small(tower, monkeypatch):
    monkeypatch.setattr("artsim.vision.text_tower._REMEMBERED", 5)
    for number in range(20):
        tower([f"{'<' * (number + 2)} ab{chr(97 + number)}z"])
    assert len(tower._tokenizer.cache) <= 7
    assert tower(["boats<end_of_text>"]) == pytest.approx(np.stack([text_vector("boats<end_of_text>")]), abs=1e-6)


def test_open_clip_writes_no_log(caplog):
    with caplog.at_level(logging.DEBUG):
        image_text.create(TINY)
    assert not caplog.records
