"""Ports and addresses: who holds a port, what a phone in the same network types, a certificate for it."""

import datetime
import errno
import ipaddress
import socket
from pathlib import Path

import psutil
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from festival import owners

CERTIFICATE_DAYS = 90
SOMEWHERE = ("192.0.2.1", 9)  # an address for documentation: asking for the way to it sends nothing


def port_is_free(host: str, port: int) -> bool:
    """Say whether a server can listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return not somebody_answers(port)


def somebody_answers(port: int) -> bool:
    """Say whether a connection to the port succeeds: not every system's bind notices a server on 0.0.0.0."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def next_free_port(host: str, port: int) -> int:
    """Return the first port after `port` that is free."""
    return next(other for other in range(port + 1, 65536) if port_is_free(host, other))


def who_listens(port: int) -> str:
    """Return the name of whoever holds the port, as far as the system tells."""
    for process in psutil.process_iter():
        try:
            listening = [c for c in process.net_connections(kind="tcp") if c.status == psutil.CONN_LISTEN]
            if any(connection.laddr.port == port for connection in listening):
                return describe(process)
        except psutil.Error:
            continue  # somebody else's process, or gone: not ours to look into
    return "another program"


def describe(process: psutil.Process) -> str:
    """Return a few words on a process; the demo of another clone is told by its folder."""
    try:
        folder = process.environ().get("FESTIVAL_DATA_DIR")
    except psutil.AccessDenied:
        folder = None
    if folder:
        return f"the demo in {Path(folder).parent} (process {process.pid})"
    return f"{process.name()} (process {process.pid})"


def lan_addresses() -> list[str]:
    """Return this machine's IPv4 addresses in its networks, the one of the way out first."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        if probe.connect_ex(SOMEWHERE) == 0:
            found.append(str(probe.getsockname()[0]))
    for addresses in psutil.net_if_addrs().values():
        found += [address.address for address in addresses if address.family == socket.AF_INET]
    wanted = [ip for ip in found if not ipaddress.ip_address(ip).is_loopback]
    return list(dict.fromkeys(wanted))


def certificate(folder: Path, hosts: list[str]) -> tuple[Path, Path]:
    """Return certificate and key for these hosts, made by ourselves; kept while they fit and last."""
    folder.mkdir(exist_ok=True)
    chain, key_file = folder / "certificate.pem", folder / "key.pem"
    if chain.exists() and key_file.exists() and still_good(chain, hosts):
        return chain, key_file
    key = ec.generate_private_key(ec.SECP256R1())
    owners.write_private(key_file, key_text(key))
    draft = chain.with_suffix(".new")
    draft.write_bytes(sign(key, hosts).public_bytes(serialization.Encoding.PEM))
    draft.replace(chain)
    return chain, key_file


def key_text(key: ec.EllipticCurvePrivateKey) -> str:
    """Return the key as PKCS#8, the one form that the server reads."""
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain).decode()


def alternative_names(hosts: list[str]) -> list[x509.GeneralName]:
    """Return the hosts as a certificate names them: addresses apart from names."""
    names: list[x509.GeneralName] = []
    for host in hosts:
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            names.append(x509.DNSName(host))
    return names


def sign(key: ec.EllipticCurvePrivateKey, hosts: list[str]) -> x509.Certificate:
    """Return a server certificate for the hosts that vouches for itself."""
    name = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, f"Daedong demo on {socket.gethostname()}"[:64])]
    )
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))  # a phone's clock may be behind
        .not_valid_after(now + datetime.timedelta(days=CERTIFICATE_DAYS))
        .add_extension(x509.SubjectAlternativeName(alternative_names(hosts)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )
    return builder.sign(key, hashes.SHA256())


def still_good(chain: Path, hosts: list[str]) -> bool:
    """Say whether the kept certificate names all hosts and lasts another day."""
    try:
        kept = x509.load_pem_x509_certificate(chain.read_bytes())
    except ValueError:
        return False
    named = kept.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    tomorrow = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
    return set(alternative_names(hosts)) <= set(named) and kept.not_valid_after_utc > tomorrow


def port_from(text: str | None) -> int:
    """Return the port that PORT asks for, 8000 by default; raise ValueError for anything that is none."""
    number = int(text or 8000)
    if not 0 < number < 65536:
        raise ValueError(number)
    return number
