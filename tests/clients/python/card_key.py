"""Writes a key pair to sign with, as PEM: `private.pem` and `public.pem`.

card_key.py FOLDER ES256|RS256
"""

import argparse
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

MAKERS = {
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "RS256": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("algorithm", choices=list(MAKERS))
    arguments = parser.parse_args()
    key = MAKERS[arguments.algorithm]()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (arguments.folder / "private.pem").write_bytes(private)
    (arguments.folder / "public.pem").write_bytes(public)


if __name__ == "__main__":
    main()
