import pickle
from dataclasses import replace

import pytest
import torch

from artsim.learn.losses import compound_triplet, contrastive_candidates, listwise_softmax, make_loss
from artsim.learn.recipe import Recipe
from tests.learn.losses import loops


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_every_recipe_setting_reaches_its_loss(distance, reduction):
    embeddings = loops.embeddings(b=5, k=7, d=4)
    settings = {"distance": distance, "reduction": reduction}
    recipe = Recipe(margin=0.7, intra_margin=0.4, swap=True, temperature=0.3, **settings)
    expected = {
        "listwise": listwise_softmax(*embeddings, temperature=0.3, **settings),
        "triplet": compound_triplet(*embeddings, margin=0.7, intra_margin=0.4, swap=True, **settings),
        "contrastive": contrastive_candidates(*embeddings, margin=0.7, intra_margin=0.4, **settings),
    }
    for name, value in expected.items():
        loss = pickle.loads(pickle.dumps(make_loss(replace(recipe, loss=name))))
        torch.testing.assert_close(loss(*embeddings), value, rtol=0, atol=0)


@pytest.mark.parametrize("loss", ["listwise", "triplet", "contrastive"])
def test_losses_of_micro_batches_sum_to_the_batch(loss):
    """Gradient accumulation and training on several workers rely on this."""
    embeddings = loops.embeddings(b=6, k=7, d=4)
    recipe = Recipe(loss=loss, margin=0.5)
    for reduction, share in (("mean", 1 / 3), ("sum", 1.0)):
        function = make_loss(replace(recipe, reduction=reduction))
        values = [function(*(array[start : start + 2] for array in embeddings)) for start in (0, 2, 4)]
        torch.testing.assert_close(share * sum(values), function(*embeddings))
