//! Requests over HTTP, byte by byte: what a test sends is what it says.

use crate::support::words;
use serde_json::Value;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Nothing takes longer.
const PATIENCE: Duration = Duration::from_secs(15);

/// Whom to ask.
#[derive(Debug, Clone)]
pub struct Client {
    /// On this machine.
    pub port: u16,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: String,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Result<Value, String> {
        serde_json::from_str(&self.body).map_err(|e| format!("no JSON ({e}): {self:#?}"))
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Fails unless it has this status.
    pub fn status(self, expected: u16) -> Result<Self, String> {
        match self.status == expected {
            true => Ok(self),
            false => Err(format!("{expected} was expected: {self:#?}")),
        }
    }

    /// Fails unless its body has each of these.
    pub fn shows(&self, parts: &[&str]) -> Result<&Self, String> {
        match parts.iter().find(|part| !self.body.contains(**part)) {
            None => Ok(self),
            Some(part) => Err(format!("\"{part}\" was expected in {}", self.body)),
        }
    }
}

impl Client {
    /// On this port.
    pub fn new(port: u16) -> Self {
        Self { port }
    }

    /// A connection.
    pub async fn connect(&self) -> Result<TcpStream, String> {
        let connected =
            tokio::time::timeout(PATIENCE, TcpStream::connect(("127.0.0.1", self.port)));
        connected.await.map_err(words)?.map_err(words)
    }

    /// GET, by the name localhost.
    pub async fn get(&self, path: &str) -> Result<Answer, String> {
        self.send("GET", path, &[], "").await
    }

    /// GET of JSON, with status 200.
    pub async fn json(&self, path: &str) -> Result<Value, String> {
        self.get(path).await?.status(200)?.json()
    }

    /// POST of JSON with the token.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer, String> {
        let token = format!("Bearer {}", super::TOKEN);
        let headers = [("Authorization", token.as_str()), ("Content-Type", "application/json")];
        self.send("POST", path, &headers, &body.to_string()).await
    }

    /// Any request. A Host among the headers takes the place of the usual one.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Answer, String> {
        let mut request = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        if !headers.iter().any(|(name, _)| *name == "Host") {
            request.push_str(&format!("Host: localhost:{}\r\n", self.port));
        }
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            request.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        request.push_str(&format!("\r\n{body}"));
        let mut stream = self.connect().await?;
        stream.write_all(request.as_bytes()).await.map_err(words)?;
        let mut answer = Vec::new();
        let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
        read.map_err(|_| format!("{path}: no answer"))?.map_err(words)?;
        parse(&String::from_utf8_lossy(&answer)).ok_or_else(|| format!("{path}: {answer:?}"))
    }
}

fn parse(text: &str) -> Option<Answer> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    Some(Answer { status, headers, body: body.to_owned() })
}
