"""The built-in sample museum: invented painters, their works, and a web site that shows them, so that all runs offline.

`museum.make` makes it in a folder, `site.serve` shows it on loopback.
"""
