"""The built-in sample museum: invented painters, their artworks and a web site, so that everything runs offline.

``museum.make`` makes it in a folder, ``site.serve`` serves it on loopback.
"""
