"""Runs inside the cage: starts the browser and carries its connections to the proxy outside. A script of its own.

The cage has no network but its own loopback, and a browser can only be told of a proxy by host and port. So this
listens on a port in there, and joins every connection to the Unix socket that was put into the cage. It judges nothing;
all that the browser can do through it is talk to the guarded proxy.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading

# A pipe's worth: more would only be held here.
_BLOCK_BYTES = 64 * 1024


def main() -> None:
    """`relay.py SOCKET PORT PROGRAM ARGUMENT...`: ends when the program ends, with its code."""
    path, port, *command = sys.argv[1:]
    listener = socket.create_server(("127.0.0.1", int(port)), backlog=128)
    # A browser that a page has made eat all memory is the first one that the kernel is to end.
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")
    browser = subprocess.Popen(command, pass_fds=(3, 4), stdin=subprocess.DEVNULL)
    for one in (3, 4):
        os.close(one)  # so that the other end sees when the browser is gone
    threading.Thread(target=serve, args=(listener, path), daemon=True).start()
    os._exit(browser.wait() & 0xFF)


def serve(listener: socket.socket, path: str) -> None:
    """Join every connection to the Unix socket at `path`."""
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_join, args=(client, path), daemon=True).start()


def _join(client: socket.socket, path: str) -> None:
    way = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with client, way, contextlib.suppress(OSError):
        way.connect(path)
        back = threading.Thread(target=_carry, args=(way, client), daemon=True)
        back.start()
        _carry(client, way)
        back.join()


def _carry(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while block := source.recv(_BLOCK_BYTES):
            target.sendall(block)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    main()
