//! Webhooks: requests, their signatures, and what the answers mean.

use super::payloads;
use super::secret::Secrets;
use super::send::{Draft, Failure};
use crate::config::{Channel, Notifier};
use crate::report::documents::{Part, render};
use crate::tls;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Response};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use std::time::Duration;

/// How much of an answer is read.
const ANSWER: usize = 500;

/// Sends a report. What it returns is what the server answered.
pub async fn send(
    notifier: &Notifier,
    draft: &mut Draft<'_>,
    secrets: &mut Secrets,
) -> Result<String, Failure> {
    let client = client(notifier).map_err(Failure::new)?;
    let mut chat = |part| {
        let (text, problem) = render(part, notifier.templates.as_deref(), &draft.view);
        draft.problems.extend(problem);
        text
    };
    match &notifier.channel {
        Channel::Mail(_) => Err(Failure::new("mail is not sent by HTTP")),
        Channel::Slack(url) => {
            let url = secrets.fetch("url", url).await.map_err(Failure::new)?;
            post(&client, &url, chat(Part::Slack), &[]).await
        }
        Channel::Teams(url) => {
            let url = secrets.fetch("url", url).await.map_err(Failure::new)?;
            post(&client, &url, chat(Part::Teams), &[]).await
        }
        Channel::Json { url, secret } => {
            let url = secrets.fetch("url", url).await.map_err(Failure::new)?;
            let body = payloads::json(draft.account, draft.now).to_string();
            let id = format!("msg_{}", draft.id);
            let timestamp = draft.now.timestamp().to_string();
            let mut headers = vec![("webhook-id", id), ("webhook-timestamp", timestamp)];
            if let Some(secret) = secret {
                let secret = secrets.fetch("secret", secret).await.map_err(Failure::new)?;
                let signed = format!("{}.{}.{body}", headers[0].1, headers[1].1);
                let signature = sign(&secret, &signed).map_err(Failure::new)?;
                headers.push(("webhook-signature", signature));
            }
            post(&client, &url, body, &headers).await
        }
        Channel::PagerDuty { url, routing_key } => {
            let url = secrets.fetch("url", url).await.map_err(Failure::new)?;
            let key = secrets.fetch("routing_key", routing_key).await.map_err(Failure::new)?;
            let mut answer = "there was nothing to raise or to end".to_owned();
            for event in payloads::pagerduty(&draft.alarms, &draft.view, key.expose_secret()) {
                answer = post(&client, &url, event.to_string(), &[]).await?;
            }
            Ok(answer)
        }
        Channel::Alertmanager(url) => {
            let url = secrets.fetch("url", url).await.map_err(Failure::new)?;
            let base = url.expose_secret().trim_end_matches('/');
            let url = match base.ends_with("/api/v2/alerts") {
                true => base.to_owned(),
                false => format!("{base}/api/v2/alerts"),
            };
            let alerts = payloads::alertmanager(&draft.alarms, draft.account, draft.now);
            post(&client, &url.into(), alerts.to_string(), &[]).await
        }
    }
}

fn client(notifier: &Notifier) -> Result<Client, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(file) = &notifier.ca_file {
        let read = CertificateDer::pem_file_iter(file)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|e| format!("ca_file {}: {e}", file.display()))?;
        if roots.add_parsable_certificates(read).0 == 0 {
            return Err(format!("ca_file {}: holds no certificate", file.display()));
        }
    }
    let tls = tls::trusting(roots)?.with_no_client_auth();
    Client::builder()
        .timeout(notifier.timeout)
        // What is sent is for whom it is addressed to.
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("repackd/", env!("CARGO_PKG_VERSION")))
        .tls_backend_preconfigured(tls)
        .build()
        .map_err(|e| format!("no client for HTTP can be made: {}", words(e)))
}

async fn post(
    client: &Client,
    url: &SecretString,
    body: String,
    headers: &[(&str, String)],
) -> Result<String, Failure> {
    let mut request = client.post(url.expose_secret()).header(CONTENT_TYPE, "application/json");
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let mut response = request.body(body).send().await.map_err(|e| Failure::new(words(e)))?;
    let status = response.status();
    let again = again(&response, Utc::now());
    let answer = format!("{} {}", status.as_u16(), beginning(&mut response).await);
    match status.is_success() {
        true => Ok(answer),
        false => Err(Failure { words: format!("it answered {}", answer.trim()), again }),
    }
}

/// The first part of an answer's text.
async fn beginning(response: &mut Response) -> String {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        bytes.extend(chunk);
        if bytes.len() >= ANSWER {
            break;
        }
    }
    bytes.truncate(ANSWER);
    String::from_utf8_lossy(&bytes).trim().to_owned()
}

/// When the server would like it to be tried again.
fn again(response: &Response, now: DateTime<Utc>) -> Option<Duration> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim();
    retry_after(text, now)
}

/// `Retry-After`: seconds, or a date (RFC 9110, 10.2.3).
fn retry_after(text: &str, now: DateTime<Utc>) -> Option<Duration> {
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = DateTime::parse_from_rfc2822(text).ok()?.with_timezone(&Utc);
    Some((at - now).to_std().unwrap_or(Duration::ZERO))
}

/// An error with those that caused it, without the URL.
fn words(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    text
}

/// The signature of Standard Webhooks, version 1. A secret is base64 behind `whsec_`, or taken as it is.
fn sign(secret: &SecretString, signed: &str) -> Result<String, String> {
    let secret = secret.expose_secret();
    let key = match secret.strip_prefix("whsec_") {
        Some(encoded) => STANDARD
            .decode(encoded)
            .map_err(|_| "secret: what follows whsec_ is not base64".to_owned())?,
        None => secret.as_bytes().to_vec(),
    };
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|e| e.to_string())?;
    mac.update(signed.as_bytes());
    Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification ("Standard Webhooks", verifying webhooks).
    #[test]
    fn signatures_are_those_of_the_standard() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into();
        let signed = "msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}";
        assert_eq!(
            sign(&secret, signed).unwrap(),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
        assert!(sign(&"whsec_%%".into(), "x").is_err());
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = DateTime::parse_from_rfc2822("Wed, 25 Nov 2026 10:00:00 GMT").unwrap();
        for (text, seconds) in [
            ("120", Some(120)),
            ("Wed, 25 Nov 2026 10:01:00 GMT", Some(60)),
            ("Wed, 25 Nov 2026 09:00:00 GMT", Some(0)),
            ("soon", None),
        ] {
            let found = retry_after(text, now.with_timezone(&Utc));
            assert_eq!(found, seconds.map(Duration::from_secs), "{text}");
        }
    }
}
