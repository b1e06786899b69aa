//! The file of application default credentials: a person's, or a service account's.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};

use super::SCOPE;
use super::token::{Token, fetch};
use crate::failure::{Exit, Failure};

const VARIABLE: &str = "GOOGLE_APPLICATION_CREDENTIALS";
const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// The longest that Google takes, in seconds.
const HOLDS: u64 = 3600;

/// The file, as its JSON.
pub(super) struct File {
    path: PathBuf,
    document: Value,
}

/// The file that is named, or gcloud's, if there is one.
///
/// # Errors
/// It cannot be read, or is of a kind that is not read here.
pub(super) fn find() -> Result<Option<File>, Failure> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let named = variable(VARIABLE).map(PathBuf::from);
    let is_named = named.is_some();
    let folder = variable("CLOUDSDK_CONFIG").map(PathBuf::from);
    let folder = folder.or_else(|| Some(Path::new(&variable("HOME")?).join(".config/gcloud")));
    let default = folder.map(|folder| folder.join("application_default_credentials.json"));
    let Some(path) = named.or(default) else {
        return Ok(None);
    };
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(why) if why.kind() == ErrorKind::NotFound && !is_named => return Ok(None),
        Err(why) => {
            let sentence = format!(
                "the credentials in {} cannot be read: {why}",
                path.display()
            );
            let failure = Failure::new(Exit::NoInput, sentence);
            return Err(failure.remedy(format!("Unset {VARIABLE}, or name a file.")));
        }
    };
    // What a parser says could quote a key.
    let document: Value = serde_json::from_slice(&bytes)
        .map_err(|_| Failure::new(Exit::Data, format!("{} holds no JSON", path.display())))?;
    let file = File { path, document };
    match file.text("type") {
        Some("authorized_user" | "service_account") => Ok(Some(file)),
        other => Err(Failure::new(
            Exit::Data,
            format!(
                "{} holds credentials of the type {}, which attache does not read",
                file.path(),
                other.unwrap_or("none")
            ),
        )
        .remedy("Let gcloud read them (gcloud auth login --cred-file=FILE), or give --access-token-file.")),
    }
}

impl File {
    pub(super) fn path(&self) -> String {
        self.path.display().to_string()
    }

    pub(super) fn is_of_a_person(&self) -> bool {
        self.text("type") == Some("authorized_user")
    }

    pub(super) fn project(&self) -> Option<String> {
        let project = self.text("project_id").or(self.text("quota_project_id"))?;
        super::super::resource_id(project).ok()
    }

    pub(super) fn quota_project(&self) -> Option<String> {
        self.text("quota_project_id").map(str::to_owned)
    }

    pub(super) async fn access_token(&self, http: &reqwest::Client) -> Result<Token, Failure> {
        let answer = match self.is_of_a_person() {
            true => self.refresh(http).await?,
            false => self.assert(http, ("scope", SCOPE)).await?,
        };
        Token::of_answer(&answer, "access_token", &self.path())
    }

    /// A person's token is for nobody in particular.
    pub(super) async fn id_token(
        &self,
        http: &reqwest::Client,
        audience: &str,
    ) -> Result<Token, Failure> {
        let answer = match self.is_of_a_person() {
            true => self.refresh(http).await?,
            false => self.assert(http, ("target_audience", audience)).await?,
        };
        Token::of_answer(&answer, "id_token", &self.path())
    }

    async fn refresh(&self, http: &reqwest::Client) -> Result<Value, Failure> {
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", self.wanted("client_id")?),
            ("client_secret", self.wanted("client_secret")?),
            ("refresh_token", self.wanted("refresh_token")?),
        ];
        fetch(http.post(self.token_uri()?).form(&form), &self.path()).await
    }

    /// What the account says about itself, signed, for a token.
    async fn assert(&self, http: &reqwest::Client, claim: (&str, &str)) -> Result<Value, Failure> {
        let assertion = self.signed(claim)?;
        let form = [("grant_type", GRANT), ("assertion", &assertion)];
        fetch(http.post(self.token_uri()?).form(&form), &self.path()).await
    }

    fn signed(&self, claim: (&str, &str)) -> Result<String, Failure> {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        let email = self.wanted("client_email")?;
        let header = json!({"alg": "RS256", "typ": "JWT", "kid": self.text("private_key_id")});
        let claims = json!({
            "iss": email,
            "sub": email,
            "aud": self.token_uri()?,
            "iat": now,
            "exp": now + HOLDS,
            claim.0: claim.1,
        });
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let input = format!("{}.{}", encode(&header), encode(&claims));
        let key = self.key()?;
        let mut signature = vec![0; key.public().modulus_len()];
        key.sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            input.as_bytes(),
            &mut signature,
        )
        .map_err(|_| Failure::new(Exit::Software, "the machine gives no random numbers"))?;
        Ok(format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    fn key(&self) -> Result<RsaKeyPair, Failure> {
        let pem = self.wanted("private_key")?;
        let lines = pem.lines().filter(|line| !line.starts_with("-----"));
        let der = STANDARD.decode(lines.collect::<String>().replace(char::is_whitespace, ""));
        let key = der.ok().and_then(|der| RsaKeyPair::from_pkcs8(&der).ok());
        key.ok_or_else(|| self.odd("its private_key is no RSA key in PKCS #8"))
    }

    /// Where the private data goes: nowhere in the clear but to this machine.
    fn token_uri(&self) -> Result<&str, Failure> {
        let uri = self.text("token_uri").unwrap_or(TOKEN_URI);
        let is_local = uri.starts_with("http://127.0.0.1:") || uri.starts_with("http://[::1]:");
        match uri.starts_with("https://") || is_local {
            true => Ok(uri),
            false => Err(self.odd("its token_uri does not begin with https://")),
        }
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.document.get(name)?.as_str()
    }

    fn wanted(&self, name: &str) -> Result<&str, Failure> {
        self.text(name)
            .ok_or_else(|| self.odd(&format!("it has no {name}")))
    }

    fn odd(&self, why: &str) -> Failure {
        let sentence = format!("{} is no file of credentials: {why}", self.path());
        Failure::new(Exit::Data, sentence)
            .remedy("Write it anew with gcloud auth application-default login.")
    }
}
