//! Blocks of Terraform, with a comment above each.

use hcl::{Block, Body, Expression};

use crate::failure::{Exit, Failure};

/// A file in the making.
#[derive(Default)]
pub(super) struct File(String);

impl File {
    /// Adds a block; `comment` says what it is for.
    pub(super) fn add(&mut self, comment: &str, block: impl Into<Block>) -> Result<(), Failure> {
        let body = Body::from([block.into()]);
        let text = hcl::to_string(&body).map_err(|why| {
            Failure::new(
                Exit::Software,
                format!("Terraform cannot be written: {why}"),
            )
        })?;
        if !self.0.is_empty() {
            self.0.push('\n');
        }
        if !comment.is_empty() {
            self.0.push_str(&format!("# {comment}\n"));
        }
        for line in text.lines() {
            // A block with nothing in it has odd spaces.
            match line.strip_suffix("{    }") {
                Some(begun) => self.0.extend([begun, "{}\n"]),
                None => self.0.extend([line, "\n"]),
            }
        }
        Ok(())
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}

/// Something that Terraform knows, such as `google_service_account.agent.email`.
pub(super) fn known(path: &str) -> Expression {
    let mut parts = path.split('.');
    let first = hcl::Identifier::sanitized(parts.next().unwrap_or_default());
    let mut traversal = hcl::Traversal::builder(hcl::expr::Variable::from(first));
    for part in parts {
        traversal = traversal.attr(part);
    }
    Expression::from(traversal.build())
}

/// A text in which `${...}` is looked up.
pub(super) fn template(text: &str) -> Expression {
    Expression::from(hcl::TemplateExpr::from(text))
}

/// A text that is what it is.
pub(super) fn text(text: &str) -> Expression {
    Expression::from(text)
}

/// A list of things that Terraform knows.
pub(super) fn all(paths: &[String]) -> Expression {
    Expression::Array(paths.iter().map(|path| known(path)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_looked_up() {
        for given in ["${x}", "100%{ if", "a \"b\" \\ c\nd", "$${x}", "%%{", ""] {
            let mut file = File::default();
            let block = Block::builder("b")
                .add_attribute(("v", text(given)))
                .build();
            file.add("", block).unwrap();
            let read: hcl::Value = hcl::from_str(&file.finish()).unwrap();
            let value = &read.as_object().unwrap()["b"].as_object().unwrap()["v"];
            assert_eq!(value.as_str(), Some(given));
        }
    }
}
