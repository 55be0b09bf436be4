//! Settings as the environment has them: text, to be read as what it should be.

/// Settings that can't be used. They hold no values, for some of them are secret.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    /// One of them is of the wrong form.
    #[error("{name} has to be {wanted}")]
    Form { name: &'static str, wanted: String },
    /// drsession doesn't take them, and says why.
    #[error("the settings can't be used: {0}")]
    Refused(String),
}

/// Environment variables.
pub(crate) struct Environment(Vec<(String, String)>);

impl Environment {
    pub(crate) fn new(variables: Vec<(String, String)>) -> Self {
        Self(variables)
    }

    /// The text as it stands there; none where the variable is not set.
    pub(crate) fn text(&self, name: &'static str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The parts between commas.
    pub(crate) fn list(&self, name: &'static str) -> Vec<String> {
        let parts = self.text(name).unwrap_or_default().split(',').map(str::trim);
        parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }

    pub(crate) fn number(&self, name: &'static str) -> Result<Option<u32>, SettingsError> {
        let read = |text: &str| {
            text.parse().map_err(|_| SettingsError::Form { name, wanted: "a whole number below 2^32".to_owned() })
        };
        self.text(name).map(read).transpose()
    }

    /// Seconds; `none` says that there is no limit.
    pub(crate) fn seconds(&self, name: &'static str) -> Result<Option<Option<u32>>, SettingsError> {
        let wanted =
            || SettingsError::Form { name, wanted: "a whole number of seconds below 2^32, or none".to_owned() };
        let read = |text: &str| match text {
            "none" => Ok(None),
            number => number.parse().map(Some).map_err(|_| wanted()),
        };
        self.text(name).map(read).transpose()
    }

    pub(crate) fn flag(&self, name: &'static str) -> Result<Option<bool>, SettingsError> {
        self.choice(name, &[("true", true), ("false", false)])
    }

    /// What the word stands for.
    pub(crate) fn choice<T: Copy>(
        &self,
        name: &'static str,
        choices: &[(&str, T)],
    ) -> Result<Option<T>, SettingsError> {
        let read = |text: &str| {
            let chosen = choices.iter().find(|(word, _)| *word == text).map(|(_, choice)| *choice);
            chosen.ok_or_else(|| {
                let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
                SettingsError::Form { name, wanted: words.join(" or ") }
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
    fn what_is_not_set_is_none() {
        let environment = Environment::new(vec![("DRSESSION_AB".to_owned(), "1".to_owned())]);
        assert_eq!(environment.text(NAME), None);
        assert_eq!(environment.number(NAME), Ok(None));
        assert_eq!(environment.seconds(NAME), Ok(None));
        assert_eq!(environment.flag(NAME), Ok(None));
        assert!(environment.list(NAME).is_empty());
    }

    #[test]
    fn each_form_is_read() {
        assert_eq!(environment("").text(NAME), Some(""));
        assert_eq!(environment("7").number(NAME), Ok(Some(7)));
        assert_eq!(environment("7").seconds(NAME), Ok(Some(Some(7))));
        assert_eq!(environment("none").seconds(NAME), Ok(Some(None)));
        assert_eq!(environment("false").flag(NAME), Ok(Some(false)));
        assert_eq!(environment("a, b,,c ").list(NAME), ["a", "b", "c"]);
    }

    #[test]
    fn a_wrong_form_is_told_without_the_value() {
        let told = [
            environment("secret").number(NAME).map(drop),
            environment("secret").seconds(NAME).map(drop),
            environment("secret").flag(NAME).map(drop),
            environment("-1").number(NAME).map(drop),
            environment("").seconds(NAME).map(drop),
        ];
        for error in told.map(|result| result.expect_err("a wrong form").to_string()) {
            assert!(error.starts_with("DRSESSION_A has to be "), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
