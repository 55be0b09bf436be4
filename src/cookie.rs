//! Cookies: reading a request's, writing a response's (RFC 6265 and draft-ietf-httpbis-layered-cookies, which replaces it).

use crate::{error::Error, id::Id, joined::joined};

/// The cookie's `SameSite` attribute.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SameSite {
    /// With links from elsewhere, not with foreign forms.
    Lax,
    /// Only from the same site.
    Strict,
    /// Always.
    None,
}

/// How the cookie looks. [`Cookie::check`] tells settings that browsers would refuse.
#[derive(Clone, Debug)]
pub struct Cookie {
    /// Its name.
    pub name: String,
    /// Names under which it is still accepted.
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
    /// Seconds for which the browser keeps it; none: until it is closed.
    pub max_age: Option<u32>,
}

/// Browsers keep no cookie for longer than 400 days.
pub const LONGEST_MAX_AGE: u32 = 400 * 24 * 60 * 60;
/// What browsers take for the name, and for the value of an attribute, at most.
const MAX_LENGTH: usize = 1024;

/// The cookie that a request brought.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Brought {
    /// The id that it holds.
    pub id: Id,
    /// Under which of the former names it came; none: under the present one.
    pub former_name: Option<usize>,
}

impl Cookie {
    /// Says what is wrong with the settings, if anything is.
    pub fn check(&self) -> Result<(), Error> {
        for name in std::iter::once(&self.name).chain(&self.former_names) {
            if name.is_empty() || name.len() > MAX_LENGTH || !name.bytes().all(is_token) {
                return Err(Error::invalid("a cookie name is no token (RFC 6265, section 4.1.1)"));
            }
        }
        if !self.path.starts_with('/') || self.path.len() > MAX_LENGTH || !self.path.bytes().all(is_attribute) {
            return Err(Error::invalid(
                "the cookie's path has to begin with / and hold no ; and no control characters",
            ));
        }
        if let Some(domain) = &self.domain {
            let is_domain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-';
            if domain.is_empty() || domain.len() > MAX_LENGTH || !domain.bytes().all(is_domain) {
                return Err(Error::invalid("the cookie's domain is no domain name"));
            }
        }
        if !self.secure && self.same_site == SameSite::None {
            return Err(Error::invalid("a cookie with SameSite=None needs Secure"));
        }
        if !self.secure && self.partitioned {
            return Err(Error::invalid("a partitioned cookie needs Secure"));
        }
        for (prefix, bound_to_host) in [("__Host-", true), ("__Secure-", false), ("__Http-", false)] {
            if !has_prefix(&self.name, prefix) {
                continue;
            }
            if !self.secure {
                return Err(Error::invalid("a cookie name with a prefix needs Secure"));
            }
            if bound_to_host && (self.path != "/" || self.domain.is_some()) {
                return Err(Error::invalid("a cookie name that begins with __Host- needs the path / and no domain"));
            }
        }
        Ok(())
    }

    /// The id that a request's `Cookie` headers name, under the present name or else the first of the former ones. Where the
    /// present name leaves open which id is meant, no former one is asked: somebody may have planted that too.
    pub fn find(&self, headers: &[Vec<u8>]) -> Option<Brought> {
        match find_under(&self.name, headers) {
            Named::One(id) => return Some(Brought { id, former_name: None }),
            Named::Several => return None,
            Named::None => {}
        }
        let mut former = self.former_names.iter().enumerate();
        former.find_map(|(index, name)| match find_under(name, headers) {
            Named::One(id) => Some(Brought { id, former_name: Some(index) }),
            Named::Several | Named::None => None,
        })
    }

    /// The `Set-Cookie` header that gives the browser this id.
    pub fn set(&self, id: &Id) -> String {
        let mut header = joined(&[&self.name, "=", id.as_str()]);
        self.attributes(&mut header, self.max_age, &self.name);
        header
    }

    /// The `Set-Cookie` header that removes the cookie of a present or former name. It repeats what the cookie was set with: else
    /// the browser would take it for another one.
    pub fn remove(&self, former_name: Option<usize>) -> String {
        let name = former_name.and_then(|index| self.former_names.get(index));
        let name = name.unwrap_or(&self.name);
        let mut header = joined(&[name, "="]);
        self.attributes(&mut header, Some(0), name);
        header
    }

    /// A prefix of the name says what some of them have to be.
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
            header.push_str(itoa::Buffer::new().format(seconds));
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

/// What stands under a name.
enum Named {
    None,
    One(Id),
    Several,
}

fn find_under(name: &str, headers: &[Vec<u8>]) -> Named {
    let pairs = headers.iter().flat_map(|header| header.split(|byte| *byte == b';'));
    let mut ids = pairs.filter_map(|pair| {
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        let (its_name, value) = (pair[..equals].trim_ascii(), pair[equals + 1..].trim_ascii());
        (its_name == name.as_bytes()).then(|| Id::parse(value))?
    });
    let Some(first) = ids.next() else { return Named::None };
    // Nobody else can set a cookie of that prefix; two of them are a partitioned and an unpartitioned one of our own.
    let unambiguous = has_prefix(name, "__Host-") || ids.all(|id| id == first);
    if unambiguous { Named::One(first) } else { Named::Several }
}

/// Browsers compare prefixes without regard to case, to protect servers that do.
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
