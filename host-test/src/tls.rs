//! Certificates for one test.

use std::{
    fmt, process,
    sync::atomic::{AtomicUsize, Ordering},
};

use drsession_host::{Sockets, Tls};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair, date_time_ymd,
};

/// An authority that only this test knows. Everybody who trusts it trusts what it signs.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its private key, both in PEM.
#[derive(Clone)]
pub struct Identity {
    /// The certificate.
    pub certificate: String,
    /// The key.
    pub key: String,
}

impl Authority {
    /// A new one.
    #[allow(clippy::new_without_default, reason = "each is another one")]
    pub fn new() -> Self {
        // OpenSSL goes by names: no two authorities have the same one.
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("authority {} of {}", COUNT.fetch_add(1, Ordering::Relaxed), process::id());
        let mut parameters = parameters(&[], &name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(parameters, key).expect("an authority"))
    }

    /// Its certificate, in PEM.
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// For a server or a client with these names and IP addresses.
    pub fn identity(&self, names: &[&str]) -> Identity {
        self.sign(parameters(names, IDENTITY))
    }

    /// The same, and no longer valid.
    pub fn expired_identity(&self, names: &[&str]) -> Identity {
        let mut parameters = parameters(names, IDENTITY);
        parameters.not_before = date_time_ymd(2001, 1, 1);
        parameters.not_after = date_time_ymd(2002, 1, 1);
        self.sign(parameters)
    }

    fn sign(&self, parameters: CertificateParams) -> Identity {
        let key = KeyPair::generate().expect("a key");
        let certificate = parameters.signed_by(&key, &self.0).expect("a certificate");
        Identity { certificate: certificate.pem(), key: key.serialize_pem() }
    }

    /// Settings that trust this authority, and show servers this certificate where they ask for one.
    pub fn settings(&self, client: Option<&Identity>) -> Tls {
        let mut settings = Tls::builder().authorities(self.pem());
        if let Some(client) = client {
            settings = settings.client_certificate(client.certificate.as_str(), client.key.as_str());
        }
        settings.build().unwrap_or_else(|error| panic!("no settings: {error}"))
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Authority").finish_non_exhaustive()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Identity").finish_non_exhaustive()
    }
}

/// The name of whoever is no authority.
const IDENTITY: &str = "drsession";

fn parameters(names: &[&str], common_name: &str) -> CertificateParams {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut parameters = CertificateParams::new(names).expect("names that a certificate can have");
    parameters.distinguished_name = DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, common_name);
    parameters
}

/// How a server speaks TLS.
#[derive(Clone, Debug)]
pub struct ServerTls {
    pub(crate) identity: Identity,
    pub(crate) authority: String,
    pub(crate) asks_clients: bool,
}

impl ServerTls {
    /// By this certificate. Clients are asked for none.
    pub fn new(identity: Identity, authority: &Authority) -> Self {
        Self { identity, authority: authority.pem(), asks_clients: false }
    }

    /// By a certificate from this authority, for 127.0.0.1 and `localhost`.
    pub fn of(authority: &Authority) -> Self {
        Self::new(authority.identity(&["127.0.0.1", "localhost"]), authority)
    }

    /// Clients need a certificate from this authority.
    pub fn asking_clients(mut self, authority: &Authority) -> Self {
        self.authority = authority.pem();
        self.asks_clients = true;
        self
    }
}

/// Sockets that lead anywhere, within TLS by these settings.
pub fn sockets(settings: &Tls) -> Sockets {
    Sockets::builder().allow(|_| true).tls(settings.clone()).build()
}
