//! The files of requests.

use std::collections::HashMap;

/// A case: requests that are sent one after the other.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) steps: Vec<Step>,
}

/// One request, and what is kept of its answer.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) name: String,
    request: Request,
    /// Names and JSON pointers.
    pub(super) captures: Vec<(String, String)>,
}

/// A request as it is sent.
#[derive(Clone, Debug, Default)]
pub(super) struct Request {
    /// The method and the target, or the method of a call of gRPC.
    pub(super) line: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
    /// After this many events the stream is left. Without it, it is read to its end.
    pub(super) events: Option<usize>,
    /// The step whose stream is read on, instead of a request.
    pub(super) rest_of: Option<String>,
}

impl Case {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = text.split("\n###");
        let about = parts.next().unwrap_or_default();
        if !about.starts_with("# ") {
            return Err("has to begin with `# ` and what it shows".to_owned());
        }
        let steps: Vec<_> = parts.map(Step::parse).collect::<Result<_, _>>()?;
        if steps.is_empty() {
            return Err("has no request; each begins with `### ` and a name".to_owned());
        }
        Ok(Self { steps })
    }
}

impl Step {
    fn parse(text: &str) -> Result<Self, String> {
        let (name, rest) = text.split_once('\n').ok_or("ends after a name")?;
        let mut step = Self {
            name: name.trim().to_owned(),
            request: Request::default(),
            captures: Vec::new(),
        };
        let (head, body) = rest.split_once("\n\n").unwrap_or((rest, ""));
        step.request.body = body.trim_end_matches('\n').to_owned();
        for line in head.lines() {
            if let Some(directive) = line.strip_prefix('#') {
                step.direct(directive.trim())?;
            } else if step.request.line.is_empty() {
                line.clone_into(&mut step.request.line);
            } else if let Some((name, value)) = line.split_once(':') {
                let header = (name.trim().to_owned(), value.trim().to_owned());
                step.request.headers.push(header);
            } else if !line.is_empty() {
                return Err(format!("{line:?} is no `Name: value`"));
            }
        }
        if step.request.line.is_empty() == step.request.rest_of.is_none() {
            return Err(format!(
                "step {:?} has to have a request, or `# rest of` another",
                step.name
            ));
        }
        Ok(step)
    }

    fn direct(&mut self, directive: &str) -> Result<(), String> {
        let words: Vec<_> = directive.split_whitespace().collect();
        match words[..] {
            ["capture", name, "=", pointer] => {
                self.captures.push((name.to_owned(), pointer.to_owned()));
            }
            ["events", number] => {
                let number = number.parse().map_err(|_| format!("{number:?} events"))?;
                self.request.events = Some(number);
            }
            ["rest", "of", ref step @ ..] if !step.is_empty() => {
                self.request.rest_of = Some(step.join(" "));
            }
            _ => return Err(format!("there is no directive {directive:?}")),
        }
        Ok(())
    }

    /// The request with its variables filled in.
    pub(super) fn fill(&self, variables: &HashMap<String, String>) -> Result<Request, String> {
        let mut request = self.request.clone();
        request.line = fill(&request.line, variables)?;
        request.body = fill(&request.body, variables)?;
        for (_, value) in &mut request.headers {
            *value = fill(value, variables)?;
        }
        Ok(request)
    }
}

/// `{{name}}` is a variable.
fn fill(text: &str, variables: &HashMap<String, String>) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        // Braces that close nothing are JSON's own.
        let Some((name, after)) = after.split_once("}}").filter(|(n, _)| is_name(n)) else {
            filled.push_str(before);
            filled.push_str("{{");
            rest = after;
            continue;
        };
        let value = variables
            .get(name)
            .ok_or_else(|| format!("nothing was captured as {name:?}"))?;
        filled.push_str(before);
        filled.push_str(value);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}
