//! A column that learns its kind while values arrive.

use super::column::{Cell, Column, Kind, Texts, Values};
use super::infer;

/// Starts without a kind, takes the kind of its first value, and widens when a value does not fit:
/// integers become floats, anything else becomes text.
#[derive(Default)]
pub(crate) struct Growing {
    values: Option<Values>,
    missing: Vec<bool>,
}

impl Growing {
    pub(in crate::analysis) fn len(&self) -> usize {
        self.missing.len()
    }

    /// Adds missing values until there are `rows`.
    pub(super) fn pad(&mut self, rows: usize) {
        while self.missing.len() < rows {
            self.push(Cell::Missing);
        }
    }

    pub(crate) fn push(&mut self, cell: Cell<'_>) {
        // JSON and every reader of it know only finite numbers.
        if let Cell::Float(value) = cell
            && !value.is_finite()
        {
            return self.push(Cell::Text(if value > 0.0 {
                "Infinity"
            } else {
                "-Infinity"
            }));
        }
        if !matches!(cell, Cell::Missing) {
            self.widen(cell);
        }
        self.missing.push(matches!(cell, Cell::Missing));
        match (&mut self.values, cell) {
            (Some(Values::Integer(values)), Cell::Integer(value)) => values.push(value),
            (Some(Values::Float(values)), Cell::Float(value)) => values.push(value),
            (Some(Values::Float(values)), Cell::Integer(value)) => values.push(value as f64),
            (Some(Values::Boolean(values)), Cell::Boolean(value)) => values.push(value),
            (Some(Values::Text(values)), Cell::Missing) => values.push(""),
            (Some(Values::Text(values)), cell) => values.push(&spelled(cell)),
            (Some(Values::Integer(values)), _) => values.push(0),
            (Some(Values::Float(values)), _) => values.push(0.0),
            (Some(Values::Boolean(values)), _) => values.push(false),
            (None, _) => {}
        }
    }

    /// Takes back the last value.
    pub(super) fn pop(&mut self) {
        if self.missing.pop().is_none() {
            return;
        }
        match &mut self.values {
            Some(Values::Integer(values)) => drop(values.pop()),
            Some(Values::Float(values)) => drop(values.pop()),
            Some(Values::Boolean(values)) => drop(values.pop()),
            Some(Values::Text(values)) => values.pop(),
            None => {}
        }
    }

    /// Makes room for a value of the kind of `cell`.
    fn widen(&mut self, cell: Cell<'_>) {
        let rows = self.missing.len();
        let values = match (self.values.take(), cell) {
            (None, Cell::Integer(_)) => Values::Integer(vec![0; rows]),
            (None, Cell::Float(_)) => Values::Float(vec![0.0; rows]),
            (None, Cell::Boolean(_)) => Values::Boolean(vec![false; rows]),
            (None, _) => {
                let mut texts = Texts::default();
                (0..rows).for_each(|_| texts.push(""));
                Values::Text(texts)
            }
            (Some(Values::Integer(values)), Cell::Float(_)) => {
                Values::Float(values.into_iter().map(|value| value as f64).collect())
            }
            (Some(values @ Values::Integer(_)), Cell::Integer(_))
            | (Some(values @ Values::Float(_)), Cell::Integer(_) | Cell::Float(_))
            | (Some(values @ Values::Boolean(_)), Cell::Boolean(_))
            | (Some(values @ Values::Text(_)), _) => values,
            (Some(values), _) => Values::Text(self.as_texts(values)),
        };
        self.values = Some(values);
    }

    fn as_texts(&self, values: Values) -> Texts {
        let column = Column::new(String::new(), Kind::Text, values, self.missing.clone());
        let mut texts = Texts::default();
        column.cells().for_each(|cell| texts.push(&spelled(cell)));
        texts
    }

    /// The column. Text that is all dates becomes dates.
    pub(crate) fn finish(self, name: String) -> Column {
        let missing = self.missing;
        let (kind, values) = match self.values {
            Some(values @ Values::Integer(_)) => (Kind::Integer, values),
            Some(values @ Values::Float(_)) => (Kind::Float, values),
            Some(values @ Values::Boolean(_)) => (Kind::Boolean, values),
            Some(Values::Text(mut texts)) => {
                texts.shrink_to_fit();
                infer::dates(texts, &missing)
            }
            None => {
                let mut texts = Texts::default();
                missing.iter().for_each(|_| texts.push(""));
                (Kind::Text, Values::Text(texts))
            }
        };
        Column::new(name, kind, values, missing)
    }
}

/// A value in full, where [`Cell`]'s `Display` rounds for people.
fn spelled(cell: Cell<'_>) -> String {
    match cell {
        Cell::Float(_) => cell.to_json().to_string(),
        cell => cell.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(cells: &[Cell<'_>]) -> Column {
        let mut growing = Growing::default();
        cells.iter().for_each(|cell| growing.push(*cell));
        growing.finish("c".into())
    }

    #[test]
    fn integers_widen_to_floats_and_everything_to_text() {
        use Cell::{Boolean, Float, Integer, Missing, Text};
        let numbers = column(&[Missing, Integer(1), Float(2.5), Integer(3)]);
        assert_eq!(numbers.kind(), Kind::Float);
        assert!(
            numbers
                .cells()
                .eq([Missing, Float(1.0), Float(2.5), Float(3.0)])
        );

        let mixed = column(&[Integer(1), Missing, Float(0.1), Text("x"), Boolean(true)]);
        assert_eq!(mixed.kind(), Kind::Text);
        assert!(
            mixed
                .cells()
                .eq([Text("1.0"), Missing, Text("0.1"), Text("x"), Text("true")])
        );

        let infinite = column(&[Float(f64::NEG_INFINITY), Float(1.0)]);
        assert!(infinite.cells().eq([Text("-Infinity"), Text("1.0")]));
    }

    #[test]
    fn a_column_without_values_is_text() {
        let empty = column(&[Cell::Missing, Cell::Missing]);
        assert_eq!((empty.kind(), empty.len()), (Kind::Text, 2));
        assert!(empty.cells().all(|cell| cell == Cell::Missing));
    }

    #[test]
    fn the_last_value_can_be_taken_back() {
        let mut growing = Growing::default();
        for cell in [Cell::Text("a"), Cell::Text("bc"), Cell::Missing] {
            growing.push(cell);
        }
        growing.pop();
        growing.pop();
        growing.push(Cell::Text("d"));
        assert!(
            growing
                .finish("c".into())
                .cells()
                .eq([Cell::Text("a"), Cell::Text("d")])
        );
    }
}
