"""Fine-tuning on two workers of Ray Train, against torch's DistributedDataParallel without Ray, on one machine's CPUs.

Network, weights, annotations, batches, passes, precision, optimizer and loss are the same, and so are the pixels, which
are decoded beforehand. One peer is two processes on gloo with a typical loop. The other is the same loop with artsim's
own network module, whose depthwise convolutions have faster gradients: its difference to artsim is the cost of Ray,
checkpoints and validation. Steady is from the second epoch on; whole counts everything from the start of the first
process, including the start of Ray, to the end of the last.
"""

import argparse
import importlib.metadata
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

os.environ["CUDA_VISIBLE_DEVICES"] = ""  # before torch is imported, here and in every process started

import numpy as np

from benchmarks.claims import Claim, conclude
from benchmarks.extract import CPUS, alone, archive_of, pictures

BACKBONE, WORKERS, IMAGES = "efficientnet_lite0", 2, 600


@dataclass(frozen=True)
class Task:
    """What every system trains: an archive at ``uri``, and annotations ``judged``, as row numbers of its images."""

    uri: str
    size: int  # pixels
    judged: np.ndarray
    epochs: int
    batch: int
    micro_batch: int
    precision: str


def _recipe(task: Task):
    from artsim.learn.backbones.recipe import FinetuneRecipe

    return FinetuneRecipe(epochs=task.epochs, batch=task.batch, micro_batch=task.micro_batch, patience=task.epochs)


def _learner(task: Task):
    from artsim.archive import Archive
    from artsim.learn.backbones.learner import BackboneLearner

    return BackboneLearner(Archive.open(task.uri), BACKBONE, None, task.size, None)


def _ids() -> np.ndarray:
    return np.array([f"bench:{index}" for index in range(IMAGES)], dtype=object)


def ours(task: Task) -> float:
    """Images/s from the second epoch on."""
    from artsim import runtime
    from artsim.learn.ray_train import run
    from artsim.learn.workers import Workers

    learner = _learner(task)
    runtime.connect()
    everything = np.arange(IMAGES)
    recipe = _recipe(task)
    shared = learner.shared_data(_ids(), recipe, 0)
    make = learner.trainer(shared, task.judged, task.judged[:2], recipe, 0, np.full(IMAGES, -1), everything)
    store, seconds = learner.archive.store, []
    run(
        make,
        _recipe(task),
        workers=Workers(WORKERS, WORKERS),
        store=store,
        folder="models/_bench",
        seed=0,
        show=lambda epoch: seconds.append(epoch["seconds"]),
    )
    return task.judged.size * (task.epochs - 1) / sum(seconds[1:])


def bare(task: Task, own_module: bool) -> float:
    import torch

    with tempfile.TemporaryDirectory() as folder:
        torch.multiprocessing.spawn(_bare, (task, own_module, folder), nprocs=WORKERS)
        return float(Path(folder, "rate").read_text())


def _bare(rank: int, task: Task, own_module: bool, folder: str) -> None:
    import contextlib

    import torch
    from torch import distributed
    from torch.nn import functional as F
    from torch.nn.parallel import DistributedDataParallel

    torch.set_num_threads(max(CPUS // WORKERS, 1))
    distributed.init_process_group("gloo", f"file://{folder}/meet", rank=rank, world_size=WORKERS)
    squares, slots = _pixels(task)
    net = _own(task) if own_module else _plain()
    model = DistributedDataParallel(net, broadcast_buffers=False)
    optimizer = torch.optim.AdamW([p for p in net.parameters() if p.requires_grad], lr=1e-5, fused=True)
    finished = []
    for epoch in range(task.epochs):
        order = np.random.default_rng(epoch).permutation(len(task.judged))
        for start in range(0, len(order), task.batch):
            share = order[start : start + task.batch][rank::WORKERS]
            optimizer.zero_grad()
            for first in range(0, len(share), task.micro_batch):
                judged = task.judged[share[first : first + task.micro_batch]]
                images, places = np.unique(judged, return_inverse=True)
                last = first + task.micro_batch >= len(share)
                with contextlib.nullcontext() if last else model.no_sync():
                    with torch.autocast("cpu", torch.bfloat16, enabled=task.precision == "bfloat16"):
                        out = model(torch.from_numpy(squares[slots[images]]))
                    descriptors = F.normalize(out.float())[places.ravel()].view(*judged.shape, -1)
                    cosines = torch.einsum("bd,bkd->bk", descriptors[:, 0], descriptors[:, 1:]) / 0.1
                    loss = F.cross_entropy(cosines, torch.zeros(len(judged), dtype=torch.long))
                    (loss * len(judged) / len(share)).backward()
            optimizer.step()
        finished.append(time.perf_counter())
    if rank == 0:
        rate = task.judged.size * (task.epochs - 1) / (finished[-1] - finished[0])
        Path(folder, "rate").write_text(str(rate))
    distributed.destroy_process_group()


def _pixels(task: Task):
    from artsim.archive import Archive
    from artsim.extract.pixel_cache import pixels_of
    from artsim.vision.backbones import input_of, network_name

    return pixels_of(Archive.open(task.uri), _ids(), input_of(network_name(BACKBONE), task.size))


def _own(task: Task):
    """artsim's network module with its mixed precision."""
    import torch

    from artsim.learn.backbones.network import Backbone, mixed_precision

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.backbone = Backbone(_learner(task).plan)

        def forward(self, pixels):
            with mixed_precision("cpu", task.precision):
                return self.backbone(pixels)

    return Net()


def _plain():
    """timm's network with frozen batch norms."""
    import timm
    import torch

    from artsim.vision import weights
    from artsim.vision.backbones import input_of, network_name

    name = network_name(BACKBONE)
    wanted = input_of(name)

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            net = timm.create_model(name)
            net.load_state_dict(weights.load(BACKBONE, None)[0])
            net.reset_classifier(0)
            self.net = net.to(memory_format=torch.channels_last).train()
            for module in net.modules():
                if isinstance(module, torch.nn.BatchNorm2d):
                    module.eval().requires_grad_(False)
            self.register_buffer("mean", torch.tensor(wanted.mean) * 255)
            self.register_buffer("std", torch.tensor(wanted.std) * 255)

        def forward(self, pixels):
            return self.net(((pixels - self.mean) / self.std).permute(0, 3, 1, 2))

    return Net()


def measured(function, task: Task, *rest) -> tuple[float, float]:
    """Images/s from the second epoch on, and of the whole run, in a separate process."""
    started = time.perf_counter()
    steady = alone(function, task, *rest)
    return steady, task.judged.size * task.epochs / (time.perf_counter() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="fewer and smaller images; the start of Ray then counts more"
    )
    quick = parser.parse_args().quick
    from artsim.vision.inference import _best

    precision = "bfloat16" if _best("cpu") == "bfloat16" else "float32"
    rng = np.random.default_rng(0)
    judged = np.stack([rng.permutation(IMAGES)[:9] for _ in range(64 if quick else 128)])
    with tempfile.TemporaryDirectory() as uri:
        archive_of(pictures(IMAGES), IMAGES, uri)
        task = Task(
            uri, 128 if quick else 224, judged, epochs=3 if quick else 4, batch=32, micro_batch=4, precision=precision
        )
        _pixels(task)
        rates = {}
        for name, function, arguments in (
            ("artsim", ours, ()),
            ("bare", bare, (False,)),
            ("bare, artsim's module", bare, (True,)),
        ):
            rates[name] = measured(function, task, *arguments)
            print(f"{name}: steady {rates[name][0]:.1f}, whole {rates[name][1]:.1f} images/s", flush=True)
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("torch", "timm"))
    how = f"DDP on gloo, {versions}, {WORKERS} processes, {precision}, {task.size} pixels"
    claims = []
    for name, peer in (("bare", f"timm's network in {how}"), ("bare, artsim's module", f"artsim's module in {how}")):
        for place, part in enumerate(("steady", "whole")):
            claims.append(Claim(f"{part}, fraction of {name}", rates["artsim"][place] / rates[name][place], 0.9, peer))
    conclude("finetune", claims)


if __name__ == "__main__":
    main()
