//! From bytes to text: UTF-8, or UTF-16 that says so by its byte order mark.
//!
//! Anything else is refused rather than guessed: a wrong guess would change names silently.

use std::borrow::Cow;

use crate::analysis::table::Fault;

/// Decodes `bytes` and removes a byte order mark.
pub(crate) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, Fault> {
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf8(rest, 3).map(Cow::Borrowed),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes).map(Cow::Owned),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes).map(Cow::Owned),
        _ => utf8(bytes, 0).map(Cow::Borrowed),
    }
}

fn utf8(bytes: &[u8], skipped: usize) -> Result<&str, Fault> {
    std::str::from_utf8(bytes).map_err(|error| {
        let (valid, rest) = bytes.split_at(error.valid_up_to());
        Fault::InvalidUtf8 {
            line: 1 + valid.iter().filter(|byte| **byte == b'\n').count(),
            offset: skipped + valid.len(),
            byte: rest.first().copied().unwrap_or_default(),
        }
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, Fault> {
    let (pairs, odd) = bytes.as_chunks::<2>();
    if !odd.is_empty() {
        return Err(Fault::InvalidUtf16 {
            offset: 2 + bytes.len() - 1,
        });
    }
    let mut offset = 2;
    let mut text = String::with_capacity(pairs.len());
    for unit in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        let character = unit.map_err(|_| Fault::InvalidUtf16 { offset })?;
        offset += character.len_utf16() * 2;
        text.push(character);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_order_marks_are_read_and_removed() {
        assert_eq!(decode(b"\xEF\xBB\xBFa,b").unwrap(), "a,b");
        assert_eq!(decode(b"\xFF\xFEa\0,\0\xE9\0").unwrap(), "a,é");
        assert_eq!(decode(b"\xFE\xFF\0a\0,\0\xE9").unwrap(), "a,é");
        assert_eq!(decode(b"").unwrap(), "");
    }

    #[test]
    fn the_place_of_a_wrong_byte_is_told() {
        assert_eq!(
            decode(b"name,city\nAnn,K\xF6ln\n").unwrap_err(),
            Fault::InvalidUtf8 {
                line: 2,
                offset: 15,
                byte: 0xF6
            }
        );
        assert_eq!(
            decode(b"\xEF\xBB\xBF\xFF").unwrap_err(),
            Fault::InvalidUtf8 {
                line: 1,
                offset: 3,
                byte: 0xFF
            }
        );
        assert_eq!(
            decode(b"\xFF\xFEa\0b").unwrap_err(),
            Fault::InvalidUtf16 { offset: 4 }
        );
        assert_eq!(
            decode(b"\xFF\xFEa\0\0\xDC").unwrap_err(),
            Fault::InvalidUtf16 { offset: 4 }
        );
    }
}
