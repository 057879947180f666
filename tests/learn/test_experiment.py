from dataclasses import asdict

from artsim.learn.backbones.recipe import FinetuneRecipe
from artsim.learn.experiment import with_current_names


def test_settings_that_were_renamed_since_are_the_same():
    recipe = asdict(FinetuneRecipe(micro_batch=3))
    before = {"at_once" if name == "micro_batch" else name: value for name, value in recipe.items()}
    assert "at_once" in before
    assert with_current_names({"recipe": before, "seed": 1}) == {"recipe": recipe, "seed": 1}


def test_what_has_no_recipe_is_returned_as_it_is():
    for content in (None, {}, {"recipe": None}, []):
        assert with_current_names(content) == content
