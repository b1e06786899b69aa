//! What somebody may have meant.

/// Less alike than this is another word, not a slip.
const ALIKE: f64 = 0.75;

/// Names the one of `known` that is nearest to `given`, or says `otherwise`.
pub(super) fn hint(given: &str, known: &[&str], otherwise: &str) -> String {
    let alike = known
        .iter()
        .map(|known| (strsim::jaro_winkler(given, known), known))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|(one, _), (other, _)| one.total_cmp(other));
    match alike {
        Some((_, known)) => format!("the nearest is {known}"),
        None => otherwise.to_owned(),
    }
}
