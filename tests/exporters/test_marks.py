"""Every exported picture says that it is synthetic, readers other than ours see it, and no pixel changes."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from exporters import coco, kitti, kitti_tracking, nuscenes
from exporters.marks import Mark, MarkError, find_packet, marked, read_mark
from exporters.verify import PICTURES
from sensors.provenance import REFINED, RENDERED, digital_source_type

from .conftest import Record

MARK = Mark("longtail 0.1.0", 0, "image", "0123456789ab", "CAM_FRONT", 7)
PIXELS = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
ENDINGS = pytest.mark.parametrize("ending", [".png", ".jpg"])


def encoded(ending: str, pixels: np.ndarray = PIXELS) -> bytes:
    done, data = cv2.imencode(ending, pixels)
    assert done
    return data.tobytes()


@ENDINGS
def test_only_the_packet_is_put_in(ending: str) -> None:
    plain = encoded(ending)
    picture = marked(plain, MARK)
    packet = find_packet(picture)
    assert packet == MARK.packet()
    start = picture.index(packet)
    head = (
        start - {".png": len("XML:com.adobe.xmp") + 5 + 8, ".jpg": len("http://ns.adobe.com/xap/1.0/") + 1 + 4}[ending]
    )
    end = start + len(packet) + (4 if ending == ".png" else 0)
    assert picture[:head] + picture[end:] == plain
    assert np.array_equal(
        cv2.imdecode(np.frombuffer(picture, np.uint8), -1), cv2.imdecode(np.frombuffer(plain, np.uint8), -1)
    )


@ENDINGS
def test_pillow_reads_the_mark(ending: str) -> None:
    with Image.open(io.BytesIO(marked(encoded(ending), MARK))) as picture:
        picture.load()
        packet = picture.info["XML:com.adobe.xmp" if ending == ".png" else "xmp"]
    text = packet if isinstance(packet, str) else packet.decode()
    assert f'Iptc4xmpExt:DigitalSourceType="{RENDERED}"' in text
    assert "Synthetic picture" in text


texts = st.text(st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="\ufffe\uffff"), max_size=30)


@given(texts, texts, texts, st.integers(0, 3), st.none() | st.integers(0, 10**6), st.none() | st.just("ab" * 32))
def test_a_mark_comes_back(
    generator: str, scene: str, sensor: str, generation: int, frame: int | None, parent: str | None
) -> None:
    mark = Mark(generator, generation, "image", scene, sensor, frame, parent)
    for ending in (".png", ".jpg"):
        assert read_mark(marked(encoded(ending), mark)) == mark


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_grey_pictures_of_either_depth_can_be_marked(depth: type) -> None:
    pixels = np.arange(600, dtype=depth).reshape(20, 30)
    picture = marked(encoded(".png", pixels), MARK)
    assert np.array_equal(cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_UNCHANGED), pixels)


def test_refined_pictures_are_edits_by_a_trained_model() -> None:
    assert (digital_source_type(0), digital_source_type(1), digital_source_type(2)) == (RENDERED, REFINED, REFINED)
    with pytest.raises(ValueError, match="generation -1"):
        digital_source_type(-1)


@ENDINGS
def test_what_cannot_be_marked_is_refused(ending: str) -> None:
    with pytest.raises(MarkError, match="already"):
        marked(marked(encoded(ending), MARK), MARK)
    with pytest.raises(MarkError, match="neither"):
        marked(b"GIF89a", MARK)
    with pytest.raises(MarkError, match="cut off"):
        marked(encoded(ending)[:20], MARK)
    assert read_mark(encoded(ending)) is None


def test_entities_are_refused() -> None:
    packet = MARK.packet().replace(b"<x:xmpmeta", b'<!DOCTYPE x [<!ENTITY a "b">]><x:xmpmeta')
    picture = marked(encoded(".png"), MARK).replace(MARK.packet(), packet)
    picture = picture.replace(picture[33:37], (len(packet) + 22).to_bytes(4, "big"), 1)
    with pytest.raises(MarkError, match="entities"):
        read_mark(picture)


@pytest.mark.parametrize("export", [kitti.export, kitti_tracking.export, nuscenes.export, coco.export])
def test_every_exported_picture_is_marked(export: Callable[..., object], record: Record, tmp_path: Path) -> None:
    export([record("nuscenes")], tmp_path / "set")
    pictures = [path for path in (tmp_path / "set").rglob("*") if path.suffix in PICTURES]
    marks = [read_mark(path.read_bytes()) for path in pictures]
    assert marks and all(mark and mark.source_type == RENDERED for mark in marks)
    places = {mark.place for mark in marks if mark}
    assert len(places) == len(marks)  # each says where it comes from, and no two the same
