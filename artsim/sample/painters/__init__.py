"""The twelve invented painters of the sample museum, one per file. To add one, write a file and list it here."""

from . import (
    colour_field,
    cubist,
    cut_paper,
    engraver,
    flow_lines,
    glass,
    impasto,
    ink,
    nocturne,
    pointillist,
    watercolour,
    woodblock,
)
from .hand import Painter

PAINTERS: tuple[Painter, ...] = (
    ink.PAINTER,
    engraver.PAINTER,
    woodblock.PAINTER,
    watercolour.PAINTER,
    nocturne.PAINTER,
    impasto.PAINTER,
    pointillist.PAINTER,
    glass.PAINTER,
    cubist.PAINTER,
    cut_paper.PAINTER,
    colour_field.PAINTER,
    flow_lines.PAINTER,
)

__all__ = ["PAINTERS", "Painter"]
