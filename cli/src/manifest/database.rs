//! `[database]`.

use super::document::Document;
use super::names;
use super::secrets::Secret;
use crate::failure::Failure;

const PROXY: &str = "gcr.io/alloydb-connectors/alloydb-auth-proxy:1.15.2";

/// The way to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Connect {
    /// The AlloyDB Auth Proxy of this image, as a sidecar.
    AuthProxy(String),
    /// The instance's address.
    PrivateIp(String),
}

/// Who logs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Login {
    /// The service account, by IAM.
    Iam,
    /// A user, with the password in `DB_PASS`; without a name `DB_USER` is a secret too.
    Password(Option<String>),
}

/// An instance of AlloyDB.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    /// Its full name.
    pub(crate) instance: String,
    /// The project in it.
    pub(crate) project: String,
    /// The region in it.
    pub(crate) region: String,
    /// The cluster in it.
    pub(crate) cluster: String,
    /// The last part of its name.
    pub(crate) id: String,
    /// See [`Connect`].
    pub(crate) connect: Connect,
    /// The port.
    pub(crate) port: u32,
    /// The database in it.
    pub(crate) name: String,
    /// See [`Login`].
    pub(crate) login: Login,
    /// Connections of one instance of the service.
    pub(crate) pool: Option<u32>,
}

pub(super) fn read(
    document: &Document<'_>,
    secrets: &[Secret],
) -> Result<Option<Database>, Failure> {
    const TABLE: &str = "database";
    if !document.has(TABLE) {
        return Ok(None);
    }
    let instance = document.required(TABLE, "instance")?;
    let Some([project, region, cluster, id]) = names::instance(&instance) else {
        let why = "give its full name, projects/P/locations/R/clusters/C/instances/I";
        return Err(document.wrong(TABLE, "instance", why));
    };
    let host = document.text(TABLE, "host")?;
    let connect = match document.one_of(TABLE, "connect", &["auth-proxy", "private-ip"])? {
        Some("private-ip") => {
            let Some(host) = host else {
                let why = format!(
                    "say where, with host: gcloud alloydb instances describe {id} --cluster={cluster} \
                     --region={region} --project={project} --format='value(ipAddress)'"
                );
                return Err(document.wrong(TABLE, "connect", &why));
            };
            if host
                .bytes()
                .any(|b| !b.is_ascii_alphanumeric() && !b".-:".contains(&b))
            {
                return Err(document.wrong(TABLE, "host", "give an address or a host's name"));
            }
            Connect::PrivateIp(host)
        }
        _ if host.is_some() => {
            let why =
                "the Auth Proxy is beside the agent; with connect = \"private-ip\" give a host";
            return Err(document.wrong(TABLE, "host", why));
        }
        _ => {
            let image = document
                .text(TABLE, "proxy_image")?
                .unwrap_or_else(|| PROXY.to_owned());
            if !names::is_image(&image) {
                return Err(document.wrong(TABLE, "proxy_image", names::IMAGE));
            }
            Connect::AuthProxy(image)
        }
    };
    let has = |variable: &str| secrets.iter().any(|secret| secret.variable == variable);
    let user = document.text(TABLE, "user")?;
    let login = match document.one_of(TABLE, "login", &["iam", "password"])? {
        Some("password") => {
            if !has("DB_PASS") {
                let why = "name the password's secret: in [secrets], DB_PASS = \"SECRET\"";
                return Err(document.wrong(TABLE, "login", why));
            }
            if user.is_none() && !has("DB_USER") {
                let why = "say who logs in: with user, or in [secrets] with DB_USER";
                return Err(document.wrong(TABLE, "login", why));
            }
            Login::Password(user)
        }
        _ if user.is_some() => {
            let why = "by IAM the service account logs in; with login = \"password\" give a user";
            return Err(document.wrong(TABLE, "user", why));
        }
        _ if has("DB_PASS") => {
            let why = "by IAM there is no password: write login = \"password\" in [database]";
            return Err(document.hushed("secrets", "DB_PASS", why));
        }
        _ => Login::Iam,
    };
    Ok(Some(Database {
        project: project.to_owned(),
        region: region.to_owned(),
        cluster: cluster.to_owned(),
        id: id.to_owned(),
        connect,
        port: document.number(TABLE, "port", 1..=65535)?.unwrap_or(5432),
        name: document
            .text(TABLE, "name")?
            .unwrap_or_else(|| "postgres".to_owned()),
        login,
        pool: document.number(TABLE, "pool", 1..=1000)?,
        instance,
    }))
}
