//! Secrets, fetched anew for each delivery, and kept out of whatever is said about one.

use crate::config::Secret;
use crate::pg;
use secrecy::{ExposeSecret, SecretString};

/// The secrets of one delivery.
#[derive(Default)]
pub struct Secrets(Vec<SecretString>);

impl Secrets {
    /// Fetches one. The error is a sentence.
    pub async fn fetch(&mut self, what: &str, secret: &Secret) -> Result<SecretString, String> {
        let found = match secret {
            Secret::Given(secret) => secret.clone(),
            Secret::File(path) => {
                let text = tokio::fs::read_to_string(path)
                    .await
                    .map_err(|e| format!("{what}_file {}: {e}", path.display()))?;
                match text.lines().next().map(str::trim) {
                    None | Some("") => {
                        return Err(format!("{what}_file {} is empty", path.display()));
                    }
                    Some(secret) => secret.into(),
                }
            }
            Secret::Command(command) => {
                pg::printed(&format!("{what}_command"), command, &[]).await?
            }
        };
        self.0.push(found.clone());
        Ok(found)
    }

    /// A text without any of them, in one line that is not too long.
    pub fn without(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.0 {
            let secret = secret.expose_secret();
            text = text.replace(secret, "…");
            // The part of a URL by which a server may speak of it.
            if let Some((_, rest)) = secret.split_once("://")
                && let Some((_, path)) = rest.split_once('/')
                && path.len() > 8
            {
                text = text.replace(path, "…");
            }
        }
        let line: String =
            text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect();
        line.trim().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_said_has_no_secret() {
        let mut secrets = Secrets::default();
        for secret in ["hunter2", "https://hooks.example/services/T0/B0/abcdef"] {
            secrets.fetch("url", &Secret::Given(secret.into())).await.unwrap();
        }
        let said = secrets.without("no_team for /services/T0/B0/abcdef\r\nwith hunter2");
        assert_eq!(said, "no_team for /…  with …");
    }
}
