from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from artsim.cli import Job
from artsim.errors import UserError
from artsim.learn.recipe import Recipe
from artsim.options import ArchiveOptions, chosen, recipe_settings, setting
from tests.made import make_archive, named


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("head", "tail"),
        ("loss", "gain"),
        ("distance", "cityblock"),
        ("negatives", "easy"),
        ("hidden", 0),
        ("dropout", 1.0),
        ("dropout", -0.1),
        ("margin", -1),
        ("intra_margin", -1),
        ("margin", float("nan")),
        ("temperature", 0),
        ("learning_rate", 0),
        ("learning_rate", float("inf")),
        ("epochs", 0),
        ("batch", 0),
        ("patience", 0),
        ("mined", 0),
    ],
)
def test_an_invalid_value_is_named(name: str, value: object) -> None:
    with pytest.raises(UserError, match=rf"^`{name}` {value}: ") as caught:
        Recipe(**{name: value})
    assert "\n" not in str(caught.value)


@dataclass(frozen=True)
class _ExtendedRecipe(Recipe):
    epochs: int = setting(7, "passes", least=1)
    side: int | None = setting(None, "of an image", least=32)


@dataclass(frozen=True, kw_only=True)
class _OneRecipeOptions(ArchiveOptions):
    recipe: Mapping[str, Any] = recipe_settings(Recipe)


@dataclass(frozen=True, kw_only=True)
class _TwoRecipeOptions(ArchiveOptions):
    recipe: Mapping[str, Any] = recipe_settings(Recipe, _ExtendedRecipe)


def test_options_and_recipe_agree(tmp_path) -> None:
    job, recipes = Job("made", "made", _OneRecipeOptions), []
    job.runs(lambda _, options: recipes.append(chosen(options.recipe, Recipe)) or {})
    archive = ["--archive", make_archive(tmp_path / "archive", named(1)).uri]
    job.run(archive)
    assert recipes.pop() == Recipe()
    job.run([*archive, "--weight-decay", "0.5", "--intra-margin", "0.1", "--swap", "--hidden", "8", "--head", "mlp"])
    assert recipes.pop() == Recipe(weight_decay=0.5, intra_margin=0.1, swap=True, hidden=8, head="mlp")
    (tmp_path / "best.toml").write_text("margin = 0.3\nintra-margin = 0.2\nswap = true\nepochs = 3\n")
    job.run([*archive, "--config", str(tmp_path / "best.toml"), "--epochs", "4"])
    assert recipes.pop() == Recipe(margin=0.3, intra_margin=0.2, swap=True, epochs=4)


@pytest.mark.parametrize("arguments", [["--hidden", "8.5"], ["--loss", "gain"], ["--margin", "far"]])
def test_an_option_that_the_recipe_lacks_is_a_user_error(tmp_path, arguments: list[str]) -> None:
    job = Job("made", "made", _OneRecipeOptions)
    with pytest.raises(UserError, match=arguments[0]):
        job.check(["--archive", str(tmp_path), *arguments])


def test_each_recipe_has_its_own_defaults(tmp_path) -> None:
    job, recipes = Job("made", "made", _TwoRecipeOptions), []
    job.runs(lambda _, options: recipes.append(chosen(options.recipe, _ExtendedRecipe)) or {})
    archive = ["--archive", make_archive(tmp_path / "archive", named(1)).uri]
    job.run(archive)
    assert recipes.pop() == _ExtendedRecipe(epochs=7)
    job.run([*archive, "--epochs", "3", "--side", "64"])
    assert recipes.pop() == _ExtendedRecipe(epochs=3, side=64)
    job.runs(lambda _, options: recipes.append(chosen(options.recipe, Recipe, _ExtendedRecipe)) or {})
    job.run([*archive, "--margin", "0.5"])
    assert recipes.pop() == Recipe(margin=0.5)
    with pytest.raises(UserError, match="--side does not apply to this kind of training"):
        job.run([*archive, "--side", "64"])
    help_text = job._parser.format_help()
    assert f"(default: {Recipe().epochs}, 7)" in " ".join(help_text.split())
