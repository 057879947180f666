"""Serves the sample museum on loopback, in its own process so that it keeps up with many requests.

python -m artsim.sample.site FOLDER 127.0.0.1 8000    # to look at a museum in a browser
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aiohttp import web

from .museum import Museum, load
from .routes import application


@contextmanager
def serve(folder: str | Path, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Run the site of the museum in ``folder``; yields its base address, such as http://127.0.0.1:41234.

    Port 0 picks a free port. The server ends with the block, and with this process, however that ends.

    Raises:
        RuntimeError: the server did not start: there is no museum in the folder, or the port is taken.
    """
    command = [sys.executable, "-m", "artsim.sample.site", str(Path(folder).absolute()), host, str(port)]
    paths = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    server = subprocess.Popen(  # noqa: S603 -- this interpreter, this module
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdin is not None and server.stdout is not None
    try:
        base = server.stdout.readline().strip()
        if not base:
            raise RuntimeError(f"the sample museum's server did not start: {' '.join(command)}")
        yield base
    finally:
        server.stdin.close()  # tells the server to end
        try:
            server.wait(5)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        server.stdout.close()


async def _run(museum: Museum, host: str, port: int) -> None:
    runner = web.AppRunner(application(museum), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    print(f"http://{host}:{runner.addresses[0][1]}", flush=True)
    # runs until the parent process closes the pipe or exits; at a terminal, until the end of input
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


def main(arguments: list[str]) -> None:
    """Serve FOLDER on HOST and PORT until standard input is closed."""
    folder, host, port = arguments
    asyncio.run(_run(load(folder), host, int(port)))


if __name__ == "__main__":
    main(sys.argv[1:])
