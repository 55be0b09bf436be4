//! TLS settings: trusted authorities and the client certificate.

mod refusal;
mod session;

use std::fmt;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use crate::error::Error;

pub(crate) use refusal::refusal;
pub(crate) use session::{Session, handshake};

/// TLS settings: which authorities to trust, and which client certificate to present.
///
/// Supports TLS 1.3 and 1.2. A server's certificate must be valid for the host that the guest named, a name or an IP
/// address, and must come from a trusted authority. This can't be turned off. Clones share their settings and their
/// cache of TLS sessions, which makes the second handshake with a server shorter than the first.
///
/// ```
/// use drsession_host::{Sockets, Tls};
///
/// # fn sockets(authority: &str, certificate: &str, key: &str) -> Result<Sockets, drsession_host::TlsError> {
/// // For a server whose certificate comes from an authority that the operating system trusts.
/// let tls = Tls::builder().build()?;
///
/// // For a server with its own authority that asks for client certificates, as Redis does by default.
/// let tls = Tls::builder().authorities(authority).client_certificate(certificate, key).build()?;
///
/// # Ok(
/// Sockets::builder().allow_tls("redis.example", 6379).tls(tls).build()
/// # )
/// # }
/// ```
#[derive(Clone)]
pub struct Tls(Arc<ClientConfig>);

impl Tls {
    /// Starts with the authorities that the operating system trusts (or those that `SSL_CERT_FILE` and `SSL_CERT_DIR`
    /// name) and without a client certificate.
    pub fn builder() -> TlsBuilder {
        TlsBuilder::default()
    }

    fn session(&self, host: &str) -> Result<ClientConnection, Error> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| Error::Tls("the host is neither a DNS name nor an IP address".to_owned()))?;
        ClientConnection::new(Arc::clone(&self.0), name).map_err(|error| Error::Tls(refusal::text(&error)))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

/// Settings for [`Tls`]. [`build`](Self::build) parses the PEM texts.
#[derive(Default)]
#[must_use]
pub struct TlsBuilder {
    authorities: Vec<Vec<u8>>,
    client: Option<Client>,
}

struct Client {
    certificates: Vec<u8>,
    key: Vec<u8>,
}

impl TlsBuilder {
    /// Trusts the authorities in this PEM text instead of the operating system's. Several calls add up.
    pub fn authorities(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.authorities.push(pem.into());
        self
    }

    /// Presents this certificate to servers that ask for one. Takes the certificate chain in PEM, and its private key
    /// in PEM (PKCS #8, PKCS #1 or SEC 1, not encrypted).
    pub fn client_certificate(mut self, certificates: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        self.client = Some(Client { certificates: certificates.into(), key: key.into() });
        self
    }

    /// Builds the settings.
    ///
    /// # Errors
    ///
    /// Fails if the system's authorities can't be read, if there are none, or if a PEM text is invalid.
    pub fn build(self) -> Result<Tls, TlsError> {
        let roots = if self.authorities.is_empty() { system_roots()? } else { given_roots(&self.authorities)? };
        let provider = Arc::new(ring::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .map_err(|_| TlsError::NoAuthorities)?;
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring knows the ciphers of TLS 1.2 and 1.3")
            .with_webpki_verifier(verifier);
        let config = match self.client {
            None => config.with_no_client_auth(),
            Some(client) => {
                let (certificates, key) = client.read()?;
                config.with_client_auth_cert(certificates, key).map_err(TlsError::ClientRefused)?
            }
        };
        Ok(Tls(Arc::new(config)))
    }
}

impl fmt::Debug for TlsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsBuilder").finish_non_exhaustive()
    }
}

/// Ignores certificates that can't be parsed: an operating system's store may hold very old ones.
fn system_roots() -> Result<RootCertStore, TlsError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    match found.errors.into_iter().next() {
        Some(error) if roots.is_empty() => Err(TlsError::System(error)),
        _ => Ok(roots),
    }
}

fn given_roots(texts: &[Vec<u8>]) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for pem in texts {
        let certificates = certificates(pem).ok_or(TlsError::Authorities)?;
        for certificate in certificates {
            roots.add(certificate).map_err(|_| TlsError::Authorities)?;
        }
    }
    Ok(roots)
}

impl Client {
    fn read(&self) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsError> {
        let certificates = certificates(&self.certificates).ok_or(TlsError::ClientCertificate)?;
        let key = PrivateKeyDer::from_pem_slice(&self.key).map_err(|_| TlsError::ClientKey)?;
        Ok((certificates, key))
    }
}

/// Returns `None` if the text holds no certificate, or an invalid one.
fn certificates(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>().ok()?;
    (!certificates.is_empty()).then_some(certificates)
}

/// Why the settings for [`Tls`] are invalid. Error texts never repeat the PEM texts.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The authorities that the operating system trusts can't be read.
    #[error("the authorities that the operating system trusts can't be read")]
    System(#[source] rustls_native_certs::Error),
    /// The operating system trusts no authorities. On Debian, install the package `ca-certificates`.
    #[error("the operating system trusts no authorities: install them (ca-certificates), or give your own")]
    NoAuthorities,
    /// The PEM text of the authorities holds no certificate, or an invalid one.
    #[error("the PEM text of the authorities holds no certificate, or an invalid one")]
    Authorities,
    /// The PEM text of the client certificate holds no certificate, or an invalid one.
    #[error("the PEM text of the client certificate holds no certificate, or an invalid one")]
    ClientCertificate,
    /// The PEM text of the client certificate's key holds no valid private key.
    #[error("the PEM text of the client certificate's key holds no valid private key (PKCS #8, PKCS #1 or SEC 1)")]
    ClientKey,
    /// The client certificate and its key don't match, or are of an unsupported kind.
    #[error("the client certificate and its key don't match, or are of an unsupported kind")]
    ClientRefused(#[source] rustls::Error),
}

#[cfg(test)]
mod session_tests;
#[cfg(test)]
mod tests;
