"""Who signs a dataset: a key with its X.509 certificates, signatures of manifests, and whom to trust.

A signature is a JSON Web Signature (RFC 7515) with detached content (Appendix F) and the certificates in its ``x5c``
header. Needs the extra ``sign``; so does ``exporters.content_credentials``, which signs pictures.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from exporters.publish import ExportError

Certificates = tuple[x509.Certificate, ...]
"""A chain: the signer's own first, each followed by the one that issued it."""

_PEM = serialization.Encoding.PEM


class SignatureError(Exception):
    """A signature that does not hold, and why."""


class _Registry(jws.JWSRegistry):
    """A header may hold a chain of certificates, and a manifest names every file."""

    max_header_length = 1 << 16
    max_payload_length = 1 << 32
    max_signature_length = 1 << 12


@dataclass(frozen=True)
class Credentials:
    """A key and its certificates.

    Attributes:
        chain: the signer's certificate first.
        key: the private key in PKCS#8 PEM.
        algorithm: JOSE's name: ``Ed25519``, ``ES256``, ``ES384``, ``ES512`` or ``PS256``.
    """

    chain: Certificates
    key: bytes
    algorithm: str

    @classmethod
    def load(cls, certificates: Path, key: Path) -> Credentials:
        """Credentials from PEM files: the certificates, the signer's own first, and its key without a password.

        Raises:
            ExportError: a file cannot be read, is not PEM, or the key is not the certificate's or of another kind.
        """
        chain = load_certificates(certificates)
        try:
            private = serialization.load_pem_private_key(key.read_bytes(), password=None)
        except (OSError, ValueError, TypeError) as error:
            raise ExportError(f"{key}: cannot be read as a private key in PEM without a password: {error}") from None
        if isinstance(private, ed25519.Ed25519PrivateKey):
            algorithm = "Ed25519"
        elif isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name in _CURVES:
            algorithm = _CURVES[private.curve.name]
        elif isinstance(private, rsa.RSAPrivateKey):
            algorithm = "PS256"
        else:
            raise ExportError(f"{key}: signs with neither Ed25519, ECDSA (P-256, P-384, P-521) nor RSA")
        if private.public_key() != chain[0].public_key():
            raise ExportError(f"{key}: is not the key of the first certificate in {certificates}")
        pem = private.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return cls(chain, pem, algorithm)

    @property
    def chain_pem(self) -> bytes:
        """The certificates, one after the other."""
        return b"".join(certificate.public_bytes(_PEM) for certificate in self.chain)

    def sign(self, content: bytes) -> str:
        """A detached signature of some content."""
        der = [base64.b64encode(one.public_bytes(serialization.Encoding.DER)).decode() for one in self.chain]
        header = {"alg": self.algorithm, "cty": "application/vnd.in-toto+json", "x5c": der}
        token = jws.serialize_compact(header, content, _jwk(self.algorithm, self.key), registry=_registry())
        return jws.detach_content(token)


_CURVES = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
_ALGORITHMS = ("Ed25519", "PS256", *_CURVES.values())


def _registry() -> _Registry:
    return _Registry(algorithms=list(_ALGORITHMS))


def _jwk(algorithm: str, pem: bytes) -> Key:
    if algorithm == "Ed25519":
        return OKPKey.import_key(pem)
    return RSAKey.import_key(pem) if algorithm == "PS256" else ECKey.import_key(pem)


def signer_of(signature: str, content: bytes) -> Certificates:
    """The certificates of who signed some content.

    Raises:
        SignatureError: the signature cannot be read, or is not this content's.
    """
    try:
        header = jws.extract_compact(signature.encode(), content, _registry()).headers()
        chain = tuple(x509.load_der_x509_certificate(base64.b64decode(text)) for text in header["x5c"])
        public = chain[0].public_key().public_bytes(_PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        jws.deserialize_compact(signature, _jwk(header["alg"], public), payload=content, registry=_registry())
    except JoseError as error:
        raise SignatureError(f"the signature does not hold ({error})") from None
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise SignatureError(f"the signature cannot be read ({error!r})") from None
    return chain


def load_certificates(path: Path) -> Certificates:
    """The certificates of a PEM file.

    Raises:
        ExportError: it cannot be read, or holds none.
    """
    try:
        return tuple(x509.load_pem_x509_certificates(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise ExportError(f"{path}: cannot be read as certificates in PEM: {error}") from None


def check_trust(chain: Certificates, anchors: Sequence[x509.Certificate]) -> None:
    """Checks that a chain leads to a trusted certificate, or is one, and holds today.

    The library's own verifier follows the rules of the web's certificates, which know no Ed25519.

    Raises:
        SignatureError: it does not; the message names the signer.
    """
    now = datetime.now(timezone.utc)
    for certificate, issuer in zip(chain, (*chain[1:], None), strict=True):
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise SignatureError(f"the certificate of {name_of(certificate)} is not valid today")
        if certificate in anchors:
            return
        if any(_issued(certificate, anchor) for anchor in anchors):
            return
        if issuer is None or not _issued(certificate, issuer):
            break
    raise SignatureError(f"signed by {name_of(chain[0])}, whom none of the trusted certificates vouches for")


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
        return issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False


def name_of(certificate: x509.Certificate) -> str:
    """Who a certificate is made out to, for people: its subject and the start of its SHA-256."""
    return f"{certificate.subject.rfc4514_string()} ({certificate.fingerprint(SHA256()).hex()[:16]})"
