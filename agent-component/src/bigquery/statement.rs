//! What is let through to BigQuery.
//!
//! The user's token may be able to write. BigQuery's dry run says what kind of statement it sees, and that
//! decides; this comes first so that what is plainly no query is not even sent.

/// The longest statement, in bytes; BigQuery's own limit is a million characters.
const MAX_SQL_BYTES: usize = 100_000;

/// One statement that begins as a query does, without the semicolon at its end. The error is a sentence.
pub(super) fn single_query(sql: &str) -> Result<&str, String> {
    if sql.len() > MAX_SQL_BYTES {
        return Err(format!(
            "The query has {} bytes; at most {MAX_SQL_BYTES} fit.",
            sql.len()
        ));
    }
    let mut code = Code::of(sql);
    let Some((start, first)) = code.find(|(_, c)| !c.is_whitespace()) else {
        return Err("There is no SQL to run.".to_owned());
    };
    let rest = sql.get(start..).unwrap_or_default();
    let word: String = rest.chars().take_while(char::is_ascii_alphabetic).collect();
    let is_query = first == '('
        || ["select", "with", "from"]
            .iter()
            .any(|start| word.eq_ignore_ascii_case(start));
    if !is_query {
        return Err("I only read: send one SELECT statement.".to_owned());
    }
    match code.find(|(_, c)| *c == ';') {
        None => Ok(sql.trim()),
        Some((end, _)) if code.all(|(_, c)| c.is_whitespace()) => {
            Ok(sql.get(..end).unwrap_or_default().trim())
        }
        Some(_) => Err("Send one SELECT statement at a time.".to_owned()),
    }
}

/// The characters of a statement that are in no comment, string or quoted name.
struct Code<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Code<'a> {
    fn of(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Goes behind the next `end`, or to the end of the text.
    fn skip_past(&mut self, end: &str) {
        let found = self.rest().find(end).map(|at| at + end.len());
        self.at += found.unwrap_or(self.rest().len());
    }

    /// Goes behind a string that begins here. A backslash keeps the quote after it from ending the
    /// string; in raw strings too, where it stays in the text.
    fn skip_quoted(&mut self, quote: &str) {
        self.at += quote.len();
        while let Some(c) = self.rest().chars().next() {
            if c == '\\' {
                self.at += 1;
                self.at += self.rest().chars().next().map_or(0, char::len_utf8);
            } else if self.rest().starts_with(quote) {
                self.at += quote.len();
                return;
            } else {
                self.at += c.len_utf8();
            }
        }
    }
}

impl Iterator for Code<'_> {
    type Item = (usize, char);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let rest = self.rest();
            let quote = ["\"\"\"", "'''", "\"", "'", "`"]
                .into_iter()
                .find(|quote| rest.starts_with(quote));
            if let Some(quote) = quote {
                let start = self.at;
                self.skip_quoted(quote);
                // It stands for something, so that what follows it is not the beginning.
                return Some((start, 'x'));
            }
            if rest.starts_with("--") || rest.starts_with('#') {
                self.skip_past("\n");
            } else if rest.starts_with("/*") {
                self.skip_past("*/");
            } else {
                let c = rest.chars().next()?;
                let at = self.at;
                self.at += c.len_utf8();
                return Some((at, c));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_query_passes_without_its_semicolon() {
        for (sql, wanted) in [
            ("SELECT 1;", "SELECT 1"),
            (" select ';' ; -- the end", "select ';'"),
            ("-- a; b\nWITH t AS (SELECT 1) SELECT * FROM t", ""),
            ("(SELECT 'it\\'s; fine')", ""),
            ("SELECT r'\\d;', ';'", ""),
            ("SELECT \"\"\"a\";b\"\"\"", ""),
            ("/* DROP */ SELECT `odd;name` FROM t", ""),
            ("FROM t |> WHERE a = 1", ""),
        ] {
            let wanted = if wanted.is_empty() { sql } else { wanted };
            assert_eq!(single_query(sql), Ok(wanted), "{sql}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for sql in [
            "",
            " -- nothing",
            "DROP TABLE t",
            "/* SELECT */ DELETE FROM t",
            "SELECT 1; DROP TABLE t",
            "SELECT ''; DROP TABLE t; --'",
            "EXPORT DATA OPTIONS() AS SELECT 1",
            "BEGIN SELECT 1; END",
            "'SELECT 1'",
            "selection",
        ] {
            assert!(single_query(sql).is_err(), "{sql}");
        }
    }
}
