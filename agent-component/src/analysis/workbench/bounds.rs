//! Tables as JSON that a model can read without being drowned in it.

use serde_json::{Value, json};

use crate::analysis::number::{counted, grouped};
use crate::analysis::table::{Cell, Column, Table, clip};

/// The most rows that a tool shows.
pub const MAX_TOOL_ROWS: usize = 200;
/// The most bytes of JSON that a tool shows, about.
pub const MAX_TOOL_BYTES: usize = 32 << 10;
/// The most columns.
const MAX_COLUMNS: usize = 60;
/// The most characters of a text.
const MAX_TEXT: usize = 200;

/// `{"columns": [{"name", "type"}], "rows": [[…]], "rowCount": n, "note": "…"}`. `truncated` says that
/// there were more rows than `table` has.
pub(super) fn rows(table: &Table, truncated: bool) -> Value {
    let columns = columns(table, MAX_COLUMNS);
    let (shown, cut_texts) = first_rows(table, columns, MAX_TOOL_ROWS, MAX_TOOL_BYTES);
    let mut notes = Vec::new();
    if truncated {
        notes.push(format!(
            "The query gives more than {} rows; only these were read.",
            grouped(table.rows())
        ));
    }
    if shown.len() < table.rows() {
        notes.push(format!(
            "Only the first {} of {} are shown. Aggregate, filter or use LIMIT with OFFSET.",
            shown.len(),
            counted(table.rows(), "row")
        ));
    }
    notes.extend(hidden_columns(table, columns));
    if cut_texts {
        notes.push(format!("Texts are cut after {MAX_TEXT} characters."));
    }
    let mut json = json!({
        "columns": typed(columns),
        "rows": shown,
        "rowCount": table.rows(),
    });
    note(&mut json, &notes);
    json
}

/// A table with some of its rows.
pub(super) fn described(table: &Table, samples: usize, room: usize) -> Value {
    let mut columns = columns(table, MAX_COLUMNS);
    // A column takes this much, about, beside its name.
    let size = |columns: &[Column]| columns.iter().map(|c| c.name().len() + 32).sum::<usize>();
    while columns.len() > 1 && size(columns) > room {
        columns = columns.get(..columns.len() / 2).unwrap_or_default();
    }
    let left = room.saturating_sub(size(columns));
    let (rows, _) = first_rows(table, columns, samples, left);
    let mut json = json!({
        "table": table.name(),
        "rowCount": table.rows(),
        "columns": typed(columns),
        "sample": rows,
    });
    note(&mut json, &Vec::from_iter(hidden_columns(table, columns)));
    json
}

/// A profile with no more columns than a model needs to see.
pub(super) fn profile(mut json: Value) -> Value {
    let Some(Value::Array(columns)) = json.get_mut("columns") else {
        return json;
    };
    let all = columns.len();
    columns.truncate(MAX_COLUMNS);
    for column in columns.iter_mut() {
        if let Some(Value::Array(top)) = column.get_mut("top") {
            for entry in top {
                if let Some(Value::String(text)) = entry.get_mut("value") {
                    *text = clip(text, MAX_TEXT);
                }
            }
        }
    }
    let mut room = MAX_TOOL_BYTES;
    let fitting = columns.iter().take_while(|column| {
        let bytes = column.to_string().len();
        let fits = bytes <= room;
        room = room.saturating_sub(bytes);
        fits
    });
    let shown = fitting.count();
    columns.truncate(shown);
    if shown < all {
        let notes = [format!(
            "Only {shown} of {all} columns are described. Name the columns that you want."
        )];
        note(&mut json, &notes);
    }
    json
}

fn columns(table: &Table, most: usize) -> &[Column] {
    let all = table.columns();
    all.get(..most).unwrap_or(all)
}

fn hidden_columns(table: &Table, shown: &[Column]) -> Option<String> {
    let all = table.columns();
    let rest = all.get(shown.len()..).filter(|rest| !rest.is_empty())?;
    let names: Vec<_> = rest
        .iter()
        .take(40)
        .map(|column| clip(column.name(), 40))
        .collect();
    Some(format!(
        "Only {} of {} columns are shown. Others are {}{}.",
        shown.len(),
        all.len(),
        names.join(", "),
        if rest.len() > names.len() {
            ", …"
        } else {
            ""
        }
    ))
}

fn typed(columns: &[Column]) -> Value {
    columns
        .iter()
        .map(|column| json!({ "name": column.name(), "type": column.kind().name() }))
        .collect()
}

/// As many rows as fit, and whether a text in them was cut.
fn first_rows(
    table: &Table,
    columns: &[Column],
    most: usize,
    mut room: usize,
) -> (Vec<Value>, bool) {
    let (mut rows, mut cut) = (Vec::new(), false);
    for row in 0..table.rows().min(most) {
        let cells: Vec<Value> = columns
            .iter()
            .map(|column| match column.cell(row) {
                Cell::Text(text) => {
                    let shown = clip(text, MAX_TEXT);
                    cut |= shown.len() < text.len() && shown.ends_with('…');
                    Value::String(shown)
                }
                cell => cell.to_json(),
            })
            .collect();
        let cells = Value::Array(cells);
        let bytes = cells.to_string().len();
        if bytes > room {
            break;
        }
        room -= bytes;
        rows.push(cells);
    }
    (rows, cut)
}

fn note(json: &mut Value, notes: &[String]) {
    if let (Value::Object(members), false) = (json, notes.is_empty()) {
        members.insert("note".to_owned(), json!(notes.join(" ")));
    }
}
