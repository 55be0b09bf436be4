//! Reads the cookies of a request, and writes those of a response (RFC 6265, and draft-ietf-httpbis-layered-cookies,
//! which will replace it).

use crate::{error::Error, id::Id, text::concat};

/// The cookie's `SameSite` attribute.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SameSite {
    /// Sent when a link on another site is followed, but not with another site's forms.
    Lax,
    /// Sent only from the same site.
    Strict,
    /// Always sent.
    None,
}

/// The cookie's name and attributes. [`Cookie::check`] finds settings that browsers would refuse.
#[derive(Clone, Debug)]
pub struct Cookie {
    /// Its name.
    pub name: String,
    /// Other names under which a request's cookie is accepted.
    pub former_names: Vec<String>,
    /// `Path`.
    pub path: String,
    /// `Domain`.
    pub domain: Option<String>,
    /// `Secure`.
    pub secure: bool,
    /// `SameSite`.
    pub same_site: SameSite,
    /// `Partitioned`.
    pub partitioned: bool,
    /// `Max-Age`, in seconds. `None`: the browser keeps the cookie until it is closed.
    pub max_age: Option<u32>,
}

/// Browsers keep no cookie for longer than 400 days.
pub const LONGEST_MAX_AGE: u32 = 400 * 24 * 60 * 60;
/// The longest name, and the longest attribute value. Browsers ignore longer attribute values.
const MAX_LENGTH: usize = 1024;

/// The session's cookie in a request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RequestCookie {
    /// The id that it holds.
    pub id: Id,
    /// The index of the former name under which it came. `None`: it came under the present name.
    pub former_name: Option<usize>,
}

impl Cookie {
    /// Checks the settings.
    pub fn check(&self) -> Result<(), Error> {
        for name in std::iter::once(&self.name).chain(&self.former_names) {
            if name.is_empty() || name.len() > MAX_LENGTH || !name.bytes().all(is_token) {
                return Err(Error::invalid("a cookie name must be a token (RFC 6265, section 4.1.1)"));
            }
        }
        if !self.path.starts_with('/') || self.path.len() > MAX_LENGTH || !self.path.bytes().all(is_attribute) {
            return Err(Error::invalid("the cookie path must begin with / and contain no ; and no control characters"));
        }
        if let Some(domain) = &self.domain {
            let is_domain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-';
            if domain.is_empty() || domain.len() > MAX_LENGTH || !domain.bytes().all(is_domain) {
                return Err(Error::invalid("the cookie domain must be a domain name"));
            }
        }
        if !self.secure && self.same_site == SameSite::None {
            return Err(Error::invalid("a cookie with SameSite=None must be Secure"));
        }
        if !self.secure && self.partitioned {
            return Err(Error::invalid("a partitioned cookie must be Secure"));
        }
        for (prefix, bound_to_host) in [("__Host-", true), ("__Secure-", false), ("__Http-", false)] {
            if !has_prefix(&self.name, prefix) {
                continue;
            }
            if !self.secure {
                return Err(Error::invalid(
                    "a cookie whose name begins with __Host-, __Secure- or __Http- must be Secure (or choose another name)",
                ));
            }
            if bound_to_host && (self.path != "/" || self.domain.is_some()) {
                return Err(Error::invalid(
                    "a cookie whose name begins with __Host- must have the path / and no domain",
                ));
            }
        }
        Ok(())
    }

    /// Finds the session's cookie in a request's `Cookie` headers: under the present name, or else under the first
    /// former name. If several ids came under the present name, former names are ignored: an attacker who planted one
    /// of those ids may have planted these too.
    pub fn find(&self, headers: &[Vec<u8>]) -> Option<RequestCookie> {
        match find_under(&self.name, headers) {
            CookieMatch::One(id) => return Some(RequestCookie { id, former_name: None }),
            CookieMatch::Several => return None,
            CookieMatch::None => {}
        }
        let mut former = self.former_names.iter().enumerate();
        former.find_map(|(index, name)| match find_under(name, headers) {
            CookieMatch::One(id) => Some(RequestCookie { id, former_name: Some(index) }),
            CookieMatch::Several | CookieMatch::None => None,
        })
    }

    /// The `Set-Cookie` header that sets the cookie to this id.
    pub fn set(&self, id: &Id) -> String {
        let mut header = concat(&[&self.name, "=", id.as_str()]);
        self.attributes(&mut header, self.max_age, &self.name);
        header
    }

    /// The `Set-Cookie` header that removes the cookie of the present or a former name. It repeats the cookie's attributes: otherwise
    /// the browser would remove another cookie.
    pub fn remove(&self, former_name: Option<usize>) -> String {
        let name = former_name.and_then(|index| self.former_names.get(index));
        let name = name.unwrap_or(&self.name);
        let mut header = concat(&[name, "="]);
        self.attributes(&mut header, Some(0), name);
        header
    }

    /// Appends the attributes. A prefix of the name requires some of them.
    fn attributes(&self, header: &mut String, max_age: Option<u32>, name: &str) {
        let bound_to_host = has_prefix(name, "__Host-");
        let prefixed = bound_to_host || has_prefix(name, "__Secure-") || has_prefix(name, "__Http-");
        header.push_str("; Path=");
        header.push_str(if bound_to_host { "/" } else { &self.path });
        if let (Some(domain), false) = (&self.domain, bound_to_host) {
            header.push_str("; Domain=");
            header.push_str(domain);
        }
        if let Some(seconds) = max_age {
            header.push_str("; Max-Age=");
            header.push_str(itoa::Buffer::new().format(i64::from(seconds)));
        }
        if self.secure || prefixed {
            header.push_str("; Secure");
        }
        header.push_str("; HttpOnly; SameSite=");
        header.push_str(match self.same_site {
            SameSite::Lax => "Lax",
            SameSite::Strict => "Strict",
            SameSite::None => "None",
        });
        if self.partitioned {
            header.push_str("; Partitioned");
        }
    }
}

/// The ids that came under a name.
enum CookieMatch {
    None,
    One(Id),
    Several,
}

fn find_under(name: &str, headers: &[Vec<u8>]) -> CookieMatch {
    let pairs = headers.iter().flat_map(|header| header.split(|byte| *byte == b';'));
    let mut ids = pairs.filter_map(|pair| {
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        let (its_name, value) = (pair[..equals].trim_ascii(), pair[equals + 1..].trim_ascii());
        (its_name == name.as_bytes()).then(|| Id::parse(value))?
    });
    let Some(first) = ids.next() else { return CookieMatch::None };
    // No other site can set a cookie with this prefix. So if there are two, both are our own: one is partitioned, the
    // other is not.
    let unambiguous = has_prefix(name, "__Host-") || ids.all(|id| id == first);
    if unambiguous { CookieMatch::One(first) } else { CookieMatch::Several }
}

/// Browsers ignore the case of prefixes, to protect servers that ignore the case of names.
fn has_prefix(name: &str, prefix: &str) -> bool {
    let start = name.as_bytes().get(..prefix.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
}

/// RFC 9110, section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn is_attribute(byte: u8) -> bool {
    (b' '..=b'~').contains(&byte) && byte != b';'
}

#[cfg(test)]
mod tests;
