//! Why TLS was not agreed upon, or does not go on, in words that say what to look at.

use std::io;

use rustls::{AlertDescription, CertificateError, Error, InvalidMessage};

/// Why TLS was not agreed upon; none where the error is another one.
pub(crate) fn refusal(error: &io::Error) -> Option<String> {
    error.get_ref()?.downcast_ref().map(text)
}

/// What an error means that comes when the handshake is done. To refuse, there is one thing left then: in TLS 1.3 a server
/// looks at the client's certificate last, and hears nothing of what was sent behind it. All else is a session in disorder.
pub(super) fn once_agreed(error: io::Error) -> io::Error {
    match error.get_ref().and_then(|error| error.downcast_ref()) {
        None => error,
        Some(Error::AlertReceived(alert)) if is_of_client_certificate(*alert) => error,
        Some(disorder) => io::Error::other(format!("TLS: {}", text(disorder))),
    }
}

pub(super) fn text(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(error) => certificate(error),
        Error::AlertReceived(alert) => alert_text(*alert),
        Error::InvalidMessage(InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion) => {
            "the server speaks no TLS at this port".to_owned()
        }
        other => other.to_string(),
    }
}

/// Of the server's certificate.
fn certificate(error: &CertificateError) -> String {
    let what = match error {
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "is not valid for the host's name"
        }
        // The signature: an authority of the same name is trusted.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "comes from an authority that is not trusted"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "is not valid yet",
        CertificateError::Revoked => "is revoked",
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => "is not one for servers",
        other => return format!("the server's certificate can't be used: {other}"),
    };
    format!("the server's certificate {what}")
}

/// Of what the server says before it ends the connection.
fn alert_text(alert: AlertDescription) -> String {
    let what = match alert {
        AlertDescription::CertificateRequired => "the server asks for a client certificate, and this program has none",
        alert if is_of_client_certificate(alert) => "the server does not accept the client certificate",
        // What TLS 1.2 has for a client certificate that is missing, among other things.
        AlertDescription::HandshakeFailure => "the server refused, perhaps for want of a client certificate",
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
