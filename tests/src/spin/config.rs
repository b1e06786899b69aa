//! What an application is made of: the part of `spin.toml` that reaches a component.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use super::error::SpinError;
use super::manifest;

/// Where a database label points.
#[derive(Clone, Debug)]
pub enum Database {
    /// A file. Spin's default is `.spin/sqlite_db.db` beside the manifest.
    File(PathBuf),
    /// A new, empty database for every connection. This is what Spin gives without a state folder,
    /// so nothing written survives the request.
    Memory,
}

/// What a dependency may use of the component's configuration.
#[derive(Clone, Debug)]
pub enum Inherit {
    /// Everything.
    All,
    /// Only these keys of Spin's manifest, for example `sqlite_databases`.
    Only(Vec<String>),
}

impl Inherit {
    pub(crate) fn allows(&self, key: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(keys) => keys.iter().any(|name| name == key),
        }
    }
}

/// One entry of `[component.<id>.dependencies]`.
#[derive(Clone, Debug)]
pub struct Dependency {
    /// `package:name`, `package:name@version`, or either with `/interface`.
    pub name: String,
    /// The component that satisfies it.
    pub path: PathBuf,
    /// What it may use.
    pub inherit: Inherit,
}

/// An application of one component, on the route `/...`.
#[derive(Clone, Debug)]
pub struct SpinConfig {
    pub(crate) name: String,
    pub(crate) component: PathBuf,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) databases: BTreeMap<String, Database>,
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) allowed_outbound_hosts: Vec<String>,
    pub(crate) listen: SocketAddr,
    pub(crate) echo: bool,
}

impl SpinConfig {
    /// A component that is allowed nothing: no dependency, database, variable or outbound host.
    /// Listens on a free port of the loopback interface.
    pub fn new(component: impl Into<PathBuf>) -> Self {
        Self {
            name: "app".to_owned(),
            component: component.into(),
            dependencies: Vec::new(),
            databases: BTreeMap::new(),
            variables: BTreeMap::new(),
            allowed_outbound_hosts: Vec::new(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            echo: false,
        }
    }

    /// An agent with the Spin adapter, wired as in the `spin.toml` of this repository, its tasks in
    /// the file `database`.
    pub fn agent(
        agent: impl Into<PathBuf>,
        adapter: impl Into<PathBuf>,
        database: impl Into<PathBuf>,
    ) -> Self {
        Self::new(agent)
            .dependency(Dependency {
                name: "attache:agent@0.1.0".to_owned(),
                path: adapter.into(),
                inherit: Inherit::Only(
                    ["sqlite_databases", "variables", "allowed_outbound_hosts"]
                        .map(str::to_owned)
                        .to_vec(),
                ),
            })
            .database("default", Database::File(database.into()))
    }

    /// The application of a manifest. Every label of `sqlite_databases` is kept in a file of its own
    /// in the folder `state`. `variables` are the values that `spin up --variable` would give.
    ///
    /// # Errors
    /// When Spin would refuse the manifest, or when it asks for more than this harness serves.
    pub fn from_manifest(
        path: impl AsRef<Path>,
        state: impl AsRef<Path>,
        variables: &BTreeMap<String, String>,
    ) -> Result<Self, SpinError> {
        manifest::load(path.as_ref(), state.as_ref(), variables)
    }

    /// Replaces the component.
    #[must_use]
    pub fn component(mut self, path: impl Into<PathBuf>) -> Self {
        self.component = path.into();
        self
    }

    /// Adds a dependency.
    #[must_use]
    pub fn dependency(mut self, dependency: Dependency) -> Self {
        self.dependencies.push(dependency);
        self
    }

    /// The dependencies as they stand.
    pub fn dependencies(&self) -> &[Dependency] {
        &self.dependencies
    }

    /// Replaces the component behind every dependency.
    #[must_use]
    pub fn adapter(mut self, path: impl AsRef<Path>) -> Self {
        for dependency in &mut self.dependencies {
            dependency.path = path.as_ref().to_owned();
        }
        self
    }

    /// Lists a database label in `sqlite_databases`.
    #[must_use]
    pub fn database(mut self, label: impl Into<String>, database: Database) -> Self {
        self.databases.insert(label.into(), database);
        self
    }

    /// Sets a variable of the component.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// Adds an entry of `allowed_outbound_hosts`, for example `http://127.0.0.1:9000`.
    #[must_use]
    pub fn allow_outbound(mut self, host: impl Into<String>) -> Self {
        self.allowed_outbound_hosts.push(host.into());
        self
    }

    /// Listens here instead.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Copies what the component and the harness log to this process's stderr as well.
    #[must_use]
    pub fn echo_log(mut self) -> Self {
        self.echo = true;
        self
    }
}
