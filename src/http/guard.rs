//! Who may do what, and what every answer says to browsers.
//!
//! * Probes are for everybody: they say one word.
//! * On an address of this machine alone everybody here may read. What asks for another host than this
//!   machine's is refused: a page elsewhere whose name was made to point here must not read it.
//! * On any other address, by any name of its own, or through a proxy, reading takes the token, unless the
//!   configuration says otherwise: as a bearer token, or as the password that a browser asks for.
//! * Changing anything takes the bearer token, always. A browser sends that for no other page, and asks
//!   for no password that it would send along unasked.

use super::api::Problem;
use super::app::App;
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine, alphabet};
use secrecy::ExposeSecret;
use std::net::IpAddr;
use std::sync::Arc;

/// Nothing but what comes from here; no script, style or form that is in a page itself.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const PROBES: [&str; 2] = ["/liveness", "/readiness"];

/// What stands before everything else.
pub async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    let refused = refusal(&app, &head).await;
    let api = head.uri.path().starts_with("/api/");
    let mut response = match refused {
        None => next.run(Request::from_parts(head, body)).await,
        Some(problem) if api => problem.into_response(),
        Some(problem) => problem.into_text(),
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

async fn refusal(app: &App, request: &Parts) -> Option<Problem> {
    let reads = matches!(request.method, Method::GET | Method::HEAD);
    if reads && PROBES.contains(&request.uri.path()) {
        return None;
    }
    if !is_called(app, request) {
        return Some(Problem::new(
            StatusCode::MISDIRECTED_REQUEST,
            "this is asked for by a name that is not this machine's; if it is meant to have that name, add it to http.hosts",
        ));
    }
    if reads && (app.everybody_reads() || is_from_here(app, &request.headers)) {
        return None;
    }
    let Some(source) = app.token() else {
        return Some(Problem::new(
            StatusCode::FORBIDDEN,
            match reads {
                true => {
                    "this came through a proxy, and no token is configured; set http.token_file, or http.read_without_token"
                }
                false => {
                    "nothing can be changed here: no token is configured; set http.token_file, or use the command line"
                }
            },
        ));
    };
    let token = match tokio::task::spawn_blocking(move || source.read()).await {
        Ok(Ok(token)) => {
            app.token_read(true);
            token
        }
        Ok(Err(error)) => {
            // Once: whoever knocks must not be able to fill the log.
            match app.token_read(false) {
                true => tracing::warn!("nobody is let in until it can be read: {error}"),
                false => tracing::debug!("nobody is let in: {error}"),
            }
            return Some(Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "the token cannot be read; the daemon's log says why",
            ));
        }
        Err(_) => return Some(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "it is ending")),
    };
    let given = given(&request.headers);
    let matches = |given: &[u8]| same(given, token.expose_secret().as_bytes());
    let ok = match &given {
        Some(Given::Bearer(given)) => matches(given),
        Some(Given::Basic(given)) => reads && matches(given),
        None => false,
    };
    if ok {
        return None;
    }
    tracing::debug!(path = request.uri.path(), "refused: no token, or another one");
    Some(Problem::token(reads))
}

/// Whether somebody on this machine asks, as far as can be told. A proxy here asks for others.
fn is_from_here(app: &App, headers: &HeaderMap) -> bool {
    let passed_on = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"];
    app.is_private()
        && app.hosts().is_empty()
        && !passed_on.iter().any(|name| headers.contains_key(*name))
}

/// Whether it is asked for by one of its names.
fn is_called(app: &App, request: &Parts) -> bool {
    let hosts = app.hosts();
    if !app.is_private() && hosts.is_empty() {
        return true;
    }
    let host = request.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    host.is_some_and(|host| is_among(host, hosts))
}

fn is_among(host: &str, hosts: &[String]) -> bool {
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((v6, _)) => v6,
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    let name = name.trim_end_matches('.');
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
        || hosts
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name) || known.eq_ignore_ascii_case(host))
}

enum Given {
    Bearer(Vec<u8>),
    Basic(Vec<u8>),
}

/// The token that comes with a request.
fn given(headers: &HeaderMap) -> Option<Given> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = value.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(Given::Bearer(rest.trim().as_bytes().to_vec()));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = base64(rest.trim())?;
    // Whatever the name.
    let at = pair.iter().position(|b| *b == b':')?;
    Some(Given::Basic(pair[at + 1..].to_vec()))
}

/// Whether two secrets are the same, in a time that does not tell where they differ.
fn same(given: &[u8], token: &[u8]) -> bool {
    let mut differs = u8::from(given.len() != token.len());
    for (i, byte) in token.iter().enumerate() {
        differs |= std::hint::black_box(byte ^ given.get(i).unwrap_or(&0));
    }
    std::hint::black_box(differs) == 0
}

/// Base64 as clients write it: some leave out the padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// What is in Base64 (RFC 4648); `None` if it is something else.
fn base64(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_this_machine() {
        let hosts = ["repackd.example".to_owned()];
        for host in [
            "localhost",
            "LOCALHOST:9187",
            "127.0.0.1:1",
            "127.8.9.1",
            "[::1]:9187",
            "localhost.",
            "repackd.example:80",
        ] {
            assert!(is_among(host, &hosts), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example:9187",
            "127.0.0.1.evil.example",
            "",
            "10.0.0.1:9187",
            "[::2]",
        ] {
            assert!(!is_among(host, &hosts), "{host}");
        }
    }

    #[test]
    fn tokens_are_the_same_or_not() {
        assert!(same(b"abc", b"abc"));
        for other in [&b"abd"[..], b"ab", b"abcd", b"", b"abc\0"] {
            assert!(!same(other, b"abc"), "{other:?}");
        }
        assert!(!same(b"\0", b""));
    }

    #[test]
    fn base64_as_browsers_write_it() {
        for (text, bytes) in [
            ("", ""),
            ("Zg==", "f"),
            ("Zm8=", "fo"),
            ("Zm9v", "foo"),
            ("bWU6aHVudGVyMg==", "me:hunter2"),
        ] {
            assert_eq!(base64(text).as_deref(), Some(bytes.as_bytes()));
        }
        assert_eq!(base64("a b"), None);
    }
}
