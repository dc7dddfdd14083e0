//! The process environment, taken once and passed on, so that nothing below reads it by itself
//! and tests need not change it.

use std::collections::HashMap;
use std::path::PathBuf;

/// The environment variables, the home directory and the operating system's user.
///
/// Has no `Debug`: it holds `PGPASSWORD`.
#[derive(Clone, Default)]
pub struct Environment {
    variables: HashMap<String, String>,
    user: Option<String>,
}

impl Environment {
    /// The environment of this process.
    pub fn process() -> Self {
        let mut variables: HashMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        if let Some(home) = std::env::home_dir().and_then(|h| h.to_str().map(str::to_owned)) {
            variables.insert("HOME".into(), home);
        }
        Self { variables, user: whoami::username().ok() }
    }

    /// An environment of exactly these variables; `USER` is also the operating system's user.
    pub fn of<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let variables: HashMap<String, String> =
            variables.into_iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
        let user = variables.get("USER").cloned();
        Self { variables, user }
    }

    /// The value of a variable; one that is empty counts as not set.
    pub fn var(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|v| !v.is_empty())
    }

    /// The home directory.
    pub fn home(&self) -> Option<PathBuf> {
        self.var("HOME").map(PathBuf::from)
    }

    /// The operating system's user.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// A path as a person writes it: `~/` stands for the home directory.
    pub fn expand(&self, path: &str) -> PathBuf {
        match (path.strip_prefix("~/"), self.home()) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => PathBuf::from(path),
        }
    }
}
