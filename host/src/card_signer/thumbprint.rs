//! Names for keys that follow from the keys (RFC 7638): whoever has the public key has its name.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rsa::{PublicKey, PublicKeyComponents};
use sha2::{Digest, Sha256};

/// Of a point that is not compressed: a byte, then both coordinates.
pub(super) fn of_p256(point: &[u8]) -> String {
    let (x, y) = point
        .get(1..)
        .unwrap_or_default()
        .split_at_checked(32)
        .unwrap_or_default();
    of_jwk(&format!(
        r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#,
        URL_SAFE_NO_PAD.encode(x),
        URL_SAFE_NO_PAD.encode(y)
    ))
}

pub(super) fn of_rsa(key: &PublicKey) -> String {
    let PublicKeyComponents::<Vec<u8>> { n, e } = key.into();
    of_jwk(&format!(
        r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#,
        URL_SAFE_NO_PAD.encode(e),
        URL_SAFE_NO_PAD.encode(n)
    ))
}

/// The members that are required, in the order of their names, without spaces.
fn of_jwk(members: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(members))
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
        let jwk = format!(r#"{{"e":"AQAB","kty":"RSA","n":"{n}"}}"#);
        assert_eq!(of_jwk(&jwk), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }
}
