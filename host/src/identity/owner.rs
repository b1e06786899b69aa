//! The owner of tasks, as the task log keeps it: `ISSUER|SUBJECT`.
//!
//! In the issuer `%` is written as `%25` and `|` as `%7C`, so that the first `|` is always the border;
//! the subject follows as it is. That can be read back without a table, which is how work that the host
//! resumes gets its caller back. No owner, the empty text, is that of anonymous callers.

/// The owner that a subject is, for who vouches for it.
pub fn of(issuer: &str, subject: &str) -> String {
    let issuer = issuer.replace('%', "%25").replace('|', "%7C");
    format!("{issuer}|{subject}")
}

/// Issuer and subject of an owner; none for the anonymous.
pub fn parts(owner: &str) -> Option<(String, String)> {
    let (issuer, subject) = owner.split_once('|')?;
    let issuer = issuer.replace("%7C", "|").replace("%25", "%");
    Some((issuer, subject.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_of_two_texts_is_read_back_as_the_two() {
        for (issuer, subject, owner) in [
            (
                "https://accounts.google.com",
                "1234",
                "https://accounts.google.com|1234",
            ),
            ("api-key", "ci", "api-key|ci"),
            ("a|b", "c", "a%7Cb|c"),
            ("a", "b|c", "a|b|c"),
            ("%7C%25|", "%7C|", "%257C%2525%7C|%7C|"),
        ] {
            assert_eq!(of(issuer, subject), owner);
            let read = parts(owner);
            assert_eq!(read, Some((issuer.to_owned(), subject.to_owned())));
        }
        assert_eq!(parts(""), None);
    }
}
