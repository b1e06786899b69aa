//! What is let through to the engine.

use turso_parser::ast::{Cmd, Stmt};
use turso_parser::parser::Parser;

use super::MAX_SQL_BYTES;
use super::error::SqlError;

/// How deep parentheses may nest, and how many times `SELECT` may occur. The engine recurses on both,
/// on a stack that a component has half a megabyte of; it was seen to bear several times as much.
const MAX_NESTING: usize = 50;
/// Functions that allocate what they are told to.
const REFUSED: [&str; 3] = ["randomblob", "zeroblob", "load_extension"];

/// Accepts exactly one `SELECT` (or `WITH … SELECT`, or `VALUES`).
pub(super) fn single_select(sql: &str) -> Result<(), SqlError> {
    if sql.len() > MAX_SQL_BYTES {
        return Err(SqlError::TooLong { bytes: sql.len() });
    }
    if !is_shallow(sql) {
        return Err(SqlError::TooDeep);
    }
    let mut parser = Parser::new(sql.as_bytes());
    match parser.next_cmd() {
        Ok(Some(Cmd::Stmt(Stmt::Select(_)))) => {}
        Ok(Some(_)) => return Err(SqlError::NotSelect),
        Ok(None) => return Err(SqlError::Empty),
        // The parser does not know every statement that must not run.
        Err(_) if !starts_as_query(sql) => return Err(SqlError::NotSelect),
        Err(error) => return Err(SqlError::syntax(&error)),
    }
    if !matches!(parser.next_cmd(), Ok(None)) {
        return Err(SqlError::SeveralStatements);
    }
    let lower = sql.to_ascii_lowercase();
    match REFUSED.iter().find(|name| lower.contains(**name)) {
        Some(name) => Err(SqlError::Refused { name }),
        None => Ok(()),
    }
}

/// True when the text parses as one query and nothing else.
pub(super) fn parses(sql: &str) -> bool {
    let mut parser = Parser::new(sql.as_bytes());
    sql.len() <= MAX_SQL_BYTES
        && is_shallow(sql)
        && matches!(parser.next_cmd(), Ok(Some(Cmd::Stmt(Stmt::Select(_)))))
        && matches!(parser.next_cmd(), Ok(None))
}

/// True for a word that would not be read as a name.
pub(super) fn is_keyword(word: &str) -> bool {
    !parses(&format!("SELECT {word} FROM {word} GROUP BY {word}"))
}

fn is_shallow(sql: &str) -> bool {
    let mut depth = 0_usize;
    let shallow = sql.bytes().all(|byte| {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth <= MAX_NESTING
    });
    shallow && sql.to_ascii_lowercase().matches("select").count() <= MAX_NESTING
}

fn starts_as_query(sql: &str) -> bool {
    let word: String = sql
        .trim_start()
        .chars()
        .take_while(char::is_ascii_alphabetic)
        .collect();
    ["select", "with", "values"]
        .iter()
        .any(|start| word.eq_ignore_ascii_case(start))
}
