//! The registry itself.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);
/// Who may use a registry with a password.
pub(crate) const USER: &str = "someone";
pub(crate) const PASSWORD: &str = "pa:ss word";
/// The same, as the registry wants it (bcrypt).
const HTPASSWD: &str = "someone:$2b$04$KpenFLbhuQGNRdArKIJd3ODj3FtWmCrIeAo90il0Olve.qya6SI6G\n";

/// What Google's own account of tokens is, and the token that tests have.
const OF_GOOGLE: &str =
    "oauth2accesstoken:$2b$04$bB4br/kxlwWfAnBWW9Sg0.9mL4nDMJsF9YwHcNgjyvIkkTxW0Mjwm\n";
pub(crate) const GOOGLE_TOKEN: &str = "ya29.of-someone";

/// A registry on a port of its own. It ends when this is dropped.
pub(crate) struct Registry {
    child: Child,
    folder: TempDir,
    /// `127.0.0.1:PORT`.
    pub(crate) address: String,
}

impl Registry {
    pub(crate) fn start() -> Self {
        Self::start_with("127.0.0.1:0", tempfile::tempdir().unwrap(), &[])
    }

    /// One that wants a password.
    pub(crate) fn start_closed() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let users = folder.path().join("htpasswd");
        std::fs::write(&users, HTPASSWD).unwrap();
        let users = users.to_str().unwrap().to_owned();
        let auth = [
            ("REGISTRY_AUTH", "htpasswd"),
            ("REGISTRY_AUTH_HTPASSWD_REALM", "tests"),
            ("REGISTRY_AUTH_HTPASSWD_PATH", &users),
        ];
        Self::start_with("127.0.0.1:0", folder, &auth)
    }

    /// One that speaks TLS with the certificate in this folder, and lets in who has Google's token.
    pub(crate) fn start_as_google(certificate: &Path, key: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let users = folder.path().join("htpasswd");
        std::fs::write(&users, OF_GOOGLE).unwrap();
        let settings = [
            ("REGISTRY_AUTH", "htpasswd"),
            ("REGISTRY_AUTH_HTPASSWD_REALM", "tests"),
            ("REGISTRY_AUTH_HTPASSWD_PATH", users.to_str().unwrap()),
            (
                "REGISTRY_HTTP_TLS_CERTIFICATE",
                certificate.to_str().unwrap(),
            ),
            ("REGISTRY_HTTP_TLS_KEY", key.to_str().unwrap()),
        ]
        .map(|(name, value)| (name, value.to_owned()));
        let settings = settings
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        Self::start_with("127.0.0.1:0", folder, &settings)
    }

    fn start_with(address: &str, folder: TempDir, settings: &[(&str, &str)]) -> Self {
        let file = folder.path().join("config.yml");
        let content = "version: 0.1\nlog: {level: info, formatter: text}\n";
        std::fs::write(&file, content).unwrap();
        let mut child = Command::new(program())
            .arg("serve")
            .arg(&file)
            .env("REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY", folder.path())
            .env("REGISTRY_STORAGE_DELETE_ENABLED", "true")
            .env("REGISTRY_HTTP_ADDR", address)
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = child.stderr.take().unwrap();
        let (found, address) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if let Some((_, rest)) = line.split_once("listening on ") {
                    let port = rest.chars().take_while(|c| !matches!(c, '"' | ' ' | ','));
                    let _ = found.send(port.collect::<String>());
                }
            }
        });
        let address = address.recv_timeout(PATIENCE).expect("a registry");
        Self {
            child,
            folder,
            address,
        }
    }

    /// `127.0.0.1:PORT/REPOSITORY:TAG`.
    pub(crate) fn reference(&self, rest: &str) -> String {
        format!("{}/{rest}", self.address)
    }

    /// Stops it; what it keeps stays.
    pub(crate) fn stop(mut self) -> Stopped {
        self.end();
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap());
        Stopped {
            folder,
            address: self.address.clone(),
        }
    }

    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// What the registry says of a manifest, as it is.
    pub(crate) async fn manifest(&self, repository: &str, version: &str) -> reqwest::Response {
        let url = format!(
            "http://{}/v2/{repository}/manifests/{version}",
            self.address
        );
        let request = reqwest::Client::new().get(url);
        let manifest = "application/vnd.oci.image.manifest.v1+json";
        request.header("accept", manifest).send().await.unwrap()
    }

    pub(crate) async fn blob(&self, repository: &str, digest: &str) -> Vec<u8> {
        let url = format!("http://{}/v2/{repository}/blobs/{digest}", self.address);
        let response = reqwest::get(url).await.unwrap();
        assert!(response.status().is_success());
        response.bytes().await.unwrap().to_vec()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.end();
    }
}

/// A registry that is down.
pub(crate) struct Stopped {
    folder: TempDir,
    address: String,
}

impl Stopped {
    /// Under the same address, with what it kept.
    pub(crate) fn start(self) -> Registry {
        Registry::start_with(&self.address, self.folder, &[])
    }
}

fn program() -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/registry");
    let output = Command::new(script).arg("program").output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
