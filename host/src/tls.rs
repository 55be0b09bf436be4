//! TLS within a TCP connection: whom this host trusts, and who it is.

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

/// Whom to trust where a guest asks for TLS, and by which certificate to be known.
///
/// The versions are TLS 1.3 and 1.2. A server's certificate has to be valid for the host that the guest named, be it a name
/// or an IP address, and to come from an authority that is trusted; there is no way around that. Clones are the same
/// settings, and remember the same TLS sessions, by which a second handshake with a server is shorter than the first.
///
/// ```
/// use drsession_host::{Sockets, Tls};
///
/// # fn sockets(authority: &str, certificate: &str, key: &str) -> Result<Sockets, drsession_host::TlsError> {
/// // Of a server whose certificate comes from an authority that the operating system trusts.
/// let tls = Tls::builder().build()?;
///
/// // Of a server with an authority of its own, which asks its clients for certificates, as Redis does unless told otherwise.
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
    /// Begins with the authorities that the operating system trusts (or those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name),
    /// and without a client certificate.
    pub fn builder() -> TlsBuilder {
        TlsBuilder::default()
    }

    /// A session with this host that is about to begin.
    fn session(&self, host: &str) -> Result<ClientConnection, Error> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| Error::Tls("the host is neither a name nor an IP address".to_owned()))?;
        ClientConnection::new(Arc::clone(&self.0), name).map_err(|error| Error::Tls(refusal::text(&error)))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

/// Settings for [`Tls`]. What is given in PEM is read by [`build`](Self::build).
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
    /// Trusts the authorities whose certificates stand in this PEM text, and those of other calls, in place of the
    /// operating system's.
    pub fn authorities(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.authorities.push(pem.into());
        self
    }

    /// Shows this certificate to servers that ask for one: in PEM the certificate and those that lead from it to the
    /// authority, and in PEM its private key (PKCS #8, PKCS #1 or SEC 1, not encrypted).
    pub fn client_certificate(mut self, certificates: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        self.client = Some(Client { certificates: certificates.into(), key: key.into() });
        self
    }

    /// The settings, ready for use.
    ///
    /// # Errors
    ///
    /// The system's authorities can't be read or there are none, or what was given in PEM can't be used.
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

/// Those of an operating system may be of many ages: one that can't be used is not missed.
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

/// None where there are none, or something is wrong with one.
fn certificates(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>().ok()?;
    (!certificates.is_empty()).then_some(certificates)
}

/// Why [`Tls`] can't be had with these settings. None of them repeats what was given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The authorities that the operating system trusts can't be read.
    #[error("the authorities that the operating system trusts can't be read")]
    System(#[source] rustls_native_certs::Error),
    /// The operating system trusts no authorities. On Debian the package `ca-certificates` has them.
    #[error("the operating system trusts no authorities")]
    NoAuthorities,
    /// The PEM text of the authorities holds no certificate, or one that can't be used.
    #[error("the PEM text of the authorities holds no certificate, or one that can't be used")]
    Authorities,
    /// The client certificate's PEM text holds no certificate, or one that can't be read.
    #[error("the PEM text of the client certificate holds no certificate, or one that can't be read")]
    ClientCertificate,
    /// The PEM text of the client certificate's key holds no private key that can be read.
    #[error("the PEM text of the client certificate's key holds no private key that can be read")]
    ClientKey,
    /// The client certificate and its key don't go together, or are of a kind that is not known.
    #[error("the client certificate and its key can't be used together")]
    ClientRefused(#[source] rustls::Error),
}

#[cfg(test)]
mod session_tests;
#[cfg(test)]
mod tests;
