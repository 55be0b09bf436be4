//! A response's cookie, as a browser reads it.

/// What a `Set-Cookie` header says. Ids are secret, so it has no `Debug`.
pub struct SetCookie {
    name: String,
    value: String,
    attributes: Vec<(String, String)>,
}

impl SetCookie {
    /// All of a response's cookies, in order.
    pub fn all(headers: &[(String, String)]) -> Vec<Self> {
        headers.iter().filter(|(name, _)| name == "set-cookie").map(|(_, value)| Self::parse(value)).collect()
    }

    /// A response's only cookie, where it has one. Fails the test where it has several.
    pub fn only(headers: &[(String, String)]) -> Option<Self> {
        let mut cookies = Self::all(headers);
        assert!(cookies.len() <= 1, "{} set-cookie headers", cookies.len());
        cookies.pop()
    }

    /// The cookie's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The cookie's value.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The attribute's value, empty where it has none; none where the attribute is missing. Names in lower case.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let (_, value) = self.attributes.iter().find(|(found, _)| found == name)?;
        Some(value)
    }

    /// The names of all attributes, in lower case and sorted.
    pub fn attributes(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.attributes.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names
    }

    /// Whether it tells the browser to forget the cookie.
    pub fn removes(&self) -> bool {
        self.attribute("max-age") == Some("0")
    }

    /// The `Cookie` header that the browser sends from now on.
    pub fn request_header(&self) -> String {
        format!("{}={}", self.name, self.value)
    }

    fn parse(header: &str) -> Self {
        let mut parts = header.split(';').map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (name.trim().to_owned(), value.trim().to_owned())
        });
        let (name, value) = parts.next().unwrap_or_default();
        let attributes = parts.map(|(name, value)| (name.to_lowercase(), value)).collect();
        Self { name, value, attributes }
    }
}
