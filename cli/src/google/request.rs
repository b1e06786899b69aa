//! A call before it is sent, which is also how `--dry-run` shows it.

use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use super::Api;
use crate::failure::{Exit, Failure};

/// The values of these fields are never shown.
const SECRET_FIELDS: [&str; 4] = ["clientSecret", "data", "password", "initialUser"];
const MASK: &str = "********";

/// A call of one of Google's APIs.
#[derive(Clone)]
pub(crate) struct Request {
    pub(super) api: Api,
    pub(super) method: Method,
    path: String,
    query: Vec<(String, String)>,
    pub(super) body: Option<Value>,
    pub(super) makes_a_new_one: bool,
}

#[allow(dead_code, reason = "each command uses its own few")]
impl Request {
    /// `path` follows the root of the API: `v2/projects/...`.
    pub(crate) fn new(api: Api, method: Method, path: impl Into<String>) -> Self {
        Self {
            api,
            method,
            path: path.into(),
            query: Vec::new(),
            body: None,
            makes_a_new_one: false,
        }
    }

    /// See [`Self::new`].
    pub(crate) fn get(api: Api, path: impl Into<String>) -> Self {
        Self::new(api, Method::GET, path)
    }

    /// See [`Self::new`].
    pub(crate) fn post(api: Api, path: impl Into<String>, body: Value) -> Self {
        Self::new(api, Method::POST, path).body(body)
    }

    /// See [`Self::new`].
    pub(crate) fn patch(api: Api, path: impl Into<String>, body: Value) -> Self {
        Self::new(api, Method::PATCH, path).body(body)
    }

    /// See [`Self::new`].
    pub(crate) fn put(api: Api, path: impl Into<String>, body: Value) -> Self {
        Self::new(api, Method::PUT, path).body(body)
    }

    /// See [`Self::new`].
    pub(crate) fn delete(api: Api, path: impl Into<String>) -> Self {
        Self::new(api, Method::DELETE, path)
    }

    /// With this parameter, which is escaped.
    #[must_use]
    pub(crate) fn query(mut self, name: &str, value: impl Into<String>) -> Self {
        self.query.retain(|(other, _)| other != name);
        self.query.push((name.to_owned(), value.into()));
        self
    }

    #[must_use]
    fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// Sent twice, it makes two: it is not repeated when nobody knows whether it arrived.
    #[must_use]
    pub(crate) fn makes_a_new_one(mut self) -> Self {
        self.makes_a_new_one = true;
        self
    }

    /// The project of the path.
    pub(crate) fn project(&self) -> Option<&str> {
        let mut parts = self.path.split(['/', ':']);
        parts.find(|part| matches!(*part, "projects" | "namespaces"))?;
        parts.next().filter(|project| *project != "-")
    }

    /// Its address.
    ///
    /// # Errors
    /// The path is none, or the API's root is none.
    pub(crate) fn url(&self) -> Result<Url, Failure> {
        let odd = |b: u8| !b.is_ascii_alphanumeric() && !b"-._~:/@%+".contains(&b);
        let is_odd = self.path.bytes().any(odd)
            || self.path.contains("//")
            || self.path.split('/').any(|part| part == "..");
        if is_odd {
            let sentence = format!("{:?} is no name of something at Google", self.path);
            return Err(Failure::new(Exit::Usage, sentence));
        }
        let root = self.api.root()?;
        let mut url = root.clone();
        url.set_path(&format!("{}{}", root.path(), self.path));
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        Ok(url)
    }

    /// The call as a document, secrets masked.
    ///
    /// # Errors
    /// See [`Self::url`].
    pub(crate) fn shown(&self) -> Result<Value, Failure> {
        let mut shown = json!({"method": self.method.as_str(), "url": self.url()?.as_str()});
        if let (Some(body), Some(shown)) = (&self.body, shown.as_object_mut()) {
            shown.insert("body".to_owned(), masked(body));
        }
        Ok(shown)
    }

    /// The call as a line for a shell, secrets masked.
    ///
    /// # Errors
    /// See [`Self::url`].
    pub(crate) fn curl(&self) -> Result<String, Failure> {
        let mut line = format!(
            "curl -X {} -H \"Authorization: Bearer $(gcloud auth print-access-token)\"",
            self.method
        );
        if let Some(project) = self.project() {
            line += &format!(" -H {}", quoted(&format!("X-Goog-User-Project: {project}")));
        }
        if let Some(body) = &self.body {
            line += " -H 'Content-Type: application/json' -d ";
            line += &quoted(&masked(body).to_string());
        }
        Ok(format!("{line} {}", quoted(self.url()?.as_str())))
    }
}

/// A word for a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn masked(body: &Value) -> Value {
    match body {
        Value::Object(fields) => {
            let masked = fields.iter().map(|(name, value)| {
                let is_secret = SECRET_FIELDS.contains(&name.as_str()) && !value.is_null();
                let shown = if is_secret {
                    MASK.into()
                } else {
                    masked(value)
                };
                (name.clone(), shown)
            });
            Value::Object(masked.collect())
        }
        Value::Array(items) => items.iter().map(masked).collect(),
        other => other.clone(),
    }
}

/// The name of one thing at Google, such as a project: it goes into an address.
///
/// # Errors
/// It has other characters than such names have.
pub(crate) fn resource_id(given: &str) -> Result<String, String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._@:".contains(&b);
    if given.is_empty() || given.len() > 253 || !given.bytes().all(plain) || given == ".." {
        return Err("a name has letters, digits and any of -._@:".to_owned());
    }
    Ok(given.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked() {
        let body = json!({"serverSideOauth2": {"clientId": "i", "clientSecret": "hush"}});
        let request = Request::post(Api::Run, "v2/projects/p/x", body);
        let shown = request.shown().unwrap().to_string() + &request.curl().unwrap();
        assert!(!shown.contains("hush"), "{shown}");
        assert!(shown.contains(r#""clientId":"i""#), "{shown}");
    }

    #[test]
    fn a_name_stays_in_its_place() {
        for path in ["v2/projects/../x", "v2//x", "v2/a?b", "v2/a#b", "v2/ä"] {
            assert!(Request::get(Api::Run, path).url().is_err(), "{path}");
        }
        let url = Request::get(Api::Run, "v2/a").query("f", "a b&c").url();
        assert_eq!(
            url.unwrap().as_str(),
            "https://run.googleapis.com/v2/a?f=a+b%26c"
        );
        assert!(resource_id("a/b").is_err());
    }

    #[test]
    fn a_shell_reads_the_line_as_it_is_meant() {
        let line = Request::post(Api::Run, "v2/x", json!({"a": "it's"}))
            .curl()
            .unwrap();
        assert!(
            line.ends_with(r#"-d '{"a":"it'\''s"}' 'https://run.googleapis.com/v2/x'"#),
            "{line}"
        );
    }
}
