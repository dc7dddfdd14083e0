//! A browser without a screen, driven through its own protocol over two pipes.

use crate::support::{Outcome, words};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// Nothing takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A page in a browser.
pub struct Browser {
    child: Child,
    input: ChildStdin,
    heard: Receiver<Value>,
    kept: VecDeque<Value>,
    session: String,
    profile: PathBuf,
    next: u64,
}

impl Browser {
    /// A new one with an empty page; `None`, and said so, where there is none.
    pub fn start(name: &str) -> Result<Option<Self>, String> {
        let Some(program) = std::env::var_os("REPACKD_TEST_CHROMIUM") else {
            eprintln!("SKIPPED: REPACKD_TEST_CHROMIUM is not set, no browser looks at the page");
            return Ok(None);
        };
        let profile =
            std::env::temp_dir().join(format!("repackd-browser-{name}-{}", std::process::id()));
        // It reads from descriptor 3 and writes to 4.
        let mut command = Command::new("sh");
        command.args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 0</dev/null 1>&2"]).arg(program).args([
            "--remote-debugging-pipe",
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--hide-scrollbars",
        ]);
        command.arg(format!("--user-data-dir={}", profile.display()));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(words)?;
        let input = child.stdin.take().ok_or("no pipe")?;
        let output = BufReader::new(child.stdout.take().ok_or("no pipe")?);
        let (sender, heard) = channel();
        std::thread::spawn(move || {
            for message in output.split(0).map_while(Result::ok) {
                if let Ok(message) = serde_json::from_slice(&message)
                    && sender.send(message).is_err()
                {
                    return;
                }
            }
        });
        let (kept, session) = (VecDeque::new(), String::new());
        let mut browser = Self { child, input, heard, kept, session, profile, next: 0 };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }))?;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = browser.call("Target.attachToTarget", attach)?;
        browser.session = attached["sessionId"].as_str().unwrap_or_default().to_owned();
        for domain in ["Page", "Runtime", "Log"] {
            browser.call(&format!("{domain}.enable"), json!({}))?;
        }
        Ok(Some(browser))
    }

    /// Calls a method and waits for its result.
    pub fn call(&mut self, method: &str, params: Value) -> Result<Value, String> {
        self.next += 1;
        let id = self.next;
        let mut message = json!({ "id": id, "method": method, "params": params });
        if !self.session.is_empty() {
            message["sessionId"] = self.session.clone().into();
        }
        self.input.write_all(format!("{message}\0").as_bytes()).map_err(words)?;
        let end = Instant::now() + PATIENCE;
        loop {
            let message = self.hear(end).map_err(|e| format!("{method}: {e}"))?;
            if message["id"] == id {
                return match message.get("error") {
                    Some(error) => Err(format!("{method}: {error}")),
                    None => Ok(message["result"].clone()),
                };
            }
            self.kept.push_back(message);
        }
    }

    fn hear(&mut self, end: Instant) -> Result<Value, String> {
        let left = end.saturating_duration_since(Instant::now());
        self.heard.recv_timeout(left).map_err(|e| match e {
            RecvTimeoutError::Timeout => "no answer from the browser".to_owned(),
            RecvTimeoutError::Disconnected => "the browser has ended".to_owned(),
        })
    }

    /// Goes to an address and waits until it is there.
    pub fn open(&mut self, url: &str) -> Outcome {
        self.kept.retain(|event| event["method"] != "Page.loadEventFired");
        let gone = self.call("Page.navigate", json!({ "url": url }))?;
        if let Some(error) = gone.get("errorText") {
            return Err(format!("{url}: {error}"));
        }
        let end = Instant::now() + PATIENCE;
        while !self.kept.iter().any(|event| event["method"] == "Page.loadEventFired") {
            let event = self.hear(end).map_err(|e| format!("{url}: {e}"))?;
            self.kept.push_back(event);
        }
        Ok(())
    }

    /// The value of an expression of JavaScript; a promise is waited for.
    pub fn value(&mut self, expression: &str) -> Result<Value, String> {
        let params =
            json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let result = self.call("Runtime.evaluate", params)?;
        match result.get("exceptionDetails") {
            Some(wrong) => Err(format!("{expression}: {wrong}")),
            None => Ok(result["result"]["value"].clone()),
        }
    }

    /// The text of what a selector finds first.
    pub fn text(&mut self, selector: &str) -> Result<String, String> {
        let selector = json!(selector);
        let text = self.value(&format!("document.querySelector({selector})?.innerText ?? ''"))?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// Waits until an expression is true.
    pub async fn until(&mut self, what: &str, expression: &str) -> Outcome {
        let end = Instant::now() + PATIENCE;
        while self.value(expression)? != true {
            if Instant::now() > end {
                let text = self.text("body")?;
                return Err(format!("{what} was waited for ({expression}):\n{text}"));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    /// Clicks with the mouse on what a selector finds first.
    pub fn click(&mut self, selector: &str) -> Outcome {
        let quoted = json!(selector);
        let at = self.value(&format!(
            "(() => {{ const e = document.querySelector({quoted}); if (!e) return null; e.scrollIntoView({{ block: 'center' }});
              const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; }})()"
        ))?;
        let (Some(x), Some(y)) = (at[0].as_f64(), at[1].as_f64()) else {
            return Err(format!("there is no {selector}"));
        };
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({ "type": kind, "x": x, "y": y, "button": "left", "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", event)?;
        }
        Ok(())
    }

    /// Writes where the keyboard is.
    pub fn write(&mut self, text: &str) -> Outcome {
        self.call("Input.insertText", json!({ "text": text })).map(drop)
    }

    /// Presses a key: Enter, Tab.
    pub fn press(&mut self, key: &str) -> Outcome {
        let (code, text) = match key {
            "Enter" => (13, "\r"),
            "Tab" => (9, ""),
            _ => return Err(format!("no such key: {key}")),
        };
        for kind in ["keyDown", "keyUp"] {
            let mut event =
                json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code });
            if kind == "keyDown" && !text.is_empty() {
                event["text"] = text.into();
            }
            self.call("Input.dispatchKeyEvent", event)?;
        }
        Ok(())
    }

    /// A window of this size.
    pub fn resize(&mut self, width: u32, height: u32) -> Outcome {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500 });
        self.call("Emulation.setDeviceMetricsOverride", size).map(drop)
    }

    /// As somebody sees it who has dark colours.
    pub fn dark(&mut self, dark: bool) -> Outcome {
        let value = if dark { "dark" } else { "light" };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": value }] });
        self.call("Emulation.setEmulatedMedia", features).map(drop)
    }

    /// A picture of the whole page, for people, if they have said where to.
    pub fn picture(&mut self, name: &str) -> Outcome {
        let Some(folder) = std::env::var_os("REPACKD_TEST_PICTURES") else { return Ok(()) };
        // A page that has only just come has no width yet; where scripts are off, it cannot be asked.
        std::thread::sleep(Duration::from_millis(300));
        let params = json!({ "format": "png", "captureBeyondViewport": true });
        let shot = self.call("Page.captureScreenshot", params)?;
        let bytes = decoded(shot["data"].as_str().unwrap_or_default());
        std::fs::create_dir_all(&folder).map_err(words)?;
        std::fs::write(PathBuf::from(folder).join(format!("{name}.png")), bytes).map_err(words)
    }

    /// Errors that the page or its policy led to. Not those of the network, which tests make.
    pub fn errors(&self) -> Vec<String> {
        let tells = |event: &&Value| match event["method"].as_str() {
            Some("Runtime.exceptionThrown") => true,
            Some("Log.entryAdded") => {
                let entry = &event["params"]["entry"];
                entry["level"] == "error" && entry["source"] != "network"
            }
            Some("Runtime.consoleAPICalled") => event["params"]["type"] == "error",
            _ => false,
        };
        self.kept.iter().filter(tells).map(|event| event["params"].to_string()).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.profile);
    }
}

fn decoded(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for byte in text.bytes().filter(|b| *b != b'=') {
        let digit = DIGITS.iter().position(|d| *d == byte).unwrap_or(0);
        bits = (bits << 6 | u32::try_from(digit).unwrap_or(0)) & 0xFFFF;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xFF).unwrap_or(0));
        }
    }
    bytes
}
