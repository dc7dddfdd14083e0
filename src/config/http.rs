//! `[http]`: where the daemon shows itself, and to whom.

use super::settings;
use secrecy::{ExposeSecret, SecretString};
use std::net::SocketAddr;
use std::path::PathBuf;

/// A token that is shorter could be guessed.
const SHORTEST: usize = 16;

/// Where the daemon shows itself, and to whom.
#[derive(Clone, Debug, Default)]
pub struct HttpSettings {
    /// The address; `None`: nowhere.
    pub listen: Option<SocketAddr>,
    /// Where the token is; without any, nothing can be changed.
    pub token: Option<TokenSource>,
    /// Whether anybody may read, from wherever.
    pub read_without_token: bool,
    /// Names besides localhost that it is called by, so that it is not for this machine alone.
    pub hosts: Vec<String>,
}

/// Where the token is. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub enum TokenSource {
    /// In the configuration.
    Given(SecretString),
    /// In a file, read each time it is needed.
    File(PathBuf),
}

impl HttpSettings {
    pub(super) const KEYS: &[&str] =
        &["listen", "token", "token_file", "read_without_token", "hosts"];

    /// Sets one of them, as [`super::Settings::set`] does; `token_file` and `hosts` are the caller's.
    pub(super) fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "listen" => {
                let wrong = "has to be an address and a port, as 127.0.0.1:9187 or [::1]:9187";
                self.listen = Some(value.trim().parse().map_err(|_| wrong)?);
            }
            "token" => {
                check(value)?;
                self.give(TokenSource::Given(value.into()))?;
            }
            "read_without_token" => self.read_without_token = settings::boolean(value)?,
            _ => return Err("is not a setting".into()),
        }
        Ok(())
    }

    pub(super) fn give(&mut self, token: TokenSource) -> Result<(), String> {
        match self.token.replace(token) {
            None => Ok(()),
            Some(_) => Err("and another token: give token or token_file".into()),
        }
    }

    /// What is wrong with them as a whole, as the end of a sentence that begins with `http`.
    pub(super) fn contradiction(&self) -> Option<&'static str> {
        match self.listen {
            None => Some("says nothing without listen, as in listen = \"127.0.0.1:9187\""),
            Some(at)
                if (!at.ip().is_loopback() || !self.hosts.is_empty())
                    && self.token.is_none()
                    && !self.read_without_token =>
            {
                Some(
                    "is for other machines, too: add token_file, or let everybody read with read_without_token = true",
                )
            }
            _ => None,
        }
    }
}

impl TokenSource {
    /// The token as it is now. The error has no secret.
    pub fn read(&self) -> Result<SecretString, String> {
        let file = match self {
            Self::Given(token) => return Ok(token.clone()),
            Self::File(file) => file,
        };
        let shown = file.display();
        let text = std::fs::read_to_string(file)
            .map(SecretString::from)
            .map_err(|error| format!("http.token_file {shown}: {error}"))?;
        let token = text.expose_secret().lines().next().unwrap_or_default().trim();
        check(token).map_err(|wrong| format!("http.token_file {shown}: the token {wrong}"))?;
        Ok(token.into())
    }
}

fn check(token: &str) -> Result<(), String> {
    if token.len() < SHORTEST {
        return Err(format!(
            "has to have {SHORTEST} characters or more, so that nobody guesses it; `openssl rand -hex 32` makes one"
        ));
    }
    if !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err("has to be letters, digits and signs of ASCII, without spaces".into());
    }
    Ok(())
}
