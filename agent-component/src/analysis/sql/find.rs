//! SQL inside a message.
//!
//! English also says "select" and "with". Text counts as SQL when the engine's parser reads it as a
//! query that computes something, or when it is so plainly meant as SQL that its error is worth more
//! than a guess.

use std::ops::Range;

use super::check::parses;

/// A statement, and where it stands in the message with the fence around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) sql: String,
    pub(crate) range: Range<usize>,
}

/// The SQL of a message: in a fenced block, or from a `SELECT` or `WITH` on.
///
/// A statement that changes something is returned too, so that running it can say why it is refused.
pub fn extract_sql(text: &str) -> Option<String> {
    find(text).map(|found| found.sql)
}

pub(crate) fn find(text: &str) -> Option<Found> {
    fenced(text)
        .or_else(|| change(text))
        .or_else(|| query(text))
}

fn fenced(text: &str) -> Option<Found> {
    const FENCE: &str = "```";
    let mut from = 0;
    loop {
        let start = from + text.get(from..)?.find(FENCE)?;
        let inside = start + FENCE.len();
        let length = text.get(inside..)?.find(FENCE);
        let close = length.map_or(text.len(), |length| inside + length);
        let block = text.get(inside..close)?;
        let end = text.len().min(close + FENCE.len());
        // The word after the fence is a language if a line end or a space follows it.
        let (language, content) = block.split_at(block.find(char::is_whitespace).unwrap_or(0));
        let declared = ["sql", "sqlite"]
            .iter()
            .any(|sql| language.eq_ignore_ascii_case(sql));
        let sql = if declared {
            content.trim()
        } else {
            block.trim()
        };
        if !sql.is_empty() && (declared || parses(sql)) {
            return Some(Found {
                sql: sql.to_owned(),
                range: start..end,
            });
        }
        from = end;
    }
}

/// A message that is a statement other than a query.
fn change(text: &str) -> Option<Found> {
    const STARTS: [(&str, &[&str]); 12] = [
        ("insert", &["into", "or"]),
        ("replace", &["into"]),
        ("delete", &["from"]),
        ("drop", &["table", "view", "index", "database"]),
        (
            "create",
            &["table", "view", "index", "temp", "temporary", "trigger"],
        ),
        ("alter", &["table"]),
        ("truncate", &["table"]),
        ("attach", &["database"]),
        ("explain", &["select", "query"]),
        ("pragma", &[]),
        ("vacuum", &[]),
        ("update", &[]),
    ];
    let mut words = text.split_whitespace().map(str::to_ascii_lowercase);
    let (first, second) = (words.next()?, words.next().unwrap_or_default());
    let (start, seconds) = STARTS.iter().find(|(start, _)| *start == first)?;
    let plausible = match *start {
        "update" => words.any(|word| word == "set"),
        "pragma" | "vacuum" => words.next().is_none(),
        _ => seconds.contains(&second.as_str()),
    };
    let all = || Found {
        sql: text.trim().to_owned(),
        range: 0..text.len(),
    };
    plausible.then(all)
}

fn query(text: &str) -> Option<Found> {
    // A message with more of these words than this is a text about SQL.
    const CANDIDATES: usize = 12;
    let lower = text.to_ascii_lowercase();
    let mut starts: Vec<usize> = ["select", "with", "values"]
        .iter()
        .flat_map(|word| lower.match_indices(word).map(|(at, word)| (at, word.len())))
        .filter(|(at, length)| is_word(&lower, *at, *length))
        .map(|(at, _)| at)
        .collect();
    starts.sort_unstable();
    starts.truncate(CANDIDATES);
    let parsed = starts.iter().find_map(|start| statement(text, *start));
    parsed.or_else(|| starts.iter().find_map(|start| broken(text, *start)))
}

/// The longest query that starts here, to the end of the text, a semicolon, or a line.
fn statement(text: &str, start: usize) -> Option<Found> {
    const LINES: usize = 60;
    let rest = text.get(start..)?;
    let mut ends: Vec<usize> = rest
        .match_indices('\n')
        .map(|(end, _)| end)
        .take(LINES)
        .collect();
    ends.push(rest.len());
    ends.iter().rev().find_map(|end| {
        let candidate = rest.get(..*end)?.trim_end();
        let sql = if parses(candidate) {
            candidate
        } else {
            up_to_semicolon(candidate)?
        };
        computes(sql).then(|| Found {
            sql: sql.to_owned(),
            range: start..start + sql.len(),
        })
    })
}

/// A query before a semicolon, when prose follows. Further statements are kept, to be refused.
fn up_to_semicolon(text: &str) -> Option<&str> {
    const TRIES: usize = 8;
    text.match_indices(';').take(TRIES).find_map(|(at, _)| {
        let sql = text.get(..at)?;
        if !parses(sql) {
            return None;
        }
        let next = text.get(at + 1..)?;
        Some(if change(next).is_some() || query(next).is_some() {
            text
        } else {
            sql
        })
    })
}

/// What was meant as a query but is not one: `SELECT` in capitals or at the start of a line, with a
/// `FROM`.
fn broken(text: &str, start: usize) -> Option<Found> {
    let rest = text.get(start..)?;
    let rest = rest.split("\n\n").next().unwrap_or(rest).trim_end();
    let before = text.get(..start)?.trim_end_matches([' ', '\t']);
    let at_start = before.is_empty() || before.ends_with(['\n', ':']);
    let shouted = rest.starts_with("SELECT ") || rest.starts_with("WITH ");
    let mut words = rest.split_whitespace().map(str::to_ascii_lowercase);
    let is_select = words.next().is_some_and(|word| word == "select");
    let has_from = words.any(|word| word == "from");
    let in_prose = rest.ends_with(['.', '?', '!']);
    let meant = has_from && (shouted || (at_start && is_select && !in_prose));
    meant.then(|| Found {
        sql: rest.to_owned(),
        range: start..start + rest.len(),
    })
}

fn is_word(text: &str, at: usize, length: usize) -> bool {
    let edge = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let before = text.get(..at).and_then(|before| before.chars().next_back());
    let after = text
        .get(at + length..)
        .and_then(|after| after.chars().next());
    edge(before) && edge(after)
}

/// Prose such as "select one" also parses; a query reads a table or calculates.
fn computes(sql: &str) -> bool {
    sql.contains(|c: char| c.is_ascii_digit() || matches!(c, '(' | '*'))
        || sql
            .split_whitespace()
            .any(|word| word.eq_ignore_ascii_case("from"))
}
