//! Peers with TLS.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{
    HandshakeKind, ProtocolVersion, RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    SupportedProtocolVersion,
};

use super::Peer;
use crate::address::Address;
use crate::sockets::Sockets;
use crate::tls::{Tls, TlsBuilder};

/// An authority, and the certificates that it signs.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, in PEM.
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        Self::named("authority")
    }

    /// A new authority with this name, distinct from others with the same name.
    pub(crate) fn named(name: &str) -> Self {
        let mut parameters = parameters(&[]);
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(parameters, key).expect("an authority"))
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for these names and addresses.
    pub(crate) fn identity(&self, names: &[&str]) -> Identity {
        self.sign(parameters(names))
    }

    /// A certificate that is valid between the starts of these years.
    pub(crate) fn identity_of_years(&self, names: &[&str], first: i32, last: i32) -> Identity {
        let mut parameters = parameters(names);
        parameters.not_before = date_time_ymd(first, 1, 1);
        parameters.not_after = date_time_ymd(last, 1, 1);
        self.sign(parameters)
    }

    fn sign(&self, parameters: CertificateParams) -> Identity {
        let key = KeyPair::generate().expect("a key");
        let certificate = parameters.signed_by(&key, &self.0).expect("a certificate");
        Identity { certificate: certificate.pem(), key: key.serialize_pem() }
    }

    /// A client's settings that trust it.
    pub(crate) fn client(&self) -> TlsBuilder {
        Tls::builder().authorities(self.pem())
    }

    /// Sockets that may reach anything and trust this authority.
    pub(crate) fn sockets(&self) -> Sockets {
        Sockets::builder().allow(|_| true).tls(self.client().build().expect("settings")).build()
    }

    /// A server with a certificate for 127.0.0.1 that asks for no client certificate.
    pub(crate) fn server(&self) -> TlsPeer {
        TlsPeer::start(server_config(&self.identity(&["127.0.0.1"]), None, rustls::ALL_VERSIONS))
    }
}

fn parameters(names: &[&str]) -> CertificateParams {
    CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).expect("names")
}

/// A server with this certificate. If an authority is given, clients need a certificate from it.
pub(crate) fn server_config(
    identity: &Identity,
    clients: Option<&Authority>,
    versions: &[&'static SupportedProtocolVersion],
) -> ServerConfig {
    let provider = Arc::new(ring::default_provider());
    let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions)
        .expect("versions that the provider knows");
    let config = match clients {
        None => config.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.0.der().clone()).expect("an authority");
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            config.with_client_cert_verifier(verifier.build().expect("a verifier"))
        }
    };
    let certificate = CertificateDer::from_pem_slice(identity.certificate.as_bytes()).expect("a certificate");
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).expect("a key");
    config.with_single_cert(vec![certificate], key).expect("a certificate and its key")
}

/// A server on a free port.
pub(crate) struct TlsPeer {
    peer: Arc<Peer>,
    config: Arc<ServerConfig>,
}

/// The peer's end of a connection.
pub(crate) struct TlsEnd(StreamOwned<ServerConnection, TcpStream>);

/// A handshake on another thread.
pub(crate) struct Accepting(JoinHandle<Option<TlsEnd>>);

impl TlsPeer {
    pub(crate) fn start(config: ServerConfig) -> Self {
        Self { peer: Arc::new(Peer::start()), config: Arc::new(config) }
    }

    pub(crate) fn address(&self) -> Address {
        self.address_of("127.0.0.1")
    }

    pub(crate) fn address_of(&self, host: &str) -> Address {
        Address::Tls { host: host.into(), port: self.peer.port() }
    }

    pub(crate) fn plain_address(&self) -> Address {
        self.peer.address()
    }

    /// Accepts the next connection and performs the handshake while the caller connects.
    pub(crate) fn accept(&self) -> Accepting {
        let (peer, config) = (Arc::clone(&self.peer), Arc::clone(&self.config));
        Accepting(thread::spawn(move || {
            let mut stream = peer.accept();
            let mut session = ServerConnection::new(config).expect("a session");
            while session.is_handshaking() || session.wants_write() {
                session.complete_io(&mut stream).ok()?;
            }
            Some(TlsEnd(StreamOwned::new(session, stream)))
        }))
    }
}

impl Accepting {
    /// Returns the peer's end.
    pub(crate) fn end(self) -> TlsEnd {
        self.try_end().expect("a handshake that succeeds")
    }

    /// Returns the peer's end, or `None` if the handshake failed.
    pub(crate) fn try_end(self) -> Option<TlsEnd> {
        self.0.join().expect("a peer that does as it is told")
    }
}

impl TlsEnd {
    pub(crate) fn sends(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).expect("room for a few bytes");
        self.0.flush().expect("room for a few bytes");
    }

    pub(crate) fn receives(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.0.read_exact(&mut bytes).expect("so many bytes");
        bytes
    }

    /// Receives everything until the close message. A cut connection is an error.
    pub(crate) fn receives_rest(&mut self) -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.0.read_to_end(&mut bytes).map(|_| bytes)
    }

    /// Sends the close message, and leaves the socket open.
    pub(crate) fn says_goodbye(&mut self) {
        self.0.conn.send_close_notify();
        self.0.flush().expect("room for a few bytes");
    }

    /// Sends bytes past TLS.
    pub(crate) fn sends_bare(&mut self, bytes: &[u8]) {
        self.0.sock.write_all(bytes).expect("room for a few bytes");
    }

    pub(crate) fn version(&self) -> ProtocolVersion {
        self.0.conn.protocol_version().expect("a handshake that is done")
    }

    /// Whether the handshake resumed an earlier session.
    pub(crate) fn is_resumed(&self) -> bool {
        self.0.conn.handshake_kind() == Some(HandshakeKind::Resumed)
    }

    /// Starts a key update in both directions.
    pub(crate) fn changes_keys(&mut self) {
        self.0.conn.refresh_traffic_keys().expect("a session of TLS 1.3");
        self.0.flush().expect("room for a few bytes");
    }
}
