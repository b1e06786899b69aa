use std::fmt;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use super::Dns;
use super::destination::Place;

/// What every way out of the process shares. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Network {
    /// How names are resolved.
    pub dns: Dns,
    /// Whose certificates are accepted.
    pub trust: Trust,
    /// Where the metadata server of this process is, if that was configured: no policy reaches it.
    pub(super) metadata: Option<Place>,
}

impl Network {
    /// With the metadata server at `metadata` (`host[:port]`).
    pub fn new(dns: Dns, trust: Trust, metadata: &str) -> Self {
        Self {
            dns,
            trust,
            metadata: Place::parse(metadata),
        }
    }
}

/// Whose certificates are accepted: the authorities of the web, and further ones.
#[derive(Clone)]
pub struct Trust(Arc<RootCertStore>);

impl Trust {
    /// Also trusts the authorities in a PEM text.
    ///
    /// # Errors
    /// A clause that says what to give.
    pub fn with(pem: &[u8]) -> Result<Self, String> {
        let mut roots = of_the_web();
        let before = roots.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate =
                certificate.map_err(|_| "give certificates in PEM; one cannot be read")?;
            roots.add(certificate).map_err(|error| {
                format!("give certificates of authorities; one cannot be used ({error})")
            })?;
        }
        if roots.len() == before {
            return Err("give certificates in PEM; it holds none".to_owned());
        }
        Ok(Self(Arc::new(roots)))
    }

    /// Installs the process's TLS provider.
    pub(super) fn client_config(&self) -> ClientConfig {
        // A provider that is installed already is the same one: nothing else installs any.
        let _ = rustls::crypto::ring::default_provider().install_default();
        ClientConfig::builder()
            .with_root_certificates(self.0.clone())
            .with_no_client_auth()
    }
}

impl Default for Trust {
    fn default() -> Self {
        Self(Arc::new(of_the_web()))
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Trust({} authorities)", self.0.len())
    }
}

fn of_the_web() -> RootCertStore {
    webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect()
}
