//! Environment variables, parsed into typed settings.

/// An invalid setting. Never contains the value, which may be secret.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    /// A variable cannot be parsed.
    #[error("{name} must be {expected}")]
    Malformed { name: &'static str, expected: String },
    /// `store.open` rejected the settings for this reason.
    #[error("invalid settings: {0}")]
    Rejected(String),
}

/// The environment variables: names and values.
pub(crate) struct Environment(Vec<(String, String)>);

impl Environment {
    pub(crate) fn new(variables: Vec<(String, String)>) -> Self {
        Self(variables)
    }

    /// The value of the variable, if it is set.
    pub(crate) fn text(&self, name: &'static str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// A comma-separated list. Spaces around the parts are trimmed, empty parts skipped.
    pub(crate) fn list(&self, name: &'static str) -> Vec<String> {
        let parts = self.text(name).unwrap_or_default().split(',').map(str::trim);
        parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }

    pub(crate) fn number(&self, name: &'static str) -> Result<Option<u32>, SettingsError> {
        let read = |text: &str| {
            text.parse()
                .map_err(|_| SettingsError::Malformed { name, expected: "a whole number below 2^32".to_owned() })
        };
        self.text(name).map(read).transpose()
    }

    /// A number of seconds, or `Some(None)` for the word `none`, which means no limit.
    pub(crate) fn seconds(&self, name: &'static str) -> Result<Option<Option<u32>>, SettingsError> {
        let malformed = || {
            let expected = "a whole number of seconds below 2^32, or none".to_owned();
            SettingsError::Malformed { name, expected }
        };
        let read = |text: &str| match text {
            "none" => Ok(None),
            number => number.parse().map(Some).map_err(|_| malformed()),
        };
        self.text(name).map(read).transpose()
    }

    pub(crate) fn flag(&self, name: &'static str) -> Result<Option<bool>, SettingsError> {
        self.choice(name, &[("true", true), ("false", false)])
    }

    /// One of several words, mapped to its meaning.
    pub(crate) fn choice<T: Copy>(
        &self,
        name: &'static str,
        choices: &[(&str, T)],
    ) -> Result<Option<T>, SettingsError> {
        let read = |text: &str| {
            let chosen = choices.iter().find(|(word, _)| *word == text).map(|(_, choice)| *choice);
            chosen.ok_or_else(|| {
                let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
                SettingsError::Malformed { name, expected: words.join(" or ") }
            })
        };
        self.text(name).map(read).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::Environment;

    const NAME: &str = "DRSESSION_A";

    fn environment(value: &str) -> Environment {
        Environment::new(vec![(NAME.to_owned(), value.to_owned())])
    }

    #[test]
    fn a_variable_that_is_not_set_is_none() {
        let environment = Environment::new(vec![("DRSESSION_AB".to_owned(), "1".to_owned())]);
        assert_eq!(environment.text(NAME), None);
        assert_eq!(environment.number(NAME), Ok(None));
        assert_eq!(environment.seconds(NAME), Ok(None));
        assert_eq!(environment.flag(NAME), Ok(None));
        assert!(environment.list(NAME).is_empty());
    }

    #[test]
    fn every_type_is_parsed() {
        assert_eq!(environment("").text(NAME), Some(""));
        assert_eq!(environment("7").number(NAME), Ok(Some(7)));
        assert_eq!(environment("7").seconds(NAME), Ok(Some(Some(7))));
        assert_eq!(environment("none").seconds(NAME), Ok(Some(None)));
        assert_eq!(environment("false").flag(NAME), Ok(Some(false)));
        assert_eq!(environment("a, b,,c ").list(NAME), ["a", "b", "c"]);
    }

    #[test]
    fn an_error_names_the_variable_and_not_its_value() {
        let results = [
            environment("secret").number(NAME).map(drop),
            environment("secret").seconds(NAME).map(drop),
            environment("secret").flag(NAME).map(drop),
            environment("-1").number(NAME).map(drop),
            environment("").seconds(NAME).map(drop),
        ];
        for error in results.map(|result| result.expect_err("malformed").to_string()) {
            assert!(error.starts_with("DRSESSION_A must be "), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
