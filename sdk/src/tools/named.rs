//! Names that every model takes.

/// What Gemini and OpenAI take.
const MAX_NAME: usize = 64;

/// The name with what models refuse in it replaced: letters, digits and `_`, first a letter.
pub(crate) fn valid(name: &str) -> String {
    let mut valid: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    if !valid.starts_with(|first: char| first.is_ascii_alphabetic()) {
        valid.insert_str(0, "t_");
    }
    valid.truncate(MAX_NAME);
    valid
}

/// The name of another's tool, with the other's name in front. A name that is too long keeps a digest
/// of what is cut, so that two of them stay apart.
pub(crate) fn prefixed(prefix: &str, name: &str) -> String {
    let whole = format!("{prefix}_{name}");
    let name = valid(&whole);
    if whole.len() <= MAX_NAME {
        return name;
    }
    // FNV-1a: short, and the same in every run.
    let digest = whole.bytes().fold(0x811c_9dc5_u32, |digest, byte| {
        (digest ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    let kept = name.get(..MAX_NAME - 9).unwrap_or_default();
    format!("{kept}_{digest:08x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_valid() {
        assert_eq!(valid("run_sql"), "run_sql");
        assert_eq!(valid("a.b-c é"), "a_b_c__");
        assert_eq!(valid("7zip"), "t_7zip");
        assert_eq!(valid(""), "t_");
        assert_eq!(prefixed("docs", "search.web"), "docs_search_web");
    }

    #[test]
    fn long_names_stay_apart() {
        let long = "x".repeat(70);
        let (one, other) = (
            prefixed("a", &format!("{long}1")),
            prefixed("a", &format!("{long}2")),
        );
        assert_eq!((one.len(), other.len()), (64, 64));
        assert_ne!(one, other);
    }
}
