"""A plain socket in front of a connection that speaks TLS, because Python has no TLS on top of an SSLSocket.

Needed for https through a proxy that is itself spoken to over TLS. One thread moves the bytes of one connection.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading

# As much as waits in each direction; more would only hide a slow reader.
_WAITING_BYTES = 128 * 1024


def plain(secured: ssl.SSLSocket) -> socket.socket:
    """A socket whose other end is `secured`, from now on the thread's. It ends when either side does."""
    near, far = socket.socketpair()
    secured.setblocking(False)
    far.setblocking(False)
    threading.Thread(target=_move, args=(far, secured), daemon=True).start()
    return near


def _move(far: socket.socket, secured: ssl.SSLSocket) -> None:
    up, down = bytearray(), bytearray()
    # A connection that breaks or is closed by the acquisition's end reads as ended on the near side.
    with contextlib.suppress(OSError, ValueError), far, secured:
        while True:
            readers: list[socket.socket] = [secured] if len(down) < _WAITING_BYTES else []
            readers += [far] if len(up) < _WAITING_BYTES else []
            writers: list[socket.socket] = [secured] if up else []
            writers += [far] if down else []
            readable, _, _ = select.select(readers, writers, [])
            if far in readable:
                data = far.recv(_WAITING_BYTES)
                if not data:
                    return
                up += data
            with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
                while up:
                    del up[: secured.send(up)]
            if not _read(secured, down):
                break
            _write(far, down)
        far.setblocking(True)
        far.sendall(down)


def _read(secured: ssl.SSLSocket, down: bytearray) -> bool:
    """Take what is there; False at the end."""
    with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
        while len(down) < _WAITING_BYTES:
            data = secured.recv(_WAITING_BYTES)
            if not data:
                return False
            down += data
    return True


def _write(far: socket.socket, down: bytearray) -> None:
    with contextlib.suppress(BlockingIOError):
        while down:
            del down[: far.send(down)]
