"""A certificate authority for one test: certificates of servers and sites as PEM files, and the list of revoked ones.

`Authority(folder)` writes `ca.crt` and an empty `ca.crl` there. `issue("site-a")` writes `site-a.crt`, `site-a.key` and `site-a.pem`, which
holds both; the name is the certificate's common name (CN), by which a broker knows the site. Every certificate also serves as one of a server on this machine.
`revoke("site-a")` writes the list again, with the certificate on it.
"""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Authority", "Issued"]

_DAY = timedelta(days=1)


class Issued(NamedTuple):
    """Where a certificate and its key are."""

    certificate: Path
    key: Path
    both: Path
    """Key and certificate in one file, as Kafka wants them."""


class Authority:
    """One certificate authority, its files in one folder."""

    def __init__(self, folder: Path, name: str = "fleet") -> None:
        """Make the authority's key and certificate, and a list on which nothing is revoked."""
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._serials: dict[str, int] = {}
        self._revoked: list[int] = []
        folder.mkdir(parents=True, exist_ok=True)
        self.certificate = folder / "ca.crt"
        self.revoked = folder / "ca.crl"
        public = self._key.public_key()
        usage = x509.KeyUsage(
            digital_signature=False,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        authority = (
            self._begun(self._name, public)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        self.certificate.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
        self._write_revoked()

    def issue(self, name: str) -> Issued:
        """Write a certificate for a site or a server, and its key, which only the owner may read."""
        key = ec.generate_private_key(ec.SECP256R1())
        hosts = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        certificate = (
            self._begun(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        self._serials[name] = certificate.serial_number
        public = certificate.public_bytes(serialization.Encoding.PEM)
        secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        issued = Issued(*(self._folder / f"{name}.{kind}" for kind in ("crt", "key", "pem")))
        for path, content in zip(issued, (public, secret, secret + public), strict=True):
            path.touch(0o600)
            path.write_bytes(content)
        return issued

    def revoke(self, name: str) -> None:
        """Put the last certificate of that name on the list."""
        self._revoked.append(self._serials[name])
        self._write_revoked()

    def _begun(self, subject: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _DAY)
            .not_valid_after(now + _DAY)
        )

    def _write_revoked(self) -> None:
        now = datetime.now(UTC)
        builder = x509.CertificateRevocationListBuilder().issuer_name(self._name).last_update(now - _DAY).next_update(now + _DAY)
        for serial in self._revoked:
            builder = builder.add_revoked_certificate(x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now).build())
        self.revoked.write_bytes(builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
