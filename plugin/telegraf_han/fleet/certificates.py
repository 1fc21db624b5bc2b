"""Makes the certificates of a fleet: an authority of its own, and one certificate for each site, server and centre.

A site is known by its certificate alone: NATS takes the name in it (the DN `CN=SITE,OU=ISSUE`) for the user. The issue is a random
number. It changes with each certificate that a site gets, so an old certificate ends as soon as the servers know the new one. Keys are on
the curve P-256, which every TLS library takes. Mosquitto and Kafka take the same certificates.

The servers of a cluster know each other by certificates of a second authority. A server takes whoever shows it one of them for a server
like itself, which hears and says everything. So a certificate of a site must not open that door.
"""

import datetime as dt
import ipaddress
import secrets
from collections.abc import Sequence
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

YEARS: Final = 5
"""How long a certificate is good."""
AUTHORITY_YEARS: Final = 25
_YEAR: Final = dt.timedelta(days=365)
_EARLIER: Final = dt.timedelta(days=1)
"""A host whose clock is late takes a new certificate, too."""


class Credential(NamedTuple):
    """A certificate and its private key, both in PEM."""

    certificate: str
    key: str


def issue() -> str:
    """A new random mark of a certificate."""
    return secrets.token_hex(4)


def user(name: str, mark: str) -> str:
    """The user that NATS sees in a certificate (RFC 2253: the last part of the name first)."""
    return f"CN={name},OU={mark}"


def authority(now: dt.datetime, called: str = "telegraf-han fleet") -> Credential:
    """A new authority, in force from `now` (UTC) on."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, called)])
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=False,
        key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = _begun(name, name, key.public_key(), now, AUTHORITY_YEARS)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).add_extension(usage, critical=True)
    return _credential(builder.sign(key, hashes.SHA256()), key)


def signed(by: Credential, name: str, mark: str, now: dt.datetime, hosts: Sequence[str] = ()) -> Credential:
    """A new certificate for a name. With `hosts` (names or addresses) it is also that of a server.

    Raises ValueError if the authority cannot be read.
    """
    parent = x509.load_pem_x509_certificate(by.certificate.encode())
    try:
        parent_key = serialization.load_pem_private_key(by.key.encode(), password=None)
    except TypeError:
        raise ValueError("a key with a password") from None
    if not isinstance(parent_key, ec.EllipticCurvePrivateKey) or parent_key.public_key() != parent.public_key():
        raise ValueError("not the key of this certificate")
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, mark), x509.NameAttribute(NameOID.COMMON_NAME, name)])
    uses = [ExtendedKeyUsageOID.CLIENT_AUTH, *([ExtendedKeyUsageOID.SERVER_AUTH] if hosts else [])]
    builder = _begun(subject, parent.subject, key.public_key(), now, YEARS)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage(uses), critical=False)
    if hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName([_host(host) for host in hosts]), critical=False)
    return _credential(builder.sign(parent_key, hashes.SHA256()), key)


def until(certificate: str) -> dt.datetime:
    """The end of a certificate (UTC). Raises ValueError."""
    return x509.load_pem_x509_certificate(certificate.encode()).not_valid_after_utc


def user_of(certificate: str) -> str:
    """The user that NATS sees in a certificate. Raises ValueError."""
    return x509.load_pem_x509_certificate(certificate.encode()).subject.rfc4514_string()


def _begun(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: dt.datetime, years: int) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    return builder.serial_number(x509.random_serial_number()).not_valid_before(now - _EARLIER).not_valid_after(now + years * _YEAR)


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _credential(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Credential:
    return Credential(
        certificate.public_bytes(serialization.Encoding.PEM).decode(),
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode(),
    )
