//! What may be shown of a value.

/// In the place of what may not. Its length says nothing either.
pub(super) const HIDDEN: &str = "****";

/// The text without the users and passwords of the URLs in it.
pub(super) fn without_users(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((scheme, after)) = rest.split_once("://") {
        shown.push_str(scheme);
        shown.push_str("://");
        let ends = |c: char| matches!(c, '/' | '?' | '#' | ',') || c.is_whitespace();
        let authority = after.split(ends).next().unwrap_or_default();
        rest = match authority.rsplit_once('@') {
            Some((user, _)) => {
                shown.push_str(HIDDEN);
                after.get(user.len()..).unwrap_or_default()
            }
            None => after,
        };
    }
    shown.push_str(rest);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_of_urls_are_hidden() {
        for (text, shown) in [
            ("plain", "plain"),
            ("https://a.example/@x", "https://a.example/@x"),
            ("https://u:p@a.example/x", "https://****@a.example/x"),
            (
                "http://a, ftp://u@p@b?c=d@e",
                "http://a, ftp://****@b?c=d@e",
            ),
            ("://@", "://****@"),
        ] {
            assert_eq!(without_users(text), shown);
        }
    }
}
