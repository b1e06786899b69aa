//! Tables as text.
//!
//! Written as Markdown with padded cells: a chat that renders Markdown shows a table, and one that
//! does not shows aligned columns.

use std::fmt;

use super::table::{Kind, Table};

/// Longer cells are cut.
const MAX_WIDTH: usize = 60;
/// More columns than this are left out: no line of a chat holds them.
const MAX_COLUMNS: usize = 40;

/// Rows of text under a header.
pub(super) struct Grid {
    header: Vec<String>,
    /// Numbers are aligned to the right.
    right: Vec<bool>,
    rows: Vec<Vec<String>>,
    /// Rows and columns that exist but are not shown.
    hidden_rows: usize,
    hidden_columns: usize,
}

impl Grid {
    pub(super) fn new(header: &[&str], right: &[bool]) -> Self {
        Self {
            header: header.iter().map(|name| cell(name)).collect(),
            right: right.to_vec(),
            rows: Vec::new(),
            hidden_rows: 0,
            hidden_columns: 0,
        }
    }

    /// The first rows of a table.
    pub(super) fn of(table: &Table, limit: usize) -> Self {
        let all = table.columns();
        let columns = all.get(..MAX_COLUMNS).unwrap_or(all);
        let header: Vec<_> = columns.iter().map(|column| column.name()).collect();
        let right: Vec<_> = columns
            .iter()
            .map(|column| matches!(column.kind(), Kind::Integer | Kind::Float))
            .collect();
        let mut grid = Self::new(&header, &right);
        for row in 0..table.rows().min(limit) {
            grid.push(columns.iter().map(|column| column.cell(row).to_string()));
        }
        grid.hidden_rows = table.rows().saturating_sub(limit);
        grid.hidden_columns = all.len() - columns.len();
        grid
    }

    /// True without rows.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn push(&mut self, cells: impl Iterator<Item = String>) {
        self.rows.push(cells.map(|text| cell(&text)).collect());
    }
}

/// Text for one cell: on one line, without a bar that would end it.
fn cell(text: &str) -> String {
    let mut characters = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut shown: String = characters.by_ref().take(MAX_WIDTH).collect();
    if characters.next().is_some() {
        shown.pop();
        shown.push('…');
    }
    shown.replace('|', "\\|")
}

impl fmt::Display for Grid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |index: usize| {
            let column = self
                .rows
                .iter()
                .chain([&self.header])
                .filter_map(|row| row.get(index));
            column
                .map(|text| text.chars().count())
                .max()
                .unwrap_or(0)
                .max(3)
        };
        let widths: Vec<_> = (0..self.header.len()).map(width).collect();
        let line = |f: &mut fmt::Formatter<'_>, cells: &[String]| {
            for ((text, width), right) in cells.iter().zip(&widths).zip(&self.right) {
                let width = *width;
                if *right {
                    write!(f, "| {text:>width$} ")?;
                } else {
                    write!(f, "| {text:<width$} ")?;
                }
            }
            f.write_str("|\n")
        };
        line(f, &self.header)?;
        for (width, right) in widths.iter().zip(&self.right) {
            let rule = "-".repeat(width - 1);
            if *right {
                write!(f, "| {rule}: ")?
            } else {
                write!(f, "| {rule}- ")?
            }
        }
        f.write_str("|\n")?;
        for row in &self.rows {
            line(f, row)?;
        }
        let hidden: Vec<_> = [
            (self.hidden_rows, "more row"),
            (self.hidden_columns, "more column"),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| super::number::counted(count, what))
        .collect();
        if hidden.is_empty() {
            Ok(())
        } else {
            writeln!(f, "\n… {}", hidden.join(" and "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_aligned_and_stay_in_their_place() {
        let mut grid = Grid::new(&["name", "n"], &[false, true]);
        grid.push(["a|b\nc".to_owned(), "1".to_owned()].into_iter());
        grid.push(["é".to_owned(), "1200".to_owned()].into_iter());
        assert_eq!(
            grid.to_string(),
            "| name   |    n |\n\
             | ------ | ---: |\n\
             | a\\|b c |    1 |\n\
             | é      | 1200 |\n"
        );
    }

    #[test]
    fn long_cells_are_cut() {
        assert_eq!(cell(&"x".repeat(61)).chars().count(), 60);
        assert!(cell(&"x".repeat(61)).ends_with('…'));
        assert_eq!(cell(&"x".repeat(60)), "x".repeat(60));
    }
}
