//! How a connection is encrypted, in the words of libpq's `sslmode`.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

/// Whether a connection is encrypted, and what is checked of the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Tls {
    /// `disable`: plain. For a proxy on this machine, which encrypts by itself.
    Disable,
    /// `prefer`: encrypted if the server can, and nothing is checked. Keeps a listener out, not
    /// somebody in the middle.
    #[default]
    Prefer,
    /// `require`: encrypted, and nothing is checked.
    Require,
    /// `verify-ca`: the certificate comes from a CA that is trusted, for whatever name. For a server
    /// that is reached by an address that its certificate does not name.
    VerifyCa(Roots),
    /// `verify-full`: the certificate comes from a CA that is trusted, and names the host.
    VerifyFull(Roots),
}

/// The CAs that are trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Roots {
    /// Those that browsers trust, as Mozilla lists them.
    #[default]
    Public,
    /// The certificates in this PEM file.
    File(PathBuf),
}

impl Tls {
    /// As tokio-postgres has it.
    pub(super) fn mode(&self) -> SslMode {
        match self {
            Tls::Disable => SslMode::Disable,
            Tls::Prefer => SslMode::Prefer,
            Tls::Require | Tls::VerifyCa(_) | Tls::VerifyFull(_) => SslMode::Require,
        }
    }

    /// What opens encrypted connections. Fails when the file of the CA cannot be used.
    pub(super) fn connector(&self) -> Result<MakeRustlsConnect, String> {
        let provider = Arc::new(ring::default_provider());
        let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("TLS cannot be set up: {error}"))?;
        let any_name = |roots| Arc::new(AnyName { roots, provider });
        let config = match self {
            Tls::Disable | Tls::Prefer | Tls::Require => config
                .dangerous()
                .with_custom_certificate_verifier(any_name(None)),
            Tls::VerifyCa(roots) => config
                .dangerous()
                .with_custom_certificate_verifier(any_name(Some(load(roots)?))),
            Tls::VerifyFull(roots) => config.with_root_certificates(load(roots)?),
        };
        Ok(MakeRustlsConnect::new(config.with_no_client_auth()))
    }
}

fn load(roots: &Roots) -> Result<RootCertStore, String> {
    let path = match roots {
        Roots::Public => {
            return Ok(webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect());
        }
        Roots::File(path) => path,
    };
    let unusable = |reason: &dyn std::fmt::Display| {
        format!(
            "the CA certificates in {} cannot be used: {reason}; give a PEM file that this process \
             may read",
            path.display()
        )
    };
    let certificates = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unusable(&error))?;
    if certificates.is_empty() {
        return Err(unusable(&"there are none"));
    }
    let mut store = RootCertStore::empty();
    for certificate in certificates {
        store.add(certificate).map_err(|error| unusable(&error))?;
    }
    Ok(store)
}

/// Checks that the server holds the key of its certificate and, with `roots`, who issued that; not for
/// which name.
#[derive(Debug)]
struct AnyName {
    /// None takes a certificate from anybody.
    roots: Option<RootCertStore>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Some(roots) = &self.roots {
            verify_server_cert_signed_by_trust_anchor(
                &ParsedCertificate::try_from(certificate)?,
                roots,
                intermediates,
                now,
                self.provider.signature_verification_algorithms.all,
            )?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}
