"""Self-made certificates."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from exporters.credentials import Credentials

KEYS: dict[str, Callable[[], Any]] = {
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ES384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "PS256": lambda: rsa.generate_private_key(65537, 2048),
}
BEGIN, END = datetime(2024, 1, 1, tzinfo=timezone.utc), datetime(2050, 1, 1, tzinfo=timezone.utc)


def certificate(
    name: str, key: Any, issuer: x509.Certificate | None = None, issuer_key: Any = None, *, ca: bool = False,
    end: datetime = END,
) -> x509.Certificate:  # fmt: skip
    """A certificate as C2PA wants it; without an issuer it is signed with its own key."""
    subject = x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test"), x509.NameAttribute(NameOID.COMMON_NAME, name)]
    )
    signing = issuer_key or key
    usage = {"digital_signature": not ca, "key_cert_sign": ca, "crl_sign": ca}
    others = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only")
    usages = x509.KeyUsage(**usage, **dict.fromkeys(others, False), decipher_only=False)  # type: ignore[arg-type]
    builder = (
        x509.CertificateBuilder(subject_name=subject, issuer_name=issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGIN)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca, None), critical=True)
        .add_extension(usages, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False)
    )
    if not ca:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    return builder.sign(signing, None if isinstance(signing, ed25519.Ed25519PrivateKey) else SHA256())


def team(folder: Path, name: str = "Team", kind: str = "Ed25519", end: datetime = END) -> tuple[Credentials, Path]:
    """Credentials that an authority of their own vouches for, and the file of the authority's certificate.

    Also writes ``NAME.pem`` (the chain) and ``NAME.key``.
    """
    root_key, key = KEYS[kind](), KEYS[kind]()
    root = certificate(f"{name} authority", root_key, ca=True)
    leaf = certificate(name, key, root, root_key, end=end)
    pem = serialization.Encoding.PEM
    (folder / f"{name}.pem").write_bytes(leaf.public_bytes(pem) + root.public_bytes(pem))
    (folder / f"{name}.root").write_bytes(root.public_bytes(pem))
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / f"{name}.key").write_bytes(private)
    return Credentials.load(folder / f"{name}.pem", folder / f"{name}.key"), folder / f"{name}.root"
