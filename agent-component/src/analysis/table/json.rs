//! Tables in JSON.
//!
//! Rows go into columns while they are parsed, so that a file of 10 MB never becomes a tree of ten
//! times its size. Objects inside a row become columns of their own (`{"user": {"name": …}}` is the
//! column `user_name`); arrays inside a row stay JSON text, which SQL's `json_extract` reads.

mod builder;
mod shape;
mod visit;

use serde::Deserialize as _;
use serde::de::DeserializeSeed;
use serde_json::Deserializer;
use serde_json::value::RawValue;

use super::column::Column;
use super::error::{Fault, clip};
use builder::Builder;
use shape::Shape;
use visit::{Row, Rows, WholeColumn};

pub(super) fn read(text: &str) -> Result<Vec<Column>, Fault> {
    let mut builder = Builder::default();
    let mut values = Deserializer::from_str(text);
    // One value is the whole table; several are its rows, as in JSON Lines.
    let first = <&RawValue>::deserialize(&mut values).map_err(|error| fault(&error, text, text))?;
    if values.end().is_ok() {
        whole(text, first.get(), &mut builder)?;
    } else {
        for value in Deserializer::from_str(text).into_iter::<&RawValue>() {
            let row = value.map_err(|error| fault(&error, text, text))?.get();
            parse(text, row, Row(&mut builder))?;
        }
    }
    builder.finish()
}

/// One value that holds the whole table.
fn whole(text: &str, value: &str, builder: &mut Builder) -> Result<(), Fault> {
    match Shape::of(value)? {
        Shape::Rows(rows) => parse(text, rows, Rows(builder)),
        Shape::NamedRows { names, rows } => {
            builder.name(&names)?;
            parse(text, rows, Rows(builder))
        }
        Shape::Columns(columns) => {
            for (name, values) in columns {
                let column = builder
                    .add_column(&name)
                    .map_err(|error: serde_json::Error| fault(&error, text, values))?;
                parse(text, values, WholeColumn { builder, column })?;
            }
            builder.check_lengths()
        }
        Shape::One(row) => parse(text, row, Row(builder)),
    }
}

/// Parses `part`, a slice of `text`.
fn parse<'a>(
    text: &'a str,
    part: &'a str,
    seed: impl DeserializeSeed<'a, Value = ()>,
) -> Result<(), Fault> {
    seed.deserialize(&mut Deserializer::from_str(part))
        .map_err(|error| fault(&error, text, part))
}

/// An error of the parser, with its place in the whole text instead of in a part of it.
fn fault(error: &serde_json::Error, text: &str, part: &str) -> Fault {
    let offset = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    let before = text.get(..offset).unwrap_or_default();
    let within_first_line = error.line() <= 1;
    let column_before = before.rsplit('\n').next().map_or(0, str::len);
    let line = before.matches('\n').count() + error.line().max(1);
    let column = error.column() + if within_first_line { column_before } else { 0 };
    let message = error.to_string();
    let reason = message
        .rsplit_once(" at line ")
        .map_or(message.as_str(), |(reason, _)| reason);
    let place = text
        .lines()
        .nth(line - 1)
        .and_then(|line| line.get(column.saturating_sub(1)..));
    let hint = match place {
        Some(rest) if rest.starts_with(['N', 'I']) || rest.starts_with("-I") => {
            " (JSON has no NaN and no Infinity; write null)"
        }
        _ => "",
    };
    Fault::Json {
        line,
        column,
        reason: format!("{}{hint}", clip(reason, 300)),
    }
}
