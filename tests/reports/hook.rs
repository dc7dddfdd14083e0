//! A server for webhooks: keeps what comes, and answers as it is told to.

use crate::connect::pki::Issued;
use crate::support::words;
use crate::telemetry::acceptor;
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;

/// How it answers.
#[derive(Debug, Clone)]
pub enum Answer {
    /// With a status, more header lines, and a body.
    Status(u16, &'static str, &'static str),
    /// Never.
    Hang,
}

/// What came.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The path.
    pub path: String,
    /// The headers, their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: String,
}

impl Asked {
    /// The body as JSON.
    pub fn json(&self) -> Result<Value, String> {
        serde_json::from_str(&self.body).map_err(|e| format!("{e}: {}", self.body))
    }
}

#[derive(Default)]
struct State {
    asked: Vec<Asked>,
    answers: VecDeque<Answer>,
    /// What all others get.
    always: Option<Answer>,
}

/// A running server.
pub struct Hook {
    /// Where.
    pub address: String,
    state: Arc<Mutex<State>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Hook {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Hook {
    /// Starts one that answers these one after another, and 200 after that.
    pub async fn start(answers: &[Answer]) -> Result<Self, String> {
        Self::start_with(answers, None).await
    }

    /// The same with TLS.
    pub async fn start_with(answers: &[Answer], issued: Option<&Issued>) -> Result<Self, String> {
        let tls = issued.map(acceptor).transpose()?;
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(words)?;
        let address = listener.local_addr().map_err(words)?.to_string();
        let state = State { answers: answers.iter().cloned().collect(), ..State::default() };
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (shared, tls) = (Arc::clone(&shared), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, shared).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, shared).await;
                            }
                        }
                    }
                });
            }
        });
        Ok(Self { address, state, task })
    }

    /// From here on it answers this, whatever it was to answer.
    pub fn always(&self, answer: Option<Answer>) {
        let mut state = self.state.lock().unwrap();
        state.answers.clear();
        state.always = answer;
    }

    /// What has come so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.state.lock().unwrap().asked.clone()
    }

    /// Waits for so many.
    pub async fn until(&self, count: usize, most: u64) -> Result<Vec<Asked>, String> {
        let end = Instant::now() + Duration::from_secs(most);
        loop {
            let asked = self.asked();
            if asked.len() >= count {
                return Ok(asked);
            }
            if Instant::now() > end {
                return Err(format!("{count} requests were waited for: {asked:#?}"));
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, state: Arc<Mutex<State>>) {
    let mut bytes = Vec::new();
    let (head, length) = loop {
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(n) => bytes.extend(&buffer[..n]),
        }
        let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let length = head
            .lines()
            .find_map(|l| l.to_lowercase().strip_prefix("content-length:").map(str::to_owned))
            .and_then(|l| l.trim().parse::<usize>().ok())
            .unwrap_or(0);
        if bytes.len() >= end + 4 + length {
            break (head, end + 4);
        }
    };
    let mut lines = head.lines();
    let path = lines.next().and_then(|l| l.split(' ').nth(1)).unwrap_or_default().to_owned();
    let headers = lines
        .filter_map(|l| l.split_once(':'))
        .map(|(n, v)| (n.to_lowercase(), v.trim().to_owned()))
        .collect();
    let body = String::from_utf8_lossy(&bytes[length..]).into_owned();
    let answer = {
        let mut state = state.lock().unwrap();
        state.asked.push(Asked { path, headers, body });
        let next = state.answers.pop_front();
        next.or_else(|| state.always.clone()).unwrap_or(Answer::Status(200, "", "ok"))
    };
    match answer {
        Answer::Hang => tokio::time::sleep(Duration::from_secs(3600)).await,
        Answer::Status(status, more, text) => {
            let answer = format!(
                "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n{more}\r\n{text}",
                text.len()
            );
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    }
}
