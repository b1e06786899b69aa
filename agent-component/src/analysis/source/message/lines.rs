//! Tables recognised line by line: delimited fields and Markdown.

use std::ops::Range;

const DELIMITERS: [char; 4] = [',', '\t', ';', '|'];

struct Line<'a> {
    range: Range<usize>,
    text: &'a str,
}

fn lines(text: &str) -> Vec<Line<'_>> {
    let mut start = 0;
    text.split_inclusive('\n')
        .map(|line| {
            let range = start..start + line.len();
            start = range.end;
            Line {
                range,
                text: line.trim_end_matches(['\n', '\r']),
            }
        })
        .collect()
}

/// Where lines of delimited fields stand in `text`.
pub(super) fn delimited(text: &str) -> Option<Range<usize>> {
    let lines = lines(text);
    // The header is tried line by line; a table that starts later than this is in a file.
    const HEADERS: usize = 60;
    (0..lines.len().min(HEADERS)).find_map(|header| {
        let candidates = lines.get(header..)?;
        DELIMITERS
            .iter()
            .find_map(|delimiter| extent(candidates, *delimiter))
    })
}

/// The table that starts with the first of `lines`.
fn extent(lines: &[Line<'_>], delimiter: char) -> Option<Range<usize>> {
    let (header, rest) = lines.split_first()?;
    let width = fields(header.text, delimiter);
    if width < 2 || !is_header(header.text, delimiter) {
        return None;
    }
    // Runs to the last line with more than one field before lines that are something else.
    let mut end = header.range.end;
    let (mut agreeing, mut differing) = (0_usize, 0_usize);
    let (mut spaced, mut numeric) = (is_spaced(header.text, delimiter), false);
    for line in rest {
        if line.text.trim().is_empty() {
            continue;
        }
        match fields(line.text, delimiter) {
            1 => break,
            count if count == width => agreeing += 1,
            _ => differing += 1,
        }
        if agreeing + differing == 1 && spaced && !is_spaced(line.text, delimiter) {
            return None;
        }
        spaced &= is_spaced(line.text, delimiter);
        numeric |= line.text.split(delimiter).any(is_number);
        end = line.range.end;
    }
    let is_data = agreeing > 0 && agreeing >= 2 * differing && (numeric || !spaced);
    is_data.then_some(header.range.start..end)
}

fn is_header(line: &str, delimiter: char) -> bool {
    const STATEMENTS: [&str; 8] = [
        "select", "with", "from", "where", "group", "order", "having", "join",
    ];
    let first_word = line
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let ends_like_a_sentence = line.trim_end().ends_with(['.', '?', '!', ':']);
    // Only the first name may be missing: that is how an index column is written out.
    let named = line
        .split(delimiter)
        .skip(1)
        .all(|name| !name.trim().is_empty());
    named && !ends_like_a_sentence && !STATEMENTS.contains(&first_word.as_str())
}

/// Every delimiter is followed by a space, as commas are in prose.
fn is_spaced(line: &str, delimiter: char) -> bool {
    delimiter != '\t'
        && line
            .split(delimiter)
            .skip(1)
            .all(|field| field.starts_with(' '))
}

fn is_number(field: &str) -> bool {
    field.trim().parse::<f64>().is_ok_and(f64::is_finite)
}

/// Counts fields, respecting double quotes.
fn fields(line: &str, delimiter: char) -> usize {
    let mut quoted = false;
    1 + line
        .chars()
        .filter(|character| {
            quoted ^= *character == '"';
            !quoted && *character == delimiter
        })
        .count()
}

/// A Markdown table: its place and its cells, without the ruling line.
pub(super) struct Markdown {
    pub(super) range: Range<usize>,
    pub(super) rows: Vec<Vec<String>>,
}

/// The first Markdown table of `text`.
pub(super) fn markdown(text: &str) -> Option<Markdown> {
    let lines = lines(text);
    let header = lines.windows(2).position(|pair| {
        let [header, rule] = pair else { return false };
        header.text.contains('|') && is_rule(rule.text)
    })?;
    let start = lines.get(header)?;
    let mut range = start.range.clone();
    let mut rows = vec![cells(start.text)];
    for line in lines
        .get(header + 2..)?
        .iter()
        .take_while(|line| line.text.contains('|'))
    {
        range.end = line.range.end;
        rows.push(cells(line.text));
    }
    (rows.len() > 1).then_some(Markdown { range, rows })
}

fn is_rule(line: &str) -> bool {
    line.contains('|')
        && line.contains('-')
        && line
            .chars()
            .all(|c| matches!(c, '|' | '-' | ':' | ' ' | '\t'))
}

fn cells(line: &str) -> Vec<String> {
    let line = line.trim();
    let line = line.strip_prefix('|').unwrap_or(line);
    let mut cells = vec![String::new()];
    let mut escaped = false;
    for character in line.chars() {
        match (character, cells.last_mut()) {
            ('|', _) if !escaped => cells.push(String::new()),
            ('\\', _) if !escaped => {
                escaped = true;
                continue;
            }
            (character, Some(cell)) => {
                if escaped && character != '|' {
                    cell.push('\\');
                }
                cell.push(character);
            }
            (_, None) => {}
        }
        escaped = false;
    }
    if cells.len() > 1 && cells.last().is_some_and(|last| last.trim().is_empty()) {
        cells.pop();
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}
