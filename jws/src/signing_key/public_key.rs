use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rsa::{self, PublicKeyComponents};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// What others may know of a key, in base64url.
pub(super) enum PublicKey {
    P256 { x: String, y: String },
    Rsa { n: String, e: String },
}

impl PublicKey {
    /// Of a point that is not compressed: a byte, then both coordinates.
    pub(super) fn of_p256(point: &[u8]) -> Self {
        let (x, y) = point
            .get(1..)
            .unwrap_or_default()
            .split_at_checked(32)
            .unwrap_or_default();
        Self::P256 {
            x: URL_SAFE_NO_PAD.encode(x),
            y: URL_SAFE_NO_PAD.encode(y),
        }
    }

    pub(super) fn of_rsa(key: &rsa::PublicKey) -> Self {
        let PublicKeyComponents::<Vec<u8>> { n, e } = key.into();
        Self::Rsa {
            n: URL_SAFE_NO_PAD.encode(n),
            e: URL_SAFE_NO_PAD.encode(e),
        }
    }

    /// A name that follows from the key (RFC 7638): whoever has the public key has its name.
    pub(super) fn thumbprint(&self) -> String {
        // The members that are required, in the order of their names, without spaces.
        let members = match self {
            Self::P256 { x, y } => format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#),
            Self::Rsa { n, e } => format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#),
        };
        URL_SAFE_NO_PAD.encode(Sha256::digest(members))
    }

    /// The key as a member of a JSON Web Key Set (RFC 7517).
    pub(super) fn jwk(&self, algorithm: &str, key_id: &str) -> Value {
        match self {
            Self::P256 { x, y } => json!({
                "kty": "EC", "use": "sig", "alg": algorithm, "kid": key_id,
                "crv": "P-256", "x": x, "y": y,
            }),
            Self::Rsa { n, e } => json!({
                "kty": "RSA", "use": "sig", "alg": algorithm, "kid": key_id, "n": n, "e": e,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Section 3.1 of RFC 7638.
    #[test]
    fn the_thumbprint_of_the_standards_own_example() {
        let n = concat!(
            "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_",
            "BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0",
            "_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWh",
            "AI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
        );
        let (n, e) = (n.to_owned(), "AQAB".to_owned());
        assert_eq!(
            PublicKey::Rsa { n, e }.thumbprint(),
            "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
        );
    }
}
