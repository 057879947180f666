"""Two artworks side by side, with lines between the patches that match."""

from artsim.archive import UserError
from artsim.explore.queries import full_ids, refuse_protected
from artsim.gallery.request import Picture, Request, contained
from artsim.matching.archive_matches import ArchiveMatcher
from artsim.matching.draw import draw_matches, in_words
from artsim.pictures.captioned_pictures import captioned_pictures
from artsim.pictures.lettering import FAINT
from artsim.pictures.poster import poster
from artsim.pictures.tiles import Tile, paste
from artsim.vision.patches import DEFAULT


def matches(request: Request) -> Picture:
    """Draws the artworks ``id`` and ``to`` and their local matches. Raises ``UserError`` if one has no image."""
    options, archive, frame = request.options, request.archive, request.frame
    assert options.id is not None and options.to is not None
    pair = [full_ids(archive, [identifier])[0] for identifier in (options.id, options.to)]
    if pair[0] == pair[1]:
        raise UserError(f"`to` {options.to}: must differ from `id`")
    if options.public_only:
        refuse_protected(archive, pair)
    matcher = ArchiveMatcher(archive, options.local_backbone or DEFAULT)
    queries = [matcher.of_artwork(identifier) for identifier in pair]
    match = matcher.matches(queries[0], pair[1:])[0]
    assert match is not None
    sizes = request.sizes(pair)
    between = round(0.06 * frame.width)
    side = (frame.body - between) // 2
    shapes = [contained(sizes[identifier], side, side) for identifier in pair]
    height = max(shape[1] for shape in shapes)
    tiles = [
        Tile(identifier, left + (side - shape[0]) // 2, height - shape[1], *shape)
        for identifier, shape, left in zip(pair, shapes, (0, side + between), strict=True)
    ]
    small = frame.face(0.0115)
    words = request.words("Local matches", tiles, len(tiles), [in_words(match)])
    image, left, top = poster(frame.width, height + round(2.8 * small.line), words)
    paste(archive, image, tiles, left, top)
    places = [(left + tile.left, top + tile.top, tile.width, tile.height) for tile in tiles]
    draw_matches(image, match, places[0], places[1], max(2 * frame.line, 2))
    known = captioned_pictures(archive, pair, 1)
    for identifier, (x, *_) in zip(pair, places, strict=True):
        about = known[identifier]
        by = ", ".join(word for word in (about.artist, about.year, identifier) if word)
        y = top + height + round(0.5 * small.line)
        small.write(image, small.fitted(about.title, side), x, y)
        small.write(image, small.fitted(by, side), x, y + small.line, FAINT)
    return Picture(image, len(pair), len(pair))
