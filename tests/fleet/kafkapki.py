"""A certificate authority for the tests with Kafka: PEM files of servers, sites and the centre.

`Authority(folder)` writes `ca.crt` there. `issue("site-a")` writes `site-a.crt`, `site-a.key` and `site-a.pem`, which holds both, as
Kafka wants them. The name is the certificate's common name (CN), by which Kafka knows who connects.
"""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Authority", "Issued"]

_DAY = timedelta(days=1)
_NO_USAGE = dict.fromkeys(
    (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    ),
    False,
)


class Issued(NamedTuple):
    """Where a certificate and its key are."""

    certificate: Path
    key: Path
    both: Path


class Authority:
    """One certificate authority, its files in one folder."""

    def __init__(self, folder: Path, name: str = "fleet") -> None:
        """Make the authority's key and certificate."""
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        folder.mkdir(parents=True, exist_ok=True)
        self.certificate = folder / "ca.crt"
        usage = x509.KeyUsage(**{**_NO_USAGE, "key_cert_sign": True, "crl_sign": True})
        begun = self._begun(self._name, self._key.public_key()).add_extension(usage, critical=True)
        authority = begun.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).sign(self._key, hashes.SHA256())
        self.certificate.write_bytes(authority.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str) -> Issued:
        """Write a certificate with this common name, valid for clients and for a server on this machine, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        hosts = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        usage = x509.KeyUsage(**{**_NO_USAGE, "digital_signature": True})
        begun = self._begun(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key.public_key())
        begun = begun.add_extension(hosts, critical=False).add_extension(usage, critical=True)
        signed = begun.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True).sign(self._key, hashes.SHA256())
        certificate = signed.public_bytes(serialization.Encoding.PEM)
        secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        issued = Issued(*(self._folder / f"{name}.{kind}" for kind in ("crt", "key", "pem")))
        for path, content in zip(issued, (certificate, secret, secret + certificate), strict=True):
            path.write_bytes(content)
        return issued

    def _begun(self, subject: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        """A certificate with all but its extensions."""
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self._name).public_key(public)
        return builder.serial_number(x509.random_serial_number()).not_valid_before(now - _DAY).not_valid_after(now + 30 * _DAY)
