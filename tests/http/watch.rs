//! `status --watch`: the same words in a terminal.

use super::{holds, stop};
use crate::daemon::{ANY_TIME, Rig, slow};
use crate::support::program::in_a_terminal;
use crate::support::{Outcome, Server, words};
use std::io::{Read, Write};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A command in a terminal of 80 by 24.
struct Terminal {
    child: Child,
    drawn: Arc<Mutex<Vec<u8>>>,
}

impl Terminal {
    /// `None`, and said so, where no program makes terminals.
    fn start(rig: &Rig, arguments: &str) -> Result<Option<Self>, String> {
        let program = env!("CARGO_BIN_EXE_repackd");
        let line = format!(
            "trap : INT; stty rows 24 cols 80; '{program}' {arguments} --config '{}'; echo \"ended $?\"; stty -a",
            rig.file()
        );
        let Some(mut command) = in_a_terminal(&line) else { return Ok(None) };
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(words)?;
        let drawn = Arc::new(Mutex::new(Vec::new()));
        let mut output = child.stdout.take().ok_or("no pipe")?;
        let into = Arc::clone(&drawn);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(n @ 1..) = output.read(&mut bytes) {
                into.lock().unwrap().extend_from_slice(&bytes[..n]);
            }
        });
        Ok(Some(Self { child, drawn }))
    }

    fn all(&self) -> String {
        String::from_utf8_lossy(&self.drawn.lock().unwrap()).into_owned()
    }

    /// What was drawn last.
    fn screen(&self) -> String {
        self.all().rsplit("\x1b[H").next().unwrap_or_default().replace("\x1b[K", "")
    }

    async fn until(&self, what: &str, holds: impl Fn(&str) -> bool) -> Result<String, String> {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let screen = self.screen();
            if holds(&screen) {
                return Ok(screen);
            }
            if Instant::now() > end {
                return Err(format!("{what} was waited for: {screen:?}"));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn press(&mut self, key: &str) -> Outcome {
        let input = self.child.stdin.as_mut().ok_or("no pipe")?;
        input.write_all(key.as_bytes()).and_then(|()| input.flush()).map_err(words)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// It is drawn anew as the copy goes on, fits, ends with `q` or Ctrl-C, and leaves the terminal as it was.
pub async fn on_a_terminal(server: Server) -> Outcome {
    let rig = Rig::new(&server, &slow("large")).await?;
    rig.configure(ANY_TIME)?;
    rig.delay("0.02").await?;
    let Some(mut terminal) = Terminal::start(&rig, "status --watch")? else { return Ok(()) };
    terminal.until("there is no store yet", |s| s.contains("there is no store at")).await?;
    let daemon = rig.start(&["daemon"])?;
    let copies = |s: &str| s.contains("public.large") && s.contains("copy 5");
    let screen = terminal.until("the copy", copies).await?;
    holds("its head", screen.contains("q ends it"), &screen)?;
    holds("fits", screen.lines().count() <= 24, &screen)?;
    let widest = screen.lines().map(|l| l.trim_end_matches('\r').chars().count()).max();
    holds("fits", widest <= Some(80), &screen)?;
    terminal.until("it goes on", |s| s.contains("copy ") && !copies(s)).await?;
    terminal.press("x")?;
    terminal.press("q")?;
    terminal.until("it ends", |s| s.contains("ended 0")).await?;
    let ended = terminal.until("as it was", |s| s.contains("icanon")).await?;
    let modes = !ended.contains("-icanon") && !ended.contains("-echo ");
    holds("as it was", modes && ended.contains("\x1b[?1049l"), &ended)?;

    let mut terminal = Terminal::start(&rig, "status --watch")?.ok_or("no terminal")?;
    terminal.until("it is there", |s| s.contains("q ends it")).await?;
    terminal.press("\x03")?;
    terminal.until("it ends", |s| s.contains("ended 0")).await?;
    rig.delay("0").await?;
    rig.until_ended("public.large", &["done"], 120).await?;
    stop(daemon)?;
    rig.clean().await?;
    rig.drop().await
}

/// Where there is no terminal it prints what has changed, until it is stopped.
pub async fn elsewhere(server: Server) -> Outcome {
    let rig = Rig::new(&server, &slow("large")).await?;
    rig.configure(ANY_TIME)?;
    rig.repackd(&["status", "--watch", "--json"])?.status(2)?.says(&["--watch is for people"])?;
    rig.delay("0.02").await?;
    let daemon = rig.start(&["daemon"])?;
    rig.until_copying("public.large").await?;
    let watch = rig.start(&["status", "--watch"])?;
    rig.delay("0").await?;
    rig.until_ended("public.large", &["done"], 120).await?;
    tokio::time::sleep(Duration::from_secs(5)).await;
    watch.signal("INT")?;
    let watched = watch.wait()?;
    watched.status(0)?.shows(&["copy ", "nothing queued", "daemon "])?;
    let times = watched.out.lines().filter(|line| line.ends_with(" UTC")).count();
    holds("again and again, but not in vain", (2..60).contains(&times), &watched)?;
    holds("no drawing", !watched.out.contains('\x1b'), &watched)?;
    stop(daemon)?;
    rig.clean().await?;
    rig.drop().await
}
