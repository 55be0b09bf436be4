//! TLS errors, in words that say what to fix.

use std::io;

use rustls::{AlertDescription, CertificateError, Error, InvalidMessage};

/// Describes a TLS error of the handshake. `None` for other errors.
pub(crate) fn refusal(error: &io::Error) -> Option<String> {
    error.get_ref()?.downcast_ref().map(text)
}

/// Classifies an error after the handshake.
///
/// In TLS 1.3 a server checks the client certificate after the client's part of the handshake is done. So it may still
/// refuse the certificate, and then it has not processed anything that the client sent. Every other error is a broken
/// session.
pub(super) fn after_handshake(error: io::Error) -> io::Error {
    match error.get_ref().and_then(|error| error.downcast_ref()) {
        None => error,
        Some(Error::AlertReceived(alert)) if is_of_client_certificate(*alert) => error,
        Some(error) => io::Error::other(format!("TLS: {}", text(error))),
    }
}

pub(super) fn text(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(error) => certificate(error),
        Error::AlertReceived(alert) => alert_text(*alert),
        Error::InvalidMessage(InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion) => {
            "the server does not speak TLS on this port".to_owned()
        }
        other => other.to_string(),
    }
}

fn certificate(error: &CertificateError) -> String {
    let what = match error {
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "is not valid for the host's name"
        }
        // A bad signature: the trusted authority has the same name, but is another one.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "comes from an authority that is not trusted"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "is not valid yet",
        CertificateError::Revoked => "is revoked",
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "is not a server certificate"
        }
        other => return format!("the server's certificate can't be used: {other}"),
    };
    format!("the server's certificate {what}")
}

/// Describes the alert with which the server ended the connection.
fn alert_text(alert: AlertDescription) -> String {
    let what = match alert {
        AlertDescription::CertificateRequired => "the server requires a client certificate, and none is configured",
        alert if is_of_client_certificate(alert) => "the server does not accept the client certificate",
        // TLS 1.2 also sends this for a missing client certificate.
        AlertDescription::HandshakeFailure => {
            "the server refused the handshake, perhaps because it requires a client certificate"
        }
        _ => "the server ended the connection",
    };
    format!("{what} (alert {alert:?})")
}

fn is_of_client_certificate(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::DecryptError
    )
}
