"""Debian's Chromium, and the flags with which it draws WebGL in software."""

from pathlib import Path

CHROMIUM = Path("/usr/bin/chromium")
SOFTWARE = [
    "--headless=new",
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]
