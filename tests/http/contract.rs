//! Answers of the API held against its own description, by a validator that is not ours.

use super::beside;
use super::client::{Answer, Client};
use crate::support::{Outcome, words};
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};

/// Answers that were got.
pub struct Contract {
    client: Client,
    lines: Vec<Value>,
}

impl Contract {
    /// Of this daemon.
    pub async fn new(client: &Client) -> Result<Self, String> {
        let document = client.json("/api/v1/openapi.json").await?;
        Ok(Self { client: client.clone(), lines: vec![json!({ "openapi": document })] })
    }

    /// Asks for something, and keeps the answer.
    pub async fn get(&mut self, path: &str) -> Result<Answer, String> {
        let path = format!("/api/v1{path}");
        let answer = self.client.get(&path).await?;
        self.keep("GET", &path, answer)
    }

    /// Does something, and keeps the answer.
    pub async fn post(&mut self, path: &str, body: &Value) -> Result<Answer, String> {
        let path = format!("/api/v1{path}");
        let answer = self.client.post(&path, body).await?;
        self.keep("POST", &path, answer)
    }

    /// Keeps an answer that was got otherwise.
    pub fn keep(&mut self, method: &str, path: &str, answer: Answer) -> Result<Answer, String> {
        let body = answer.json()?;
        let status = answer.status;
        self.lines.push(json!({ "method": method, "path": path, "status": status, "body": body }));
        Ok(answer)
    }

    /// Fails if an answer is not as described; returns the operations of which none was got.
    pub fn check(&self) -> Result<Vec<String>, String> {
        let Some(tree) = std::env::var_os("REPACKD_TEST_OPENAPI") else {
            eprintln!("SKIPPED: REPACKD_TEST_OPENAPI is not set, answers are not validated");
            return Ok(Vec::new());
        };
        let output = self.run(&tree, &self.lines)?;
        let found: Value = serde_json::from_slice(&output).map_err(words)?;
        // It has to be found, or nothing was checked.
        let mut wrong = self.lines.clone();
        let status = wrong.iter_mut().find(|l| l["path"] == "/api/v1/status" && l["status"] == 200);
        if let Some(line) = status {
            line["body"]["surplus"] = true.into();
            if self.run(&tree, &wrong).is_ok() {
                return Err("a field that is not described is not seen".into());
            }
        }
        Ok(serde_json::from_value(found["unmet"].clone()).unwrap_or_default())
    }

    fn run(&self, tree: &std::ffi::OsStr, lines: &[Value]) -> Result<Vec<u8>, String> {
        let mut python = Command::new("python3");
        python.arg(beside("contract.py")?).env("PYTHONPATH", tree);
        python.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = python.spawn().map_err(words)?;
        let mut input = child.stdin.take().ok_or("no stdin")?;
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        input.write_all(text.as_bytes()).map_err(words)?;
        drop(input);
        let output = child.wait_with_output().map_err(words)?;
        match output.status.success() {
            true => Ok(output.stdout),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }
}

/// Fails if an operation was never asked for.
pub fn complete(unmet: &[String]) -> Outcome {
    match unmet {
        [] => Ok(()),
        unmet => Err(format!("never answered with 200: {unmet:?}")),
    }
}
