"""Whatever is done to a dataset is found and named; who signed it is told; refined pictures lead to their renders."""

from __future__ import annotations

import json
import random
import shutil
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from mcap.reader import make_reader

from exporters import coco, kitti, manifest, nuscenes
from exporters.credentials import Credentials, SignatureError, check_trust, load_certificates
from exporters.marks import read_mark
from exporters.publish import ExportError
from exporters.signing import sign
from exporters.validate import validate
from exporters.verify import PICTURES, verify
from sensors.frames import CameraFrame
from sensors.provenance import REFINED, RENDERED
from sensors.recording import Recording, RecordingError, RecordingWriter

from .conftest import Record
from .made_up import meta, small_rig
from .signers import BEGIN, KEYS, certificate, team

PICTURE, LABEL, OTHER = "training/image_2/000002.png", "training/label_2/000001.txt", "training/label_2/000004.txt"


@pytest.fixture(scope="module")
def folder(record: Record, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``plain``, ``signed`` and ``foreign``: a KITTI dataset, unsigned and signed by two teams."""
    folder = tmp_path_factory.mktemp("signed")
    kitti.export([record(), record(index=1)], folder / "plain")
    for name in ("Team", "Stranger"):
        sign(folder / "plain", folder / {"Team": "signed", "Stranger": "foreign"}[name], team(folder, name)[0])
    return folder


@pytest.fixture
def copied(folder: Path, tmp_path: Path) -> Callable[[str], Path]:
    def copy(name: str) -> Path:
        return shutil.copytree(folder / name, tmp_path / name)

    return copy


Copied = Callable[[str], Path]
BOTH = pytest.mark.parametrize("kind", ["plain", "signed"])


def told(root: Path, anchors: Path | None = None) -> list[str]:
    verdict = verify(root, load_certificates(anchors) if anchors else ())
    return [str(problem) for problem in verdict.problems]


@BOTH
def test_what_was_written_is_sound(kind: str, folder: Path) -> None:
    verdict = verify(folder / kind)
    assert verdict.problems == []
    assert any("generation 0" in note for note in verdict.notes)
    assert validate(folder / kind) == []


@BOTH
def test_one_changed_byte_is_found_wherever_it_is(kind: str, copied: Copied) -> None:
    root = copied(kind)
    draw = random.Random(0)
    plain = (root / PICTURE).read_bytes()
    for at in [0, 8, 40, len(plain) - 1, *draw.sample(range(len(plain)), 20)]:
        (root / PICTURE).write_bytes(plain[:at] + bytes([plain[at] ^ 1]) + plain[at + 1 :])
        problems = told(root)
        assert problems and all(problem.startswith(PICTURE) for problem in problems)
        assert "was changed since it was written" in problems[0]
    (root / PICTURE).write_bytes(plain)
    assert told(root) == []


@BOTH
def test_changes_to_files_are_named(kind: str, copied: Copied) -> None:
    root = copied(kind)
    first, second = (root / LABEL).read_bytes(), (root / OTHER).read_bytes()
    assert first != second
    (root / LABEL).write_bytes(second)
    (root / OTHER).write_bytes(first)
    assert told(root) == [
        f"{LABEL}: was changed: it holds what {OTHER} should",
        f"{OTHER}: was changed: it holds what {LABEL} should",
    ]
    (root / LABEL).write_bytes(first)
    (root / OTHER).write_bytes(second)
    (root / LABEL).unlink()
    assert told(root) == [f"{LABEL}: is missing"]
    (root / LABEL).symlink_to(root / OTHER)
    assert told(root) == [f"{LABEL}: is not a plain file"]
    (root / LABEL).unlink()
    (root / LABEL).write_bytes(first)
    (root / "training/label_2/000099.txt").write_bytes(second)
    assert told(root) == [f"training/label_2/000099.txt: was added; it holds what {OTHER} should"]


def test_a_picture_without_a_mark_is_named_even_where_the_manifest_knows_it(copied: Copied) -> None:
    root = copied("plain")
    pixels = cv2.imread(str(root / PICTURE))
    cv2.imwrite(str(root / PICTURE), pixels)
    manifest.write_statement(root, manifest.read(root).statement)
    assert told(root) == [f"{PICTURE}: mark: does not say that it is synthetic"]


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (b"digitalsourcetype/algorithmicMedia", b"digitalsourcetype/digitalCapture!!", "which generation 0 is not"),
        (b'generation="0"', b'generation="7"', "which generation 7 is not"),
        (b'scene="', b'scene="f', "of which the dataset was not made"),
    ],
)
def test_a_mark_that_lies_is_named(before: bytes, after: bytes, message: str, copied: Copied) -> None:
    root = copied("plain")
    picture = (root / PICTURE).read_bytes()
    length = int.from_bytes(picture[33:37], "big")
    body = picture[37 : 41 + length].replace(before, after)
    head = (len(body) - 4).to_bytes(4, "big")
    picture = picture[:33] + head + body + zlib.crc32(body).to_bytes(4, "big") + picture[45 + length :]
    (root / PICTURE).write_bytes(picture)
    manifest.write_statement(root, manifest.read(root).statement)
    assert any(message in problem for problem in told(root))


def test_a_forged_manifest_breaks_the_signature(copied: Copied) -> None:
    root = copied("signed")
    (root / LABEL).write_text("")
    manifest.write_statement(root, manifest.read(root).statement)
    [problem] = told(root)
    assert problem.startswith(f"{manifest.SIGNATURE}: the signature does not hold")


def test_a_foreign_picture_is_named(copied: Copied, folder: Path) -> None:
    root = copied("signed")
    shutil.copy(folder / "foreign" / PICTURE, root / PICTURE)
    problems = told(root)
    assert len(problems) == 2
    assert problems[1].startswith(f"{PICTURE}: signature: is signed with a foreign certificate (Stranger")


def test_a_picture_whose_signature_was_taken_out_is_named(copied: Copied, folder: Path) -> None:
    root = copied("signed")
    shutil.copy(folder / "plain" / PICTURE, root / PICTURE)
    assert told(root)[1] == f"{PICTURE}: signature: has no content credentials"


def test_whom_to_trust(folder: Path, copied: Copied) -> None:
    ours, theirs = folder / "Team.root", folder / "Stranger.root"
    assert told(folder / "signed", ours) == []
    assert told(folder / "signed", folder / "Team.pem") == []  # the signer's own certificate will do
    [problem] = told(folder / "foreign", ours)
    assert "signed by CN=Stranger" in problem and "vouches for" in problem
    assert told(folder / "foreign", theirs) == []
    assert told(folder / "plain", ours) == [f"{manifest.SIGNATURE}: is missing: the dataset is not signed"]
    root = copied("signed")
    (root / manifest.SIGNATURE).unlink()
    assert any("is not signed" in problem for problem in told(root, ours))
    (root / manifest.SIGNATURE).write_text("rubbish")
    assert told(root)[0].startswith(f"{manifest.SIGNATURE}: the signature")


def test_an_expired_certificate_is_not_trusted(folder: Path, tmp_path: Path) -> None:
    expired, root = team(tmp_path, "Old", end=BEGIN + timedelta(days=1))
    with pytest.raises(SignatureError, match="not valid today"):
        check_trust(expired.chain, load_certificates(root))


def test_a_team_cannot_vouch_for_others(tmp_path: Path) -> None:
    """A certificate that is no authority's counts for itself alone."""
    ours, root = team(tmp_path, "Team")
    key = load_pem_private_key(ours.key, None)
    other = certificate("Impostor", KEYS["Ed25519"](), ours.chain[0], key)
    with pytest.raises(SignatureError, match="Impostor"):
        check_trust((other, *ours.chain), load_certificates(root))


@pytest.mark.parametrize("kind", KEYS)
def test_signatures_of_every_kind_of_key(kind: str, tmp_path: Path, record: Record) -> None:
    credentials, root = team(tmp_path, "Team", kind)
    coco.export([record(duration=0.1)], tmp_path / "plain")
    assert sign(tmp_path / "plain", tmp_path / "signed", credentials) > 0
    assert told(tmp_path / "signed", root) == []


def test_signing_leaves_the_pixels_and_all_other_files(folder: Path) -> None:
    for name in manifest.files(folder / "plain"):
        plain, signed = folder / "plain" / name, folder / "signed" / name
        if plain.suffix in PICTURES:
            assert np.array_equal(cv2.imread(str(plain), -1), cv2.imread(str(signed), -1))
            assert read_mark(plain.read_bytes()) == read_mark(signed.read_bytes())
        else:
            assert plain.read_bytes() == signed.read_bytes()


def test_what_is_not_signed(folder: Path, copied: Copied, tmp_path: Path) -> None:
    credentials = Credentials.load(folder / "Team.pem", folder / "Team.key")
    with pytest.raises(ExportError, match="signed already"):
        sign(folder / "signed", tmp_path / "twice", credentials)
    root = copied("plain")
    (root / LABEL).write_text("")
    with pytest.raises(ExportError, match=r"not as it was written.*000001\.txt"):
        sign(root, tmp_path / "bad", credentials)
    with pytest.raises(ExportError, match="is not the key"):
        Credentials.load(folder / "Team.pem", folder / "Stranger.key")
    for certificates, key in ((tmp_path / "none", folder / "Team.key"), (folder / "Team.pem", folder / "Team.pem")):
        with pytest.raises(ExportError, match="cannot be read"):
            Credentials.load(certificates, key)
    assert not (tmp_path / "bad").exists()


@pytest.fixture(scope="module")
def scenes(record: Record, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a render and its refined version (darker)."""
    folder = tmp_path_factory.mktemp("recordings")
    shutil.copy(record("nuscenes"), folder / "render.mcap")
    render = Recording(folder / "render.mcap")
    refined = replace(render.meta, generation=1, parent=manifest.sha256(folder / "render.mcap"))
    with RecordingWriter(folder / "refined.mcap", refined) as writer:
        for frame in render.frames():
            cameras = {name: shot_darker(shot) for name, shot in frame.cameras.items()}
            writer.write(replace(frame, cameras=cameras))
    return folder


def shot_darker(shot: CameraFrame) -> CameraFrame:
    values = (shot.depth, shot.semantic, shot.instance, shot.views)
    return CameraFrame(shot.sensor, shot.world_from_camera, shot.image // 2, *values)


@pytest.mark.parametrize("export", [kitti.export, nuscenes.export, coco.export])
def test_refined_pictures_lead_to_their_renders(
    export: Callable[..., object], scenes: Path, folder: Path, tmp_path: Path
) -> None:
    credentials = Credentials.load(folder / "Team.pem", folder / "Team.key")
    export([scenes / "render.mcap"], tmp_path / "renders")
    export([scenes / "refined.mcap"], tmp_path / "refined")
    marks = [read_mark(path.read_bytes()) for path in (tmp_path / "refined").rglob("*") if path.suffix in PICTURES]
    kinds = {(mark.generation, mark.source_type) for mark in marks if mark and mark.content not in ("map", "basemap")}
    assert kinds == {(1, REFINED)}
    assert {mark.parent for mark in marks if mark and mark.generation} == {manifest.sha256(scenes / "render.mcap")}
    with pytest.raises(ExportError, match="--parent"):
        sign(tmp_path / "refined", tmp_path / "none", credentials)
    with pytest.raises(ExportError, match="is not signed"):
        sign(tmp_path / "refined", tmp_path / "none", credentials, [tmp_path / "renders"])
    sign(tmp_path / "renders", tmp_path / "signed-renders", credentials)
    sign(tmp_path / "refined", tmp_path / "signed", credentials, [tmp_path / "signed-renders"])
    assert told(tmp_path / "signed", folder / "Team.root") == []


def test_both_generations_in_one_dataset(scenes: Path, folder: Path, tmp_path: Path) -> None:
    coco.export([scenes / "refined.mcap", scenes / "render.mcap"], tmp_path / "set")
    assert validate(tmp_path / "set") == []
    assert manifest.read(tmp_path / "set").generation == 1
    sign(tmp_path / "set", tmp_path / "signed", Credentials.load(folder / "Team.pem", folder / "Team.key"))
    assert told(tmp_path / "signed") == []
    statement = manifest.read(tmp_path / "set").statement
    statement["predicate"]["buildDefinition"]["resolvedDependencies"][1]["annotations"]["parent"] = "0" * 64
    manifest.write_statement(tmp_path / "set", statement)
    assert any("another parent than the recording beside it" in problem for problem in told(tmp_path / "set"))


def test_recordings_tell_what_they_are(scenes: Path) -> None:
    for name, kind in (("render", RENDERED), ("refined", REFINED)):
        with (scenes / f"{name}.mcap").open("rb") as file:
            [said] = [entry.metadata for entry in make_reader(file).iter_metadata()]
        assert (said["synthetic"], said["digital_source_type"]) == ("true", kind)
    assert said["parent"] == manifest.sha256(scenes / "render.mcap")
    assert verify(scenes).problems == []


def test_recordings_that_were_tampered_with(scenes: Path, tmp_path: Path, record: Record) -> None:
    root = shutil.copytree(scenes, tmp_path / "recordings")
    shutil.copy(record("nuscenes", index=1), root / "another.mcap")
    data = bytearray((root / "another.mcap").read_bytes())
    data[len(data) // 2] ^= 1
    (root / "another.mcap").write_bytes(data)
    assert [problem.file for problem in verify(root).problems] == ["recordings/another.mcap"]
    (root / "another.mcap").unlink()
    shutil.copy(root / "refined.mcap", root / "other.mcap")
    original = Recording(root / "render.mcap")
    with RecordingWriter(root / "render.mcap", replace(original.meta, title="Another")) as writer:
        for frame in list(original.frames()):
            writer.write(frame)
    assert all("is not the recording that it was refined from" in str(one) for one in verify(root).problems)
    assert verify(root).problems


@pytest.mark.parametrize(("generation", "parent"), [(1, None), (0, "0" * 64)])
def test_only_a_refined_recording_has_a_parent(generation: int, parent: str | None, tmp_path: Path) -> None:
    about = replace(meta(small_rig("kitti"), "boxes", 0), generation=generation, parent=parent)
    with pytest.raises(RecordingError, match="names the SHA-256"):
        RecordingWriter(tmp_path / "a.mcap", about)


def test_the_output_folder_of_a_job(scenes: Path, folder: Path, tmp_path: Path) -> None:
    shutil.copytree(scenes, tmp_path / "recordings")
    shutil.copytree(folder / "plain", tmp_path / "kitti")
    (tmp_path / "logs").mkdir()
    assert verify(tmp_path).problems == []
    (tmp_path / "kitti" / manifest.NAME).unlink()  # without it, nothing tells what should be there
    [problem] = verify(tmp_path).problems
    assert problem.file == f"kitti/{manifest.NAME}"


def test_single_files(folder: Path, scenes: Path, tmp_path: Path) -> None:
    assert "synthetic, generation 0" in verify(folder / "plain" / PICTURE).notes[0]
    assert verify(scenes / "render.mcap").problems == []
    cv2.imwrite(str(tmp_path / "photo.jpg"), np.zeros((8, 8, 3), np.uint8))
    assert "does not say" in str(verify(tmp_path / "photo.jpg").problems[0])
    (tmp_path / "broken.png").write_bytes(b"")
    assert verify(tmp_path / "broken.png").problems
    with pytest.raises(ExportError, match="nothing that can be verified"):
        verify(tmp_path / "absent")


@pytest.mark.parametrize("text", ["{", "{}", "[]", json.dumps({"_type": "x", "predicateType": "y"})])
def test_a_broken_manifest_is_named(text: str, copied: Copied) -> None:
    root = copied("plain")
    (root / manifest.NAME).write_text(text)
    assert told(root)[0].startswith(f"{manifest.NAME}: is no manifest of Longtail's")
