"""Every job with a backbone option refuses unknown backbones and unavailable weights at once."""

import subprocess
import sys

import pytest

from artsim.archive import Archive, UserError
from artsim.vision import hub
from jobs.extract import job as extract
from tests.vision.made import encoded, image_archive, picture

# Runs a job in a process that can import neither Ray nor torch.
_WITHOUT = """
import runpy, sys
sys.modules.update(dict.fromkeys(("ray", "torch")))
job = sys.argv.pop(1)
runpy.run_module(f"jobs.{job}", run_name="__main__")
"""


def refused(tmp_path, job, *arguments):
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT, job, "--archive", str(tmp_path), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env={
            "PATH": "",
            "HF_HOME": str(tmp_path / "hub"),
            "TORCH_HOME": str(tmp_path / "torch"),
            "HF_HUB_OFFLINE": "1",
        },
    )
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1), done.stderr[-3000:]
    return done.stderr


@pytest.mark.parametrize(
    ("job", "option"), [("extract", "--backbones"), ("train", "--finetune"), ("tune", "--finetune")]
)
def test_a_mistyped_backbone_is_refused_without_ray_or_torch(tmp_path, job, option):
    Archive.create(str(tmp_path))
    name = () if job == "extract" else ("--name", "eye")
    message = refused(tmp_path, job, option, "vit_bse_patch16_224", *name)
    assert f"{option} vit_bse_patch16_224" in message
    assert "did you mean vit_base_patch16_224" in message


def test_a_pipeline_refuses_before_its_first_job(tmp_path):
    (tmp_path / "made").mkdir()
    (tmp_path / "p.toml").write_text(
        '[catalog]\nsource = "folder"\nlocation = "made"\n[extract]\nbackbones = ["clipp"]'
    )
    message = refused(tmp_path / "archive", "pipeline", "--config", str(tmp_path / "p.toml"))
    assert "[extract]" in message
    assert "did you mean clip?" in message


@pytest.mark.slow
def test_missing_weights_are_refused_without_ray_or_torch(tmp_path):
    image_archive(str(tmp_path), {"t:1": encoded(picture(64, 64))})
    assert "pass --weights FOLDER" in refused(tmp_path, "extract", "--backbones", "resnet50")
    empty = tmp_path / "weights"
    empty.mkdir()
    for backbone in ("resnet50", "torchvision.resnet50"):
        message = refused(tmp_path, "extract", "--backbones", backbone, "--weights", str(empty))
        assert f"no {backbone}.safetensors" in message
    assert "--weights none: no such folder" in refused(
        tmp_path, "extract", "--backbones", "resnet50", "--weights", "none"
    )
    (empty / "resnet50.pth").touch()
    file = str(empty / "resnet50.pth")
    assert "pass the folder that contains it" in refused(
        tmp_path, "extract", "--backbones", "resnet50", "--weights", file
    )
    assert "is empty" in refused(tmp_path, "extract", "--backbones", "resnet50", "--weights", str(empty))


@pytest.mark.slow
def test_an_unknown_level_is_refused_without_ray(tmp_path, monkeypatch):
    def connect(**_: object):
        raise AssertionError("Ray was started")

    monkeypatch.setattr("artsim.runtime.connect", connect)
    image_archive(str(tmp_path), {"t:1": encoded(picture(64, 64))})
    with pytest.raises(UserError, match="resnet18@99"):
        extract.run(["--archive", str(tmp_path), "--backbones", "resnet18@99", "--weights", "random"])


def test_an_unreachable_hub_is_used_only_without_a_cache(tmp_path, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("urllib.request.getproxies", dict)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert "127.0.0.1" in hub.missing("resnet50.a1_in1k", torchvision=False)
    (tmp_path / "hub" / "models--timm--resnet18.a1_in1k").mkdir(parents=True)
    assert hub.missing("resnet50.a1_in1k", torchvision=False)
    (tmp_path / "hub" / "models--timm--resnet50.a1_in1k").mkdir()
    assert hub.missing("resnet50.a1_in1k", torchvision=False) is None
    monkeypatch.setattr("urllib.request.getproxies", lambda: {"http": "http://proxy"})
    monkeypatch.setattr("urllib.request.proxy_bypass", lambda host: False)
    assert hub.missing("resnet34", torchvision=False) is None
