"""A certificate authority for one trial, and a certificate for 127.0.0.1 that it signed."""

import subprocess
from pathlib import Path

from scripts.services import base

CONFIG = """
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature, keyEncipherment
extendedKeyUsage = serverAuth
subjectAltName = IP:127.0.0.1, DNS:localhost
authorityKeyIdentifier = keyid
subjectKeyIdentifier = hash
"""


def make(folder: Path) -> None:
    """Write ca.crt, http.crt and http.key (PEM, good for 30 days) into `folder`. Raises Unavailable without openssl."""
    program = str(base.find_program("openssl", "install the package openssl"))
    (folder / "openssl.cnf").write_text(CONFIG)

    def openssl(line: str) -> None:
        given = f"{line} -config openssl.cnf" if line.startswith("req") else line
        subprocess.run([program, *given.split()], cwd=folder, capture_output=True, check=True)

    new_key = "-newkey rsa:2048 -nodes -sha256"
    openssl(
        f"req -x509 {new_key} -keyout ca.key -out ca.crt -days 30 -subj /CN=papertide-authority -extensions authority"
    )
    openssl(f"req {new_key} -keyout http.key -out http.csr -subj /CN=127.0.0.1")
    openssl(
        "x509 -req -sha256 -in http.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -out http.crt "
        "-extfile openssl.cnf -extensions server"
    )
