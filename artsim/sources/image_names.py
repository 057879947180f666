"""File name extensions of images; the scraper decodes a file to find out whether it is one."""

ENDINGS = {"jpg", "jpeg", "jpe", "jfif", "png", "gif", "webp", "tif", "tiff", "bmp", "jp2", "avif"}
UNREAD = {"jpx", "heic"}  # also images, but in formats that the scraper reports as unsupported


def is_image_name(name: str) -> bool:
    """Return whether a file name has an image extension."""
    return name.rpartition(".")[2].lower() in ENDINGS and "." in name
