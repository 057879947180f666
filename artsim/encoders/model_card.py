"""Checks that a model's card.json has what it needs, so an edited or damaged card gives a clear error."""

from typing import Any

from artsim.archive import Keys, UserError, check_record

_TRAINED: Keys = {"split": dict, "epochs": int, "best_epoch": int, "scores": dict, "asked": dict, "hashes": dict}
_KINDS = ("head", "backbone")


def check_card(card: Any, where: str) -> None:
    """Raises a user error if a card lacks what loading a model needs; ``where`` names the file."""
    if problem := _problem(card):
        raise UserError(f"{where}: not the card of a model: {problem}")


def check_trained(card: dict[str, Any], where: str) -> None:
    """Raises a user error if the card lacks the description of its training."""
    remedy = "`again` trains it again"
    check_record(card, _TRAINED, where, remedy)
    check_record(card["asked"], {"inputs": dict, "recipe": dict}, f"{where} (asked)", remedy)
    check_record(card["split"], {"annotations": int}, f"{where} (split)", remedy)


def _problem(card: Any) -> str | None:
    if not isinstance(card, dict):
        return "not a JSON object"
    if card.get("kind") not in _KINDS:
        return f"kind is {card.get('kind')!r}, not one of {', '.join(_KINDS)}"
    if not isinstance(card.get("dimension"), int):
        return f"dimension is {card.get('dimension')!r}, not a number"
    inputs = card.get("inputs")
    if not (isinstance(inputs, list) and inputs and all(map(_is_input, inputs))):
        return "inputs is not a list of features"
    if card["kind"] == "head" and not isinstance(card.get("recipe"), dict):
        return "recipe is missing"
    if card["kind"] == "backbone" and not (
        isinstance(card.get("pixels"), dict) and all(isinstance(entry["about"], dict) for entry in inputs)
    ):
        return "the description of its network or its pixels is missing"
    return None


def _is_input(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("features"), str) and "about" in value
