"""Peers of the extraction benchmark: typical loops, each as its library's documentation shows it."""

import io
import os
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

CPUS = os.cpu_count() or 1


class _Pictures:
    """The dataset of the plain loop: bytes to float tensors by timm's own transform."""

    def __init__(self, data: list[bytes], transform) -> None:
        self.data, self.transform = data, transform

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int):
        return self.transform(Image.open(io.BytesIO(self.data[index])).convert("RGB"))


def plain_loop(data: list[bytes], network: str) -> float:
    import timm
    import torch

    model = timm.create_model(network, num_classes=0).eval()
    transform = timm.data.create_transform(**timm.data.resolve_model_data_config(model), is_training=False)
    loader = torch.utils.data.DataLoader(_Pictures(data, transform), batch_size=32, num_workers=CPUS)
    started, done = 0.0, 0
    with torch.inference_mode():
        for batch in loader:
            model(batch)
            if started:
                done += len(batch)
            else:
                started = time.perf_counter()
    return done / (time.perf_counter() - started)


class _RayModel:
    def __init__(self, network: str) -> None:
        import timm

        self.model = timm.create_model(network, num_classes=0).eval()

    def __call__(self, batch):
        import torch

        with torch.inference_mode():
            vectors = self.model(torch.as_tensor(batch["image"])).numpy()
        return {"vector": vectors, "at": np.full(len(vectors), time.time())}


def ray_pattern(data: list[bytes], network: str) -> float:
    """Ray's documented pattern for batch inference: transform rows, then infer in batches; returns images/s.

    See "Image Classification Batch Inference with PyTorch" in Ray's documentation.
    """
    import ray
    import timm

    transform = timm.data.create_transform(
        **timm.data.resolve_model_data_config(timm.create_model(network)), is_training=False
    )
    with tempfile.TemporaryDirectory() as folder:
        for index, image in enumerate(data):
            Path(folder, f"{index:06d}.jpg").write_bytes(image)
        ray.init(include_dashboard=False, log_to_driver=False)
        ray.data.DataContext.get_current().enable_progress_bars = False

        def preprocess(row):
            return {"image": transform(Image.fromarray(row["image"])).numpy()}

        images = ray.data.read_images(folder, mode="RGB").map(preprocess)
        strategy = ray.data.ActorPoolStrategy(size=1)
        vectors = images.map_batches(_RayModel, fn_constructor_args=(network,), batch_size=32, compute=strategy)
        times = np.array(sorted(row["at"] for row in vectors.iter_rows()))
        ray.shutdown()
    return float((times > times[0]).sum() / (times[-1] - times[0]))
