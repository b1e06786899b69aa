use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::Credential;

/// A helper may ask a keychain, which may ask a person.
const PATIENCE: Duration = Duration::from_secs(60);
const LARGEST: u64 = 1 << 20;
/// The name under which Docker keeps its own hub's credentials.
const HUB: &str = "index.docker.io";

/// What `docker login` writes, and Kubernetes mounts: credentials by registry, or the programs that keep
/// them.
#[derive(Debug, Clone, Default)]
pub struct DockerConfig {
    credentials: BTreeMap<String, Credential>,
    helpers: BTreeMap<String, String>,
    store: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    #[serde(default)]
    auths: BTreeMap<String, Auth>,
    #[serde(default)]
    cred_helpers: BTreeMap<String, String>,
    creds_store: Option<String>,
}

#[derive(Deserialize)]
struct Auth {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: String,
}

impl DockerConfig {
    /// Reads the file. One that is not there says nothing.
    ///
    /// # Errors
    /// A sentence that names the file and repeats nothing of it.
    pub fn read(path: &Path) -> Result<Self, String> {
        use std::io::Read;
        let shown = path.display();
        let unreadable = |error: std::io::Error| format!("{shown} cannot be read ({error})");
        let file = match std::fs::File::open(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            file => file.map_err(unreadable)?,
        };
        let mut bytes = Vec::new();
        file.take(LARGEST)
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
        Self::parse(&bytes).map_err(|why| format!("{shown}: {why}"))
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        // What a parser says could quote a password.
        let file: File = serde_json::from_slice(bytes).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            format!("it is not Docker's configuration in JSON (line {line}, column {column})")
        })?;
        let mut credentials = BTreeMap::new();
        for (key, auth) in file.auths {
            let host = host_of_key(&key);
            let wrong = || format!("its auth for {host} is not the base64 of USER:PASSWORD");
            if let Some(credential) = auth.credential().map_err(|()| wrong())? {
                credentials.insert(host, credential);
            }
        }
        let helpers = file.cred_helpers.into_iter();
        Ok(Self {
            credentials,
            helpers: helpers
                .map(|(key, name)| (host_of_key(&key), name))
                .collect(),
            store: file.creds_store.filter(|name| !name.is_empty()),
        })
    }

    /// The credential that the file itself holds for the registry at `host`.
    pub fn credential(&self, host: &str) -> Option<&Credential> {
        self.credentials.get(&hub(host))
    }

    /// The program that keeps the credential for `host`.
    pub fn helper(&self, host: &str) -> Option<&str> {
        let own = self.helpers.get(&hub(host));
        own.or(self.store.as_ref()).map(String::as_str)
    }

    /// Asks the program that keeps the credential for `host`, if there is one. None when it has none.
    ///
    /// # Errors
    /// A sentence, when there is one for this host and it cannot be run.
    pub async fn ask_helper(&self, host: &str) -> Result<Option<Credential>, String> {
        let Some(name) = self.helper(host) else {
            return Ok(None);
        };
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
        if name.is_empty() || !name.bytes().all(plain) {
            return Err(format!(
                "Docker's configuration names the credential helper {name:?}, which is no name"
            ));
        }
        let program = format!("docker-credential-{name}");
        let server = match hub(host) {
            hub if hub == HUB => format!("https://{HUB}/v1/"),
            host => host,
        };
        let failed = |why: String| format!("the credential helper {program} gave nothing: {why}");
        let asked = async {
            let mut helper = Command::new(&program)
                .arg("get")
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .kill_on_drop(true)
                .spawn()
                .map_err(|error| error.to_string())?;
            if let Some(mut stdin) = helper.stdin.take() {
                // One that reads nothing has its answer without.
                let _ = stdin.write_all(server.as_bytes()).await;
            }
            helper
                .wait_with_output()
                .await
                .map_err(|error| error.to_string())
        };
        let output = tokio::time::timeout(PATIENCE, asked).await;
        let output = output
            .unwrap_or_else(|_| Err(format!("no answer within {PATIENCE:?}")))
            .map_err(failed)?;
        let text = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            // It has none for this registry, as helpers say it.
            if text.contains("credentials not found") {
                return Ok(None);
            }
            return Err(failed(format!("it ended with {}", output.status)));
        }
        let answer: Answer = serde_json::from_slice(&output.stdout)
            .map_err(|_| failed("its answer is not what helpers answer".to_owned()))?;
        Ok(Some(match answer.username.as_str() {
            "<token>" => Credential::IdentityToken(answer.secret),
            _ => Credential::Password {
                user: answer.username,
                password: answer.secret,
            },
        }))
    }
}

impl Auth {
    fn credential(self) -> Result<Option<Credential>, ()> {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        if let Some(token) = given(self.identitytoken) {
            return Ok(Some(Credential::IdentityToken(token)));
        }
        if let Some(auth) = given(self.auth) {
            let decoded = STANDARD.decode(auth.trim()).map_err(drop)?;
            let decoded = String::from_utf8(decoded).map_err(drop)?;
            let (user, password) = decoded.split_once(':').ok_or(())?;
            return Ok(Some(Credential::Password {
                user: user.to_owned(),
                // Docker pads what it writes.
                password: password.trim_end_matches('\0').to_owned(),
            }));
        }
        match (given(self.username), given(self.password)) {
            (Some(user), Some(password)) => Ok(Some(Credential::Password { user, password })),
            _ => Ok(None),
        }
    }
}

/// `https://HOST/v1/` of old, `HOST` of today.
fn host_of_key(key: &str) -> String {
    let key = key.split_once("://").map_or(key, |(_, rest)| rest);
    let host = key.split_once('/').map_or(key, |(host, _)| host);
    hub(host)
}

fn hub(host: &str) -> String {
    match host {
        "docker.io" | "registry-1.docker.io" => HUB.to_owned(),
        host => host.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_found_by_host() {
        let config = DockerConfig::parse(
            br#"{"auths": {
                "https://index.docker.io/v1/": {"auth": "bWU6cGE6c3M="},
                "localhost:5000": {"username": "a", "password": "b"},
                "ghcr.io": {"identitytoken": "t"},
                "europe-docker.pkg.dev": {}
            }, "credHelpers": {"europe-docker.pkg.dev": "gcloud"}, "HttpHeaders": {"x": "y"}}"#,
        )
        .unwrap();
        let password = |user: &str, password: &str| {
            let (user, password) = (user.to_owned(), password.to_owned());
            Some(Credential::Password { user, password })
        };
        assert_eq!(
            config.credential("docker.io").cloned(),
            password("me", "pa:ss")
        );
        assert_eq!(
            config.credential("localhost:5000").cloned(),
            password("a", "b")
        );
        assert_eq!(config.credential("localhost"), None);
        let token = Credential::IdentityToken("t".to_owned());
        assert_eq!(config.credential("ghcr.io"), Some(&token));
        assert_eq!(config.credential("europe-docker.pkg.dev"), None);
        assert_eq!(config.helper("europe-docker.pkg.dev"), Some("gcloud"));
        assert_eq!(config.helper("ghcr.io"), None);
    }

    #[test]
    fn what_is_wrong_is_said_without_the_secret() {
        for bad in [
            r#"{"auths": {"a.test": {"auth": "c2VjcmV0"}}}"#,
            r#"{"auths": {"a.test": {"auth": "secret!"}}}"#,
            r#"{"auths": {"a.test": {"auth": "secret"}"#,
        ] {
            let why = DockerConfig::parse(bad.as_bytes()).unwrap_err();
            assert!(
                !why.contains("secret") && !why.contains("c2VjcmV0"),
                "{why}"
            );
        }
    }
}
