"""The twelve invented painters of the sample museum, one per file. To add one, write a file and list it here."""

from . import (
    color_field,
    cubist,
    cut_paper,
    engraver,
    flow_lines,
    glass,
    impasto,
    ink,
    nocturne,
    pointillist,
    watercolor,
    woodblock,
)
from .hand import Painter

PAINTERS: tuple[Painter, ...] = (
    ink.PAINTER,
    engraver.PAINTER,
    woodblock.PAINTER,
    watercolor.PAINTER,
    nocturne.PAINTER,
    impasto.PAINTER,
    pointillist.PAINTER,
    glass.PAINTER,
    cubist.PAINTER,
    cut_paper.PAINTER,
    color_field.PAINTER,
    flow_lines.PAINTER,
)

__all__ = ["PAINTERS", "Painter"]
