"""Content credentials: C2PA manifests in pictures, by ``c2pa-python``. The pixels stay as they are.

C2PA Technical Specification 2; a signed picture has random identifiers in it, so two signings differ.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from exporters.credentials import Certificates, Credentials, name_of
from exporters.marks import Mark

_OFFLINE = {"remote_manifest_fetch": False, "ocsp_fetch": False}
_ALGORITHMS = {"Ed25519": b"ed25519", "ES256": b"es256", "ES384": b"es384", "ES512": b"es512", "PS256": b"ps256"}


def media_type(picture: bytes) -> str:
    """Of a PNG or JPEG file."""
    return "image/png" if picture.startswith(b"\x89PNG") else "image/jpeg"


class PictureSigner:
    """Signs pictures with one key. Thumbnails are off: they would add hundreds of kilobytes to a file."""

    def __init__(self, credentials: Credentials) -> None:
        settings = {
            "builder": {"thumbnail": {"enabled": False}},
            "verify": {"verify_after_sign": False, **_OFFLINE},
        }
        self._context = c2pa.Context(c2pa.Settings.from_dict(settings))
        algorithm = _ALGORITHMS[credentials.algorithm]
        info = c2pa.C2paSignerInfo(algorithm, credentials.chain_pem, credentials.key, None)
        self._signer = c2pa.Signer.from_info(info)

    def sign(self, picture: bytes, name: str, mark: Mark, parent: bytes | None = None) -> bytes:
        """The picture with a manifest that says how it was made.

        Args:
            picture: a PNG or JPEG file.
            name: the file's.
            mark: the picture's.
            parent: of a refined picture, the signed picture that it was made of.
        """
        kind = media_type(picture)
        generator, _, version = mark.generator.rpartition(" ")
        if parent is None:
            actions: list[dict[str, Any]] = [{"action": "c2pa.created", "digitalSourceType": mark.source_type}]
        else:
            opened = {"action": "c2pa.opened", "parameters": {"ingredientIds": ["parent"]}}
            actions = [opened, {"action": "c2pa.edited", "digitalSourceType": mark.source_type}]
        manifest = {
            "claim_generator_info": [{"name": generator or "longtail", "version": version}],
            "title": name,
            "format": kind,
            "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": actions}}],
        }
        with c2pa.Builder(manifest, self._context) as builder:
            if parent is not None:
                about = {"title": "before refinement", "relationship": "parentOf", "label": "parent"}
                builder.add_ingredient(about, media_type(parent), BytesIO(parent))
            signed = BytesIO()
            builder.sign(self._signer, kind, BytesIO(picture), signed)
        return signed.getvalue()


@dataclass(frozen=True)
class Finding:
    """What a picture's content credentials say.

    Attributes:
        problem: what is wrong with them, or empty.
        source_types: IPTC's digital source types of what was done to it.
        parent: whether it names a signed picture that it was made of.
    """

    problem: str
    source_types: tuple[str, ...] = ()
    parent: bool = False


class PictureReader:
    """Reads and checks content credentials of pictures that one signer must have signed.

    Args:
        signer: the certificates of who must have signed.
    """

    def __init__(self, signer: Certificates) -> None:
        self._signer: x509.Certificate = signer[0]
        anchors = "".join(one.public_bytes(Encoding.PEM).decode() for one in signer)
        settings = {"verify": {"verify_trust": True, **_OFFLINE}, "trust": {"trust_anchors": anchors}}
        self._context = c2pa.Context(c2pa.Settings.from_dict(settings))

    def read(self, picture: bytes) -> Finding:
        """What the picture's credentials say, and whether they hold."""
        try:
            with c2pa.Reader(media_type(picture), BytesIO(picture), context=self._context) as reader:
                report, state = json.loads(reader.json()), reader.get_validation_state()
        except c2pa.C2paError as error:
            missing = isinstance(error, c2pa.C2paError.ManifestNotFound)
            return Finding("has no content credentials" if missing else f"its content credentials are broken: {error}")
        manifest = report["manifests"][report["active_manifest"]]
        about = manifest.get("signature_info") or {}
        if state == "Invalid":
            codes = sorted({row["code"] for row in report.get("validation_status") or []})
            return Finding(f"its content credentials do not hold: {', '.join(codes)}")
        if about.get("cert_serial_number") != str(self._signer.serial_number) or state != "Trusted":
            other = about.get("common_name") or about.get("issuer") or "nobody known"
            return Finding(f"is signed with a foreign certificate ({other}), not by {name_of(self._signer)}")
        actions = [
            action
            for assertion in manifest["assertions"]
            if assertion["label"].startswith("c2pa.actions")
            for action in assertion["data"]["actions"]
        ]
        kinds = tuple(action["digitalSourceType"] for action in actions if "digitalSourceType" in action)
        parents = [one for one in manifest.get("ingredients", []) if one.get("relationship") == "parentOf"]
        return Finding("", kinds, any(one.get("active_manifest") for one in parents))
