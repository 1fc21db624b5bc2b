"""certificates: what a TLS library sees in them, and who is refused."""

import datetime as dt
import ipaddress
import ssl

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from telegraf_han.fleet import certificates
from telegraf_han.fleet.certificates import Credential

NOW = dt.datetime(2026, 11, 29, 12, tzinfo=dt.UTC)
AUTHORITY = certificates.authority(NOW)


def read(credential: Credential) -> x509.Certificate:
    return x509.load_pem_x509_certificate(credential.certificate.encode())


def test_the_user_of_a_certificate() -> None:
    """NATS compares this text with the servers' files."""
    made = certificates.signed(AUTHORITY, "wola", "0123abcd", NOW)

    assert certificates.user_of(made.certificate) == certificates.user("wola", "0123abcd") == "CN=wola,OU=0123abcd"


def test_a_certificate_of_a_site_is_no_server() -> None:
    """A site cannot stand in for a server."""
    site, server = certificates.signed(AUTHORITY, "wola", "aa", NOW), certificates.signed(AUTHORITY, "n", "bb", NOW, ["nats.test", "::1"])

    for credential, uses in (
        (site, {ExtendedKeyUsageOID.CLIENT_AUTH}),
        (server, {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH}),
    ):
        assert set(read(credential).extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == uses
        assert read(credential).extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    names = read(server).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["nats.test"]
    assert names.get_values_for_type(x509.IPAddress) == [ipaddress.ip_address("::1")]


def test_times() -> None:
    """In force from a day before, so that a host with a late clock takes it; five years, and 25 for the authority."""
    made = read(certificates.signed(AUTHORITY, "wola", "aa", NOW))

    assert made.not_valid_before_utc == NOW - dt.timedelta(days=1)
    assert certificates.until(AUTHORITY.certificate) - made.not_valid_after_utc > dt.timedelta(days=19 * 365)
    assert made.not_valid_after_utc - NOW == dt.timedelta(days=5 * 365)


def test_who_signed() -> None:
    """OpenSSL takes the authority for one, and no other authority signed the certificate."""
    made = certificates.signed(AUTHORITY, "wola", "aa", NOW)
    read(made).verify_directly_issued_by(read(AUTHORITY))

    assert len(ssl.create_default_context(cadata=AUTHORITY.certificate).get_ca_certs()) == 1
    with pytest.raises(InvalidSignature):
        read(made).verify_directly_issued_by(read(certificates.authority(NOW)))


def test_marks_differ() -> None:
    """Each certificate has its own, of eight hexadecimal digits."""
    marks = {certificates.issue() for _number in range(100)}

    assert len(marks) == 100
    assert all(len(mark) == 8 and int(mark, 16) >= 0 for mark in marks)


@pytest.mark.parametrize("case", ["text", "password", "other key", "other curve"])
def test_an_authority_that_cannot_be_used(case: str) -> None:
    """Its key is damaged, has a password, or belongs to another certificate."""
    key = serialization.load_pem_private_key(AUTHORITY.key.encode(), None)
    locked = serialization.BestAvailableEncryption(b"secret")
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    keys = {
        "text": "no key",
        "password": key.private_bytes(pem, form, locked).decode(),
        "other key": certificates.authority(NOW).key,
        "other curve": ec.generate_private_key(ec.SECP384R1()).private_bytes(pem, form, serialization.NoEncryption()).decode(),
    }

    with pytest.raises(ValueError):
        certificates.signed(AUTHORITY._replace(key=keys[case]), "wola", "aa", NOW)
