"""A QUIC connection to a node, and the frames on its streams (`docs/protocol/` section 8.2): honest
unless it is told otherwise. It must not know what a frame means.

A `Wire` sends frames by class, and raw bytes where a lie needs them; it hands out frames as they
came, and says how the other end closed. `Deaf` gives no more room than it had at first, as a peer
that never reads; `Dripping` gives it byte by byte."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import Any

from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import (
    ConnectionTerminated, DatagramFrameReceived, QuicEvent, StreamDataReceived, StreamReset,
)

import paths  # noqa: F401  # makes the next one importable
import cbor
from identity import Identity, public_bytes
from refusals import code_name

ALPN = "comity/1"
LINK, FEED, HISTORY = 1, 2, 3
HEARD_S_MAX = 20.0
"""How long whatever is expected of a node may take."""

_LENGTH_BYTES = 4
_WINDOW_BYTES = 16 * 1024 * 1024
_DATAGRAM_FRAME_BYTES = 65_535
_RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024
"""Acknowledgements of a long frame, and the goodbye after them, wait here while it is packed: what
finds no room is lost, and a node does not say goodbye for long."""
_BATCH, _BACKFILL = 4, 12

Frame = tuple[int, tuple[Any, ...]]


class Gone(Exception):
    """The node ended the link; `code` is the name of what it said, `how` all that is known."""

    def __init__(self, code: str, how: str) -> None:
        self.code = code
        super().__init__(how)


class Wire(QuicConnectionProtocol):
    """One connection."""

    def __init__(self, quic: QuicConnection, stream_handler: Any = None) -> None:
        super().__init__(quic, stream_handler)
        self.frames: asyncio.Queue[Frame] = asyncio.Queue()
        self.datagrams: list[Any] = []
        self.ended: asyncio.Future[Gone] = asyncio.get_running_loop().create_future()
        self.kept: list[bytes] | None = None
        """Every packet that goes out, while somebody keeps them."""
        self._streams: dict[int, int] = {}
        self._coming: dict[int, bytearray] = {}
        self._classes_heard: set[int] = set()

    @property
    def quic(self) -> QuicConnection:
        """The connection itself, for lies below the frames."""
        return self._quic

    def key_shown(self) -> bytes:
        """The key of the certificate that the other end has shown."""
        certificate = self._quic.tls._peer_certificate
        return public_bytes(certificate.public_key())

    # Saying.

    def say(self, number: int, *fields: Any) -> None:
        """Sends a frame in the class where it belongs."""
        classes = {_BATCH: FEED, _BACKFILL: HISTORY}
        cls = classes.get(number, LINK)
        if number == _BATCH and len(fields[0]) == 2:
            cls = HISTORY
        self.say_bytes(cls, cbor.encode([number, list(fields)]))

    def say_bytes(self, cls: int, frame: bytes) -> None:
        """Sends bytes as a frame."""
        self.pour(cls, len(frame).to_bytes(_LENGTH_BYTES, "big") + frame)

    def pour(self, cls: int, data: bytes, end: bool = False) -> None:
        """Puts bytes on a class's stream as they are, after the class where it is the first."""
        if cls not in self._streams:
            self._streams[cls] = self.open_stream()
            data = bytes([cls]) + data
        self._quic.send_stream_data(self._streams[cls], data, end)
        self.transmit()

    def open_stream(self, is_unidirectional: bool = True) -> int:
        """Another stream's number; nothing is sent on it yet."""
        stream = self._quic.get_next_available_stream_id(is_unidirectional)
        self._quic._get_or_create_stream_for_send(stream)
        return stream

    def stream_of(self, cls: int) -> int:
        """The stream of a class that has one."""
        return self._streams[cls]

    @property
    def first_heard(self) -> int:
        """The first stream on which the node said something."""
        return min(self._classes_heard)

    def put(self, stream: int, data: bytes, end: bool = False) -> None:
        """Puts bytes on a stream."""
        self._quic.send_stream_data(stream, data, end)
        self.transmit()

    def datagram(self, data: bytes) -> None:
        """Sends a datagram."""
        self._quic.send_datagram_frame(data)
        self.transmit()

    def unsent(self, cls: int) -> int:
        """Bytes of a class that wait to be sent, or to be acknowledged."""
        sender = self._quic._streams[self._streams[cls]].sender
        return len(sender._buffer)

    def connection_made(self, transport: Any) -> None:
        """Called by the library."""
        super().connection_made(_Keeper(transport, self))

    def leave(self, code: int = 0) -> None:
        """Closes in order."""
        self._quic.close(error_code=code)
        self.transmit()

    def vanish(self) -> None:
        """Is gone without a word."""
        if self._transport is not None:
            self._transport.close()

    # Hearing.

    async def next(self, seconds: float = HEARD_S_MAX) -> Frame:
        """The next frame; raises `Gone` where the link ended, after all that came before."""
        if self.frames.empty() and not self.ended.done():
            getting = asyncio.ensure_future(self.frames.get())
            try:
                await asyncio.wait(
                    {getting, self.ended}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
                )
                if getting.done():
                    return getting.result()
            finally:
                getting.cancel()
        if not self.frames.empty():
            return self.frames.get_nowait()
        if self.ended.done():
            raise self.ended.result()
        raise TimeoutError("the node says nothing")

    async def closed(self, seconds: float = HEARD_S_MAX) -> str:
        """How the node ends the link: the name of its code. What it says before is passed over."""
        try:
            gone = await asyncio.wait_for(asyncio.shield(self.ended), seconds)
        except (asyncio.TimeoutError, TimeoutError):
            return "nothing"
        return gone.code

    def quic_event_received(self, event: QuicEvent) -> None:
        """Called by the library."""
        if isinstance(event, StreamDataReceived):
            self._take(event.stream_id, event.data)
        elif isinstance(event, DatagramFrameReceived):
            self.datagrams.append(cbor.decode(event.data))
        elif isinstance(event, StreamReset):
            pass  # No honest node resets a stream; what follows it says why.
        elif isinstance(event, ConnectionTerminated) and not self.ended.done():
            self.ended.set_result(_gone(event))

    def _take(self, stream: int, data: bytes) -> None:
        coming = self._coming.setdefault(stream, bytearray())
        is_first = stream not in self._classes_heard
        coming += data
        if is_first and coming:
            self._classes_heard.add(stream)
            del coming[0]
        while len(coming) >= _LENGTH_BYTES:
            end = _LENGTH_BYTES + int.from_bytes(coming[:_LENGTH_BYTES], "big")
            if len(coming) < end:
                return
            frame = cbor.decode(bytes(coming[_LENGTH_BYTES:end]))
            del coming[:end]
            self.frames.put_nowait(frame)


class _Keeper:
    """A transport that keeps what goes out where its wire wants that."""

    def __init__(self, transport: Any, wire: Wire) -> None:
        self._transport = transport
        self._wire = wire

    def sendto(self, data: bytes, address: Any) -> None:
        """Called by the library."""
        if self._wire.kept is not None:
            self._wire.kept.append(data)
        # A timer of the library may still want to send on what was closed.
        if not self._transport.is_closing():
            self._transport.sendto(data, address)

    def close(self) -> None:
        """Called by the library."""
        self._transport.close()


class Deaf(QuicConnection):
    """A connection that never makes room for more than it did at first."""

    def _write_connection_limits(self, builder: Any, space: Any) -> None:
        pass

    def _write_stream_limits(self, builder: Any, space: Any, stream: Any) -> None:
        pass


class Dripping(QuicConnection):
    """A connection that makes room for one byte more on a stream once all that it had room for has
    come."""

    def _write_stream_limits(self, builder: Any, space: Any, stream: Any) -> None:
        room, came = stream.max_stream_data_local, stream.receiver.highest_offset
        if room and came >= room:
            stream.max_stream_data_local = came + 1
        # The library doubles what is half used, and says what it has not said yet.
        stream.receiver.highest_offset = 0
        try:
            super()._write_stream_limits(builder, space, stream)
        finally:
            # There may be no room for it in the packet.
            stream.receiver.highest_offset = came


def configuration(identity: Identity | None, window: int = _WINDOW_BYTES) -> QuicConfiguration:
    """What an honest peer offers; without an identity it shows no certificate."""
    config = QuicConfiguration(
        is_client=True, alpn_protocols=[ALPN], verify_mode=ssl.CERT_NONE,
        max_datagram_frame_size=_DATAGRAM_FRAME_BYTES, max_data=window, max_stream_data=window,
    )
    if identity is not None:
        config.certificate, config.private_key = identity.certificate(), identity.key
    return config


async def dial(
    address: tuple[str, int], config: QuicConfiguration, kind: type[QuicConnection] = QuicConnection
) -> Wire:
    """Connects; raises `Gone` where the handshake fails."""
    loop = asyncio.get_running_loop()
    transport, wire = await loop.create_datagram_endpoint(
        lambda: Wire(kind(configuration=config)), local_addr=("0.0.0.0", 0)
    )
    socket_under = transport.get_extra_info("socket")
    socket_under.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
    wire.connect(address)
    try:
        await asyncio.wait_for(wire.wait_connected(), HEARD_S_MAX)
    except ConnectionError:
        raise await wire.ended from None
    return wire


def _gone(event: ConnectionTerminated) -> Gone:
    # A close of the transport names a frame, or none, in a field that an application's has not.
    is_application = event.frame_type is None
    code = code_name(event.error_code) if is_application else f"transport {event.error_code:#x}"
    return Gone(code, f"{code}: {event.reason_phrase}")
