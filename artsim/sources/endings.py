"""Names that say "an image"; whether it is one the scraper finds out by looking into it."""

ENDINGS = {"jpg", "jpeg", "jpe", "jfif", "png", "gif", "webp", "tif", "tiff", "bmp", "jp2", "avif"}
UNREAD = {"jpx", "heic"}  # images too, of kinds that the scraper calls unsupported


def is_image_name(name: str) -> bool:
    """Whether a file's name ends as those of images do."""
    return name.rpartition(".")[2].lower() in ENDINGS and "." in name
