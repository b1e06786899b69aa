//! Public keys in PEM (RFC 5280's `SubjectPublicKeyInfo`), as `openssl pkey -pubout` writes them.

use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::pem::PemObject as _;

use crate::algorithm::PublicKey;

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OBJECT: u8 = 0x06;

/// `id-ecPublicKey` and the curves behind it, `rsaEncryption`, `id-Ed25519`.
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

const NOT_PEM: &str = "it is not a public key in PEM (\"-----BEGIN PUBLIC KEY-----\")";
const UNFIT: &str = "give an EC key on P-256 or P-384, an RSA key, or an Ed25519 key";

/// All of them; at least one.
pub(crate) fn public_keys(pem: &[u8]) -> Result<Vec<PublicKey>, String> {
    let keys = SubjectPublicKeyInfoDer::pem_slice_iter(pem)
        .map(|der| public_key(&der.map_err(|_| NOT_PEM)?).ok_or(UNFIT))
        .collect::<Result<Vec<_>, _>>()?;
    if keys.is_empty() {
        return Err(NOT_PEM.to_owned());
    }
    Ok(keys)
}

fn public_key(der: &[u8]) -> Option<PublicKey> {
    let (info, _) = element(der, SEQUENCE)?;
    let (algorithm, rest) = element(info, SEQUENCE)?;
    let (bits, _) = element(rest, BIT_STRING)?;
    // The first byte says how many bits are unused at the end: none.
    let key = bits.strip_prefix(&[0])?;
    let (name, parameters) = element(algorithm, OBJECT)?;
    match name {
        EC => match element(parameters, OBJECT)?.0 {
            P256 if key.len() == 65 => Some(PublicKey::P256(key.to_vec())),
            P384 if key.len() == 97 => Some(PublicKey::P384(key.to_vec())),
            _ => None,
        },
        RSA => {
            let (numbers, _) = element(key, SEQUENCE)?;
            let (modulus, rest) = element(numbers, INTEGER)?;
            let (exponent, _) = element(rest, INTEGER)?;
            let positive = |number: &[u8]| number.strip_prefix(&[0]).unwrap_or(number).to_vec();
            Some(PublicKey::Rsa {
                modulus: positive(modulus),
                exponent: positive(exponent),
            })
        }
        ED25519 if key.len() == 32 => Some(PublicKey::Ed25519(key.to_vec())),
        _ => None,
    }
}

/// The content of the element with this tag at the beginning, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = der.split_first()?;
    let (&length, rest) = rest.split_first()?;
    if first != tag {
        return None;
    }
    let (length, rest) = match length {
        0..=0x7f => (usize::from(length), rest),
        // Keys have at most a few thousand bytes.
        0x81 | 0x82 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            let length = bytes
                .iter()
                .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
            (length, rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    fn pem(der: &[u8]) -> Vec<u8> {
        let body = STANDARD.encode(der);
        format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n").into_bytes()
    }

    fn info(algorithm: &[u8], parameters: &[u8], key: &[u8]) -> Vec<u8> {
        let wrap = |tag: u8, content: &[u8]| {
            let length = u16::try_from(content.len()).unwrap().to_be_bytes();
            [&[tag, 0x82], &length[..], content].concat()
        };
        let algorithm = [wrap(OBJECT, algorithm), parameters.to_vec()].concat();
        let bits = wrap(BIT_STRING, &[&[0], key].concat());
        wrap(SEQUENCE, &[wrap(SEQUENCE, &algorithm), bits].concat())
    }

    #[test]
    fn the_keys_that_check_signatures_and_no_others() {
        let curve = |oid: &[u8]| [&[OBJECT, u8::try_from(oid.len()).unwrap()], oid].concat();
        let point = [4; 65];
        let read = public_keys(&pem(&info(EC, &curve(P256), &point))).unwrap();
        assert_eq!(read, [PublicKey::P256(point.to_vec())]);
        let read = public_keys(&pem(&info(ED25519, &[], &[7; 32]))).unwrap();
        assert_eq!(read, [PublicKey::Ed25519(vec![7; 32])]);
        let rsa = [SEQUENCE, 9, INTEGER, 3, 0, 0x81, 1, INTEGER, 2, 1, 1];
        let read = public_keys(&pem(&info(RSA, &[5, 0], &rsa))).unwrap();
        let (modulus, exponent) = (vec![0x81, 1], vec![1, 1]);
        assert_eq!(read, [PublicKey::Rsa { modulus, exponent }]);

        assert_eq!(public_keys(b"no key").unwrap_err(), NOT_PEM);
        for cut in [0, 1, 5, 30] {
            let whole = info(EC, &curve(P256), &point);
            assert!(public_keys(&pem(&whole[..cut])).is_err());
        }
        let other_curve = info(EC, &curve(&[0x2b, 0x81, 0x04, 0x00, 0x23]), &point);
        assert_eq!(public_keys(&pem(&other_curve)).unwrap_err(), UNFIT);
    }
}
