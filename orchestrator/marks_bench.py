"""What marks and signatures cost a picture, on this machine."""

from __future__ import annotations

import os
import platform
import time
from datetime import datetime, timedelta, timezone

import cv2
import numpy as np
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from numpy.typing import NDArray
from pydantic import BaseModel
from rich.table import Column, Table

from exporters.content_credentials import PictureReader, PictureSigner
from exporters.credentials import Credentials
from exporters.marks import Mark, marked, read_mark

PICTURES = 1000


class MarksMeasurement(BaseModel):
    """Processor time a picture [ms], all threads together, by step; ``wall`` the same by the clock.

    ``load``: how busy the machine was with others, processes that want a core over the last minute.
    """

    pictures: int
    cores: int
    machine: str
    load: float
    processor: dict[str, float]
    wall: dict[str, float]


def measure_marks(pictures: int = PICTURES) -> MarksMeasurement:
    """Marks, signs and checks PNG and JPEG pictures of KITTI's size: gradients and noise."""
    spent: dict[str, NDArray[np.float64]] = {}
    credentials = _credentials()
    signer, reader = PictureSigner(credentials), PictureReader(credentials.chain)
    for kind, ending in (("PNG", ".png"), ("JPEG", ".jpg")):
        plain = _picture(ending)
        clocks = np.zeros((4, 2))
        total = np.zeros((3, 2))
        for frame in range(pictures):
            mark = Mark("longtail bench", 0, "image", "0123456789ab", "CAM_FRONT", frame)
            clocks[0] = _clocks()
            picture = marked(plain, mark)
            clocks[1] = _clocks()
            signed = signer.sign(picture, f"picture{ending}", mark)
            clocks[2] = _clocks()
            assert read_mark(signed) == mark and not reader.read(signed).problem
            clocks[3] = _clocks()
            total += np.diff(clocks, axis=0)
        for step, each in zip(("mark", "sign", "verify"), 1000 * total / pictures, strict=True):
            spent[f"{kind}: {step}"] = each
    return MarksMeasurement(
        pictures=pictures,
        cores=os.cpu_count() or 1,
        machine=platform.machine(),
        load=os.getloadavg()[0],
        processor={step: float(each[0]) for step, each in spent.items()},
        wall={step: float(each[1]) for step, each in spent.items()},
    )


def _clocks() -> tuple[float, float]:
    """Processor time of all threads, and the clock [s]."""
    return time.process_time(), time.perf_counter()


def _picture(ending: str) -> bytes:
    random = np.random.default_rng(0)
    pixels = np.linspace(0, 200, 375 * 1242 * 3).reshape(375, 1242, 3) + random.normal(0, 4, (375, 1242, 3))
    return bytes(cv2.imencode(ending, pixels.clip(0, 255).astype(np.uint8))[1])


def _credentials() -> Credentials:
    """A key and its own certificate, for the bench alone."""
    key = Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(kind, "bench") for kind in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME)])
    now = datetime.now(timezone.utc)
    usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(False, None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, None)
    )
    return Credentials((certificate,), key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), "Ed25519")


def table(result: MarksMeasurement) -> Table:
    """The measurement as a table."""
    title = f"{result.pictures} pictures, {result.cores} cores, load {result.load:.1f}"
    shown = Table(
        "step", Column("processor ms", justify="right"), Column("ms by the clock", justify="right"), title=title
    )
    for step, spent in result.processor.items():
        shown.add_row(step, f"{spent:.2f}", f"{result.wall[step]:.2f}")
    return shown
