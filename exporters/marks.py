"""Marks: every picture says in its XMP packet that it is synthetic and where it comes from. No pixel changes.

EU AI Act (Regulation 2024/1689), Art. 50(2): outputs are marked in a machine-readable format and detectable as
artificially generated. XMP: ISO 16684-1; its place in PNG and JPEG: XMP Specification Part 3; the properties: IPTC
Photo Metadata Standard (``Iptc4xmpExt``), and one namespace of our own for the lineage.
"""

from __future__ import annotations

import struct
import xml.etree.ElementTree as ET
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from xml.sax.saxutils import escape, quoteattr

from sensors.frames import SceneMeta
from sensors.provenance import digital_source_type

OWN = "urn:longtail:mark:1:"
"""Namespace of the lineage's properties."""

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_XMP = "http://ns.adobe.com/xap/1.0/"
_DC = "http://purl.org/dc/elements/1.1/"
_PNG_MAGIC, _JPEG_MAGIC = b"\x89PNG\r\n\x1a\n", b"\xff\xd8"
_PNG_KEYWORD = b"XML:com.adobe.xmp\0\0\0\0\0"
"""Keyword, then uncompressed, no language, no translated keyword: as the specification wants it."""
_PNG_HEAD = len(_PNG_MAGIC) + 25  # magic and IHDR, which comes first
_APP0, _APP1, _SCAN, _END = 0xE0, 0xE1, 0xDA, 0xD9
_JPEG_KEYWORD = _XMP.encode() + b"\0"
_MOST = 0xFFFF - 2  # bytes in a JPEG segment, less its length


class MarkError(ValueError):
    """A file that cannot carry a mark, or whose mark cannot be read."""


@dataclass(frozen=True)
class Mark:
    """What a picture says of itself.

    Attributes:
        generator: e.g. ``longtail 0.1.0``.
        generation: see ``sensors.provenance``.
        content: what its pixels mean: ``image``, ``depth``, ``semantic``, ``flow``, ``map``, ...
        scene: id of the scene, or of the map.
        sensor, frame: which sensor took it on which tick; empty and None for what no sensor took.
        parent: of a refined picture: SHA-256 of the recording that its scene was made from.
        source_type: IPTC's digital source type; follows from the generation where a mark is made.
    """

    generator: str
    generation: int
    content: str
    scene: str
    sensor: str = ""
    frame: int | None = None
    parent: str | None = None
    source_type: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "source_type", self.source_type or digital_source_type(self.generation))

    @classmethod
    def of(cls, meta: SceneMeta, sensor: str, frame: int, content: str = "image") -> Mark:
        """The mark of what a sensor of a scene took on a tick."""
        return cls(meta.generator, meta.generation, content, meta.scene_id, sensor, frame, meta.parent)

    @property
    def rendered(self) -> Mark:
        """The mark of the picture one generation before, less what only its own recording knows (its parent)."""
        return replace(self, generation=self.generation - 1, parent=None, source_type="")

    @property
    def place(self) -> tuple[str, int, str, int | None, str]:
        """What tells pictures apart: scene, generation, sensor, frame and content."""
        return (self.scene, self.generation, self.sensor, self.frame, self.content)

    def packet(self) -> bytes:
        """The XMP packet: the same mark has the same bytes."""
        properties = {
            "Iptc4xmpExt:DigitalSourceType": self.source_type,
            "xmp:CreatorTool": self.generator,
            "longtail:generation": str(self.generation),
            "longtail:content": self.content,
            "longtail:scene": self.scene,
            "longtail:sensor": self.sensor,
            "longtail:frame": "" if self.frame is None else str(self.frame),
            "longtail:parent": self.parent or "",
        }
        said = "".join(f"\n  {name}={quoteattr(value)}" for name, value in properties.items() if value)
        how = "rendered and then refined by a trained model" if self.generation else "rendered by an algorithm"
        words = escape(f"Synthetic picture, {how}. It shows no real person or place.")
        return (
            '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
            f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{_RDF}">\n'
            f' <rdf:Description rdf:about="" xmlns:Iptc4xmpExt="{_IPTC}" xmlns:xmp="{_XMP}" xmlns:dc="{_DC}"'
            f' xmlns:longtail="{OWN}"{said}>\n'
            f'  <dc:description><rdf:Alt><rdf:li xml:lang="x-default">{words}</rdf:li></rdf:Alt></dc:description>\n'
            ' </rdf:Description>\n</rdf:RDF></x:xmpmeta>\n<?xpacket end="r"?>'
        ).encode()


def marked(picture: bytes, mark: Mark) -> bytes:
    """A PNG or JPEG file with the mark in it; its compressed pixels are copied as they are.

    Raises:
        MarkError: it is neither, is cut off, or carries an XMP packet already.
    """
    if find_packet(picture) is not None:
        raise MarkError("the picture carries an XMP packet already")
    packet = mark.packet()
    if picture.startswith(_PNG_MAGIC):
        if len(picture) < _PNG_HEAD:
            raise MarkError("the picture is cut off")
        body = b"iTXt" + _PNG_KEYWORD + packet
        chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
        return picture[:_PNG_HEAD] + chunk + picture[_PNG_HEAD:]
    body = _JPEG_KEYWORD + packet
    if len(body) > _MOST:
        raise MarkError(f"an XMP packet of {len(packet)} bytes does not fit into a JPEG segment")
    # JFIF wants its APP0 to be the first segment.
    at = next((end for marker, _, end in _segments(picture) if marker == _APP0), len(_JPEG_MAGIC))
    segment = bytes([0xFF, _APP1]) + struct.pack(">H", len(body) + 2) + body
    return picture[:at] + segment + picture[at:]


def read_mark(picture: bytes) -> Mark | None:
    """The mark of a PNG or JPEG file, or None when it has none of Longtail's. Looks only at what precedes the pixels.

    Raises:
        MarkError: the file is neither PNG nor JPEG or is cut off, or its mark makes no sense.
    """
    packet = find_packet(picture)
    if packet is None:
        return None
    if b"<!DOCTYPE" in packet or b"<!ENTITY" in packet:
        raise MarkError("its XMP packet declares entities, which no mark does")
    try:
        tree = ET.fromstring(packet.decode("utf-8").strip("\ufeff\0 \n"))
    except (ET.ParseError, UnicodeDecodeError) as error:
        raise MarkError(f"its XMP packet is no XML ({error})") from None
    found = tree.find(f".//{{{_RDF}}}Description[@{{{OWN}}}generation]")
    if found is None:
        return None
    own = {name: found.get(f"{{{OWN}}}{name}", "") for name in ("generation", "content", "scene", "sensor", "frame")}
    source_type = found.get(f"{{{_IPTC}}}DigitalSourceType", "")
    if not source_type:
        raise MarkError("its mark names no digital source type")
    try:
        return Mark(
            generator=found.get(f"{{{_XMP}}}CreatorTool", ""),
            generation=int(own["generation"]),
            content=own["content"],
            scene=own["scene"],
            sensor=own["sensor"],
            frame=int(own["frame"]) if own["frame"] else None,
            parent=found.get(f"{{{OWN}}}parent") or None,
            source_type=source_type,
        )
    except ValueError as error:
        raise MarkError(f"its mark makes no sense ({error})") from None


def find_packet(picture: bytes) -> bytes | None:
    """A PNG or JPEG file's XMP packet, or None.

    Raises:
        MarkError: the file is neither, or is cut off before its pixels.
    """
    try:
        if picture.startswith(_PNG_MAGIC):
            pieces, keyword = _chunks(picture), _PNG_KEYWORD
        elif picture.startswith(_JPEG_MAGIC):
            pieces = (picture[start:end] for marker, start, end in _segments(picture) if marker == _APP1)
            keyword = _JPEG_KEYWORD
        else:
            raise MarkError("it is neither a PNG nor a JPEG picture")
        return next((piece[len(keyword) :] for piece in pieces if piece.startswith(keyword)), None)
    except (struct.error, IndexError):
        raise MarkError("the picture is cut off") from None


def _chunks(picture: bytes) -> Iterator[bytes]:
    """The contents of a PNG file's international texts. They may stand behind the pixels too, so all are looked at."""
    at = len(_PNG_MAGIC)
    while at < len(picture):
        length, kind = struct.unpack_from(">I4s", picture, at)
        if kind == b"iTXt":
            yield picture[at + 8 : at + 8 + length]
        at += length + 12


def _segments(picture: bytes) -> Iterator[tuple[int, int, int]]:
    """A JPEG file's segments before its pixels: marker, first byte of the contents, and first byte behind them."""
    at = len(_JPEG_MAGIC)
    while picture[at] == 0xFF and picture[at + 1] not in (_SCAN, _END):
        (length,) = struct.unpack_from(">H", picture, at + 2)
        yield picture[at + 1], at + 4, at + 2 + length
        at += 2 + length
