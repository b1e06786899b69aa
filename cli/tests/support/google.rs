//! The fakes of Google's REST APIs (`tests/clients/python/fake_google`), and `attache` that asks them.

#![allow(dead_code, reason = "each test uses its own part")]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

const APIS: [&str; 10] = [
    "alloydb",
    "artifactregistry",
    "cloudresourcemanager",
    "cloudtasks",
    "discoveryengine",
    "iam",
    "iamcredentials",
    "run",
    "secretmanager",
    "serviceusage",
];

/// The fakes, which end with this. A test that asked for what the discovery documents do not allow fails.
pub(crate) struct FakeGoogle {
    process: Child,
    port: u16,
    /// Where gcloud's configuration and application default credentials would be.
    pub(crate) home: tempfile::TempDir,
}

impl FakeGoogle {
    pub(crate) fn start() -> Self {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let python = workspace.join("target/clients/python/bin/python");
        assert!(
            python.exists(),
            "{} is missing; run `make clients`",
            python.display()
        );
        let mut process = Command::new(python)
            .arg(workspace.join("tests/clients/python/fake_google"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let said = process.stdout.take().unwrap();
        BufReader::new(said).read_line(&mut line).unwrap();
        let port = line.trim().parse().expect("the fakes print their port");
        let home = tempfile::tempdir().unwrap();
        Self {
            process,
            port,
            home,
        }
    }

    /// The address of the fakes; the root of an API is its name behind it.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// `attache`, with an access token, asking the fakes, and without gcloud.
    pub(crate) fn attache(&self) -> Command {
        let mut command = self.attache_without_credentials();
        command.env("GOOGLE_OAUTH_ACCESS_TOKEN", "ya29.given");
        command
    }

    /// `attache` in an environment that has nothing but the addresses of the fakes.
    pub(crate) fn attache_without_credentials(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_attache"));
        command
            .env_clear()
            .env("PATH", self.bin())
            .env("HOME", self.home.path())
            .env("NO_GCE_CHECK", "true")
            .current_dir(self.home.path());
        for api in APIS {
            let variable = format!(
                "CLOUDSDK_API_ENDPOINT_OVERRIDES_{}",
                api.to_ascii_uppercase()
            );
            command.env(variable, format!("{}/{api}/", self.url()));
        }
        command
    }

    /// What is installed: nothing, until a test puts a script here.
    pub(crate) fn bin(&self) -> PathBuf {
        let bin = self.home.path().join("bin");
        std::fs::create_dir_all(&bin).unwrap();
        bin
    }

    /// Puts what Google would answer to `GET path` in place.
    pub(crate) fn put(&self, api: &str, path: &str, resource: Value) {
        self.tell(
            "resource",
            json!({"api": api, "path": path, "resource": resource}),
        );
    }

    /// Puts a policy in place.
    pub(crate) fn put_policy(&self, api: &str, name: &str, bindings: Value) {
        self.tell(
            "policy",
            json!({"api": api, "name": name, "policy": {"bindings": bindings}}),
        );
    }

    /// Answers so, once: `{"method", "path", "times", "status", "headers", "body"}`.
    pub(crate) fn script(&self, error: Value) {
        self.tell("error", error);
    }

    pub(crate) fn tell(&self, what: &str, body: Value) {
        let url = format!("{}/fake/{what}", self.url());
        let (status, text) = send("POST", &url, &body);
        assert_eq!(status, 200, "{what} {body}: {text}");
    }

    /// What was asked so far: `{"method", "api", "path", "query", "body", ...}` each.
    pub(crate) fn requests(&self) -> Vec<Value> {
        self.read("requests").as_array().unwrap().clone()
    }

    /// The methods and paths of what was asked so far.
    pub(crate) fn calls(&self) -> Vec<String> {
        let line = |r: &Value| {
            format!(
                "{} {}",
                r["method"].as_str().unwrap(),
                r["path"].as_str().unwrap()
            )
        };
        self.requests().iter().map(line).collect()
    }

    /// What there is of an API, by name.
    pub(crate) fn kept(&self, api: &str) -> Value {
        self.read("kept")[api].clone()
    }

    /// Asks an API as no command would. The answer's status and body.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, String) {
        send(method, &format!("{}/{path}", self.url()), body)
    }

    /// What was asked that the documents do not describe, which then is no reason to fail.
    pub(crate) fn take_violations(&self) -> Vec<Value> {
        let violations = self.read("violations").as_array().unwrap().clone();
        self.tell("forgive", json!({}));
        violations
    }

    fn read(&self, what: &str) -> Value {
        let url = format!("{}/fake/{what}", self.url());
        blocking(async move { reqwest::get(url).await.unwrap().json().await.unwrap() })
    }
}

impl Drop for FakeGoogle {
    fn drop(&mut self) {
        let violations = (!std::thread::panicking()).then(|| self.read("violations"));
        drop(self.process.stdin.take());
        let _ = self.process.wait();
        if let Some(violations) = violations {
            assert_eq!(
                violations,
                json!([]),
                "the discovery documents do not allow this"
            );
        }
    }
}

fn send(method: &str, url: &str, body: &Value) -> (u16, String) {
    let (method, url, body) = (method.parse().unwrap(), url.to_owned(), body.clone());
    blocking(async move {
        let mut request = reqwest::Client::new()
            .request(method, url)
            .bearer_auth("ya29.test");
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    })
}

fn blocking<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(future)
    };
    // A test may be on a runtime already.
    std::thread::spawn(run).join().unwrap()
}

/// What a command printed, when it ended with `status`.
pub(crate) fn ended(command: &mut Command, status: i32) -> (String, String) {
    let Output {
        status: ended,
        stdout,
        stderr,
    } = command.output().unwrap();
    let (out, err) = (
        String::from_utf8(stdout).unwrap(),
        String::from_utf8(stderr).unwrap(),
    );
    assert_eq!(ended.code(), Some(status), "{out}\n{err}");
    (out, err)
}

/// Makes a pair of keys, `private.pem` and `public.pem`, in `folder`.
pub(crate) fn make_keys(folder: &Path, algorithm: &str) {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let status = Command::new(workspace.join("target/clients/python/bin/python"))
        .arg(workspace.join("tests/clients/python/card_key.py"))
        .arg(folder)
        .arg(algorithm)
        .status();
    assert!(status.unwrap().success());
}
