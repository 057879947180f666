"""The page: a web server that shows one archive, and the page that it serves."""
