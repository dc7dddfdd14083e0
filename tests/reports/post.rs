//! The mail server: aiosmtpd, in a process of its own.

use crate::connect::pki::{Authority, Issued};
use crate::support::{Outcome, words};
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running mail server.
pub struct Post {
    /// Its port.
    pub port: u16,
    directory: PathBuf,
    child: Child,
}

/// Whom to log in as, and with what.
pub const LOGIN: [&str; 2] = ["böte@example.org", "hunter2 \"päss\" \\word"];

impl Drop for Post {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

impl Post {
    /// Starts one. `tls`: none, starttls or tls; the authority that has signed its certificate is in
    /// [`authority`](Self::authority).
    pub fn start(name: &str, tls: &str, login: bool) -> Result<Self, String> {
        let packages = std::env::var("REPACKD_TEST_MAIL")
            .map_err(|_| "REPACKD_TEST_MAIL: there is no mail server")?;
        let directory =
            std::env::temp_dir().join(format!("repackd-mail-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&directory).map_err(words)?;
        let authority = Authority::root("post");
        let Issued { pem, key } = authority.issue("localhost", &["localhost"], 7);
        for (file, text) in [("server.pem", pem), ("server.key", key), ("ca.pem", authority.pem)] {
            std::fs::write(directory.join(file), text).map_err(words)?;
        }
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reports/smtpd.py");
        let mut command = Command::new("python3");
        command.arg(script).arg(&directory).arg(tls).env("PYTHONPATH", packages);
        if login {
            command.args(LOGIN);
        }
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().map_err(words)?;
        let mut post = Self { port: 0, directory, child };
        let end = Instant::now() + Duration::from_secs(20);
        while post.port == 0 {
            if let Ok(text) = std::fs::read_to_string(post.directory.join("port")) {
                post.port = text.parse().map_err(words)?;
            } else if Instant::now() > end {
                return Err("the mail server does not start".into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(post)
    }

    /// The file with the authority to trust.
    pub fn authority(&self) -> String {
        self.directory.join("ca.pem").display().to_string()
    }

    /// What has come so far.
    pub fn mails(&self) -> Result<Vec<Value>, String> {
        let mut all = Vec::new();
        while let Ok(text) =
            std::fs::read_to_string(self.directory.join(format!("{}.json", all.len())))
        {
            all.push(serde_json::from_str(&text).map_err(words)?);
        }
        Ok(all)
    }

    /// The one mail that has come.
    pub fn only(&self) -> Result<Value, String> {
        let mut mails = self.mails()?;
        match mails.len() {
            1 => Ok(mails.remove(0)),
            n => Err(format!("one mail was expected, not {n}: {mails:#?}")),
        }
    }

    /// Waits for so many.
    pub async fn until(&self, count: usize, most: u64) -> Result<Vec<Value>, String> {
        let end = Instant::now() + Duration::from_secs(most);
        loop {
            let mails = self.mails()?;
            if mails.len() >= count {
                return Ok(mails);
            }
            if Instant::now() > end {
                return Err(format!("{count} mails were waited for, not {}", mails.len()));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// A notifier that sends to it.
    pub fn notifier(&self, name: &str, tls: &str, more: &str) -> String {
        format!(
            "[notifier.{name}]\nkind = \"mail\"\nmailfrom = \"Répackd <repackd@example.org>\"\n\
             mailto = [\"dba@example.org\", \"Zweite Köchin <second@example.org>\"]\nsmtp_server = \"localhost\"\n\
             smtp_port = {}\nsmtp_ssl = \"{tls}\"\nca_file = \"{}\"\n{more}\n",
            self.port,
            self.authority()
        )
    }
}

/// The text of a mail's part.
pub fn part<'m>(mail: &'m Value, kind: &str) -> Result<&'m str, String> {
    let parts = mail["parts"].as_array().ok_or("no parts")?;
    let found = parts.iter().find(|p| p["type"] == kind).and_then(|p| p["text"].as_str());
    found.ok_or_else(|| format!("no part {kind} in {mail:#}"))
}

/// Fails unless a text has each of these.
pub fn has(text: &str, parts: &[&str]) -> Outcome {
    match parts.iter().find(|part| !text.contains(**part)) {
        None => Ok(()),
        Some(part) => Err(format!("\"{part}\" was expected in: {text}")),
    }
}
