"""HTTP answers: JSON, arrays and pictures, with what browsers may cache."""

import json
from typing import Any

import numpy as np
from fastapi import HTTPException, Request
from starlette.responses import Response

FOREVER = "private, max-age=31536000, immutable"
ASK = "private, no-cache"


def as_json(content: Any, status: int = 200) -> Response:
    """Answers JSON; characters that end a script element are escaped."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    body = text.replace("<", "\\u003c").encode("utf-8", "replace")
    return Response(body, status, {"Cache-Control": ASK}, "application/json")


def as_array(values: np.ndarray, request: Request, version: str) -> Response:
    """Answers the little-endian bytes of an array."""
    return cached(np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<")).tobytes(), request, version)


def as_jpeg(jpeg: bytes | None, request: Request, version: str) -> Response:
    """Answers a picture; 404 if there is none."""
    if jpeg is None:
        raise HTTPException(404, "this artwork has no image that can be read")
    return cached(jpeg, request, version, "image/jpeg")


def cached(body: bytes, request: Request, version: str, kind: str = "application/octet-stream") -> Response:
    """Answers bytes that change only with ``version``: an address with ``v=VERSION`` is never asked for again."""
    tag = f'"{version}"'
    headers = {"ETag": tag, "Cache-Control": FOREVER if request.query_params.get("v") == version else ASK}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=kind)
