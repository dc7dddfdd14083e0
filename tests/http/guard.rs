//! Who may do what; and names that mean ill.

use super::client::Answer;
use super::{OTHER, Shown, TOKEN, holds, stop};
use crate::daemon::{ANY_TIME, Rig, bloated};
use crate::support::{Outcome, Server, words};

const BODY: &str = "{\"connection\":\"shop\"}";
const JSON: (&str, &str) = ("Content-Type", "application/json");

/// Base64 of `me:` and the token, as a browser sends a password.
fn basic(token: &str) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::from("Basic ");
    for chunk in format!("me:{token}").into_bytes().chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, b| bits << 8 | u32::from(*b));
        let bits = bits << (8 * (3 - chunk.len()));
        for digit in 0..4 {
            let index = bits >> (18 - 6 * digit) & 63;
            text.push(if digit > chunk.len() { '=' } else { char::from(DIGITS[index as usize]) });
        }
    }
    text
}

/// Reading takes none here; changing anything takes the bearer token.
pub async fn token(server: Server) -> Outcome {
    let mut shown = Shown::new(&server, "", ANY_TIME).await?;
    let daemon = shown.start().await?;
    let client = shown.client.clone();
    client.get("/").await?.status(200)?;
    let post = async |path: &str, authorization: Option<String>| -> Result<Answer, String> {
        let mut headers = vec![JSON];
        if let Some(value) = &authorization {
            headers.push(("Authorization", value));
        }
        client.send("POST", path, &headers, BODY).await
    };
    for path in ["pause", "resume", "cancel", "evaluate"] {
        let path = format!("/api/v1/{path}");
        for given in [
            None,
            Some(format!("Bearer {OTHER}")),
            Some(format!("Bearer {}", &TOKEN[1..])),
            Some("Bearer ".to_owned()),
            Some(TOKEN.to_owned()),
            // What a browser would send along unasked.
            Some(basic(TOKEN)),
        ] {
            let answer = post(&path, given).await?.status(401)?;
            let asks = answer.header("www-authenticate").unwrap_or_default();
            holds("a browser does not ask", asks.starts_with("Bearer"), &answer)?;
        }
        client.get(&path).await?.status(405)?;
    }
    let pauses = client.json("/api/v1/pauses").await?;
    holds("nothing was done", pauses.as_array().is_some_and(Vec::is_empty), &pauses)?;
    // A form of another page cannot send JSON.
    let token = format!("Bearer {TOKEN}");
    let form = [("Authorization", token.as_str()), ("Content-Type", "text/plain")];
    client.send("POST", "/api/v1/pause", &form, BODY).await?.status(415)?;
    post("/api/v1/pause", Some(token)).await?.status(200)?;
    // What every answer says to browsers, and that nothing says the token.
    for path in ["/", "/tables", "/history", "/api/v1/status", "/metrics", "/page.js", "/nothing"] {
        let answer = client.get(path).await?;
        let policy = answer.header("content-security-policy").unwrap_or_default();
        holds(path, policy.contains("default-src 'none'; script-src 'self'"), &answer)?;
        holds(path, !policy.contains("unsafe"), &answer)?;
        holds(path, answer.header("x-content-type-options") == Some("nosniff"), &answer)?;
        holds(path, answer.header("access-control-allow-origin").is_none(), &answer)?;
        holds(path, !answer.body.contains(TOKEN) && !answer.body.contains("hunter2"), &answer)?;
    }
    stop(daemon)?;

    // From a file, which may be written anew while the daemon runs.
    let file = std::env::temp_dir().join(format!("repackd-token-{}", shown.rig.database.name));
    std::fs::write(&file, format!("{OTHER}\n")).map_err(words)?;
    let text = std::fs::read_to_string(shown.rig.file()).map_err(words)?;
    let given = format!("token = \"{TOKEN}\"");
    shown.rig.write(&text.replace(&given, &format!("token_file = \"{}\"", file.display())))?;
    let daemon = shown.start().await?;
    post("/api/v1/resume", Some(format!("Bearer {TOKEN}"))).await?.status(401)?;
    post("/api/v1/resume", Some(format!("Bearer {OTHER}"))).await?.status(200)?;
    std::fs::write(&file, TOKEN).map_err(words)?;
    post("/api/v1/resume", Some(format!("Bearer {OTHER}"))).await?.status(401)?;
    post("/api/v1/resume", Some(format!("Bearer {TOKEN}"))).await?.status(200)?;
    for _ in 0..2 {
        std::fs::remove_file(&file).map_err(words)?;
        for _ in 0..3 {
            post("/api/v1/resume", Some(format!("Bearer {TOKEN}"))).await?.status(503)?;
        }
        std::fs::write(&file, TOKEN).map_err(words)?;
        post("/api/v1/resume", Some(format!("Bearer {TOKEN}"))).await?.status(200)?;
    }
    std::fs::remove_file(&file).map_err(words)?;
    let said = daemon.said();
    holds("once each time", said.matches("nobody is let in").count() == 2, &said)?;
    stop(daemon)?;

    // None at all: nothing can be changed, and the page shows no buttons.
    shown.rig.write(&text.replace(&given, ""))?;
    let daemon = shown.start().await?;
    post("/api/v1/pause", Some("Bearer ".into())).await?.status(403)?;
    let page = client.get("/").await?;
    page.shows(&["no token is configured"])?;
    holds("no buttons", !page.body.contains("<button"), &page)?;
    stop(daemon)?;
    shown.configure("")?;
    shown.drop().await
}

/// What asks by another name gets nothing: a page elsewhere may have had its name point here.
pub async fn hosts(server: Server) -> Outcome {
    let mut shown = Shown::new(&server, "", ANY_TIME).await?;
    shown.configure("hosts = [\"repackd.example\"]\nread_without_token = true")?;
    let daemon = shown.start().await?;
    let client = &shown.client;
    for path in ["/", "/api/v1/status", "/metrics", "/page.css"] {
        for (host, status) in [
            ("localhost", 200),
            ("127.0.0.1:9187", 200),
            ("[::1]:9187", 200),
            ("repackd.example", 200),
            ("evil.example", 421),
            ("evil.example:9187", 421),
            ("127.0.0.1.evil.example", 421),
            ("", 421),
        ] {
            let answer = client.send("GET", path, &[("Host", host)], "").await?;
            answer.status(status).map_err(|e| format!("{host} {path}: {e}"))?;
        }
    }
    // The token does not help there, and probes do not mind.
    let token = format!("Bearer {TOKEN}");
    let headers = [("Host", "evil.example"), ("Authorization", token.as_str()), JSON];
    client.send("POST", "/api/v1/pause", &headers, BODY).await?.status(421)?;
    client.send("GET", "/liveness", &[("Host", "10.1.2.3:9187")], "").await?.status(200)?;
    stop(daemon)?;
    // With a name of its own it is not for this machine alone.
    shown.configure("hosts = [\"repackd.example\"]")?;
    let daemon = shown.start().await?;
    shown.client.get("/").await?.status(401)?;
    shown.client.send("GET", "/", &[("Authorization", &*basic(TOKEN))], "").await?.status(200)?;
    stop(daemon)?;
    // Nor is it behind a proxy, which asks from here.
    shown.configure("")?;
    let daemon = shown.start().await?;
    shown.client.get("/").await?.status(200)?;
    for header in ["X-Forwarded-For", "Forwarded", "Via"] {
        shown.client.send("GET", "/", &[(header, "x")], "").await?.status(401)?;
    }
    stop(daemon)?;
    shown.drop().await
}

/// On an address for others reading takes the token, too, unless everybody may.
pub async fn for_others(server: Server) -> Outcome {
    let shown = Shown::new(&server, "", ANY_TIME).await?;
    let text = std::fs::read_to_string(shown.rig.file()).map_err(words)?;
    let text = text.replace("listen = \"127.0.0.1:", "listen = \"0.0.0.0:");
    shown.rig.write(&text)?;
    let daemon = shown.start().await?;
    let client = &shown.client;
    for path in ["/", "/tables", "/api/v1/status", "/metrics", "/page.css"] {
        let answer = client.get(path).await?.status(401)?;
        let asks = answer.header("www-authenticate").unwrap_or_default();
        holds("a browser asks", asks.starts_with("Basic"), &answer)?;
        let wrong = basic(OTHER);
        client.send("GET", path, &[("Authorization", &wrong)], "").await?.status(401)?;
        for given in [basic(TOKEN), format!("Bearer {TOKEN}")] {
            client.send("GET", path, &[("Authorization", &given)], "").await?.status(200)?;
        }
    }
    client.get("/readiness").await?.status(200)?;
    // By whatever name: where it is, is not known here.
    let headers = [("Host", "node7.example"), ("Authorization", &*basic(TOKEN))];
    client.send("GET", "/", &headers, "").await?.status(200)?;
    stop(daemon)?;
    shown.rig.write(&text.replace("[http]", "[http]\nread_without_token = true"))?;
    let daemon = shown.start().await?;
    client.get("/").await?.status(200)?;
    client.send("POST", "/api/v1/pause", &[JSON], BODY).await?.status(401)?;
    stop(daemon)?;
    shown.drop().await
}

/// Mistakes are found before anything is begun.
pub async fn configuration(server: Server) -> Outcome {
    let rig = Rig::new(&server, "").await?;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").map_err(words)?;
    let port = taken.local_addr().map_err(words)?.port();
    let listen = format!("listen = \"127.0.0.1:{port}\"");
    for (http, said) in [
        (&*listen, "cannot be listened to"),
        ("token = \"0123456789abcdef\"", "says nothing without listen"),
        ("listen = \"0.0.0.0:9187\"", "is for other machines, too: add token_file"),
        ("listen = \"127.0.0.1:0\"\nhosts = [\"x.example\"]", "is for other machines, too"),
        ("listen = \"localhost\"", "has to be an address and a port"),
        (
            "listen = \"127.0.0.1:0\"\ntoken = \"too-short-s3cret\"\ntoken_file = \"/x\"",
            "give token or token_file",
        ),
        ("listen = \"127.0.0.1:0\"\ntoken = \"s3cret\"", "16 characters or more"),
        ("listen = \"127.0.0.1:0\"\ntoken_file = \"/nowhere/s3\"", "/nowhere/s3: No such file"),
        ("listen = \"127.0.0.1:0\"\nlisten_on = 1", "unknown key `listen_on`"),
    ] {
        rig.configure(&format!("[http]\n{http}\n{ANY_TIME}"))?;
        let finished = rig.repackd(&["daemon"])?;
        finished.status(78)?.says(&[said])?;
        holds("no secret", !finished.err.contains("s3cret"), &finished.err)?;
    }
    rig.drop().await
}

/// The name of a table is text, wherever it is shown.
pub async fn injection(server: Server) -> Outcome {
    let evil = "<img src=x onerror=alert(1)>\"'&<script>alert(2)</script>";
    let quoted = repackd::names::ident(evil);
    let setup = bloated("t").replace("public.t", &format!("public.{quoted}"));
    let shown = Shown::new(&server, &setup, ANY_TIME).await?;
    let daemon = shown.start().await?;
    let done = |h: &serde_json::Value| h["runs"][0]["ending"] == "done";
    let history = shown.until_json("it is repacked", "/api/v1/history", done).await?;
    holds("its name as it is", history["runs"][0]["name"] == evil, &history)?;
    let id = history["runs"][0]["id"].as_i64().ok_or("no number")?;
    let name: String = evil.bytes().map(|b| format!("%{b:02X}")).collect();
    let table = format!("/table?connection=shop&schema=public&name={name}");
    for path in [
        "/",
        "/tables",
        "/history",
        &table,
        &format!("/runs/{id}"),
        "/%3Cscript%3Ealert(3)%3C/script%3E",
        "/tables?search=%22%3E%3Cscript%3Ealert(4)",
        "/history?connection=%3Cscript%3E",
    ] {
        let page = shown.client.get(path).await?;
        for raw in ["<img", "<script>", "onerror=alert(1)>\""] {
            holds(path, !page.body.contains(raw), &page.body)?;
        }
        if !path.starts_with("/%3C") && !path.contains('?') {
            page.shows(&["&#60;img src=x onerror=alert(1)&#62;"])?;
        }
    }
    shown.client.get(&table).await?.status(200)?.shows(&["<h1>", "Size and bloat over time"])?;
    stop(daemon)?;
    shown.drop().await
}
