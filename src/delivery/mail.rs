//! Mail: HTML and text, with the picture inside.

use super::secret::Secrets;
use super::send::{Draft, Failure};
use crate::config::{Mail, MailTls, Notifier};
use crate::report::documents::{Part, render};
use crate::report::picture;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailboxes, MessageBuilder, MultiPart, SinglePart, header};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::ExposeSecret;

/// How the HTML refers to the picture.
const PICTURE: &str = "picture@repackd";

/// Sends one. What it returns is what the server answered.
pub async fn send(
    notifier: &Notifier,
    mail: &Mail,
    draft: &mut Draft<'_>,
    secrets: &mut Secrets,
) -> Result<String, Failure> {
    let message = message(notifier, mail, draft)?;
    let transport = transport(notifier, mail, secrets).await?;
    match transport.send(message).await {
        Ok(answer) => {
            let said: Vec<&str> = answer.message().collect();
            Ok(format!("{} {}", answer.code(), said.join(" ")))
        }
        Err(error) => Err(Failure::new(words(&error))),
    }
}

fn message(notifier: &Notifier, mail: &Mail, draft: &mut Draft<'_>) -> Result<Message, Failure> {
    let picture = picture::png(draft.account);
    draft.view.picture = picture.is_some().then(|| PICTURE.to_owned());
    let directory = notifier.templates.as_deref();
    let mut document = |part| {
        let (text, problem) = render(part, directory, &draft.view);
        draft.problems.extend(problem);
        text
    };
    let (subject, text, html) =
        (document(Part::Subject), document(Part::Text), document(Part::Html));
    let html = SinglePart::html(html);
    let rich = match picture {
        Some(png) => {
            let kind = ContentType::parse("image/png").map_err(|e| Failure::new(e.to_string()))?;
            let picture = Attachment::new_inline(PICTURE.into()).body(png, kind);
            MultiPart::related().singlepart(html).singlepart(picture)
        }
        None => MultiPart::related().singlepart(html),
    };
    let body = MultiPart::alternative().singlepart(SinglePart::plain(text)).multipart(rich);
    let to: Mailboxes = mail.to.iter().cloned().collect();
    // The same for each attempt: who gets it twice can tell.
    let id = format!("<{}@{}>", draft.id, mail.from.email.domain());
    let builder: MessageBuilder = Message::builder()
        .from(mail.from.clone())
        .mailbox(header::To::from(to))
        .subject(subject)
        .date(draft.now.into())
        .message_id(Some(id))
        // Nobody's out-of-office reply is wanted (RFC 3834).
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".into(),
        ));
    builder.multipart(body).map_err(|e| Failure::new(format!("the mail cannot be made: {e}")))
}

async fn transport(
    notifier: &Notifier,
    mail: &Mail,
    secrets: &mut Secrets,
) -> Result<AsyncSmtpTransport<Tokio1Executor>, Failure> {
    let tls = match mail.tls {
        MailTls::None => Tls::None,
        tls => {
            let mut parameters = TlsParameters::builder(mail.server.clone());
            if let Some(file) = &notifier.ca_file {
                let wrong = |e: String| Failure::new(format!("ca_file {}: {e}", file.display()));
                let pem = std::fs::read(file).map_err(|e| wrong(e.to_string()))?;
                let authority = Certificate::from_pem(&pem).map_err(|e| wrong(e.to_string()))?;
                parameters = parameters.add_root_certificate(authority);
            }
            let parameters = parameters.build_rustls().map_err(|e| Failure::new(words(&e)))?;
            match tls {
                MailTls::Tls => Tls::Wrapper(parameters),
                _ => Tls::Required(parameters),
            }
        }
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(mail.server.clone())
        .port(mail.port)
        .tls(tls)
        .timeout(Some(notifier.timeout));
    if let (Some(name), Some(password)) = (&mail.username, &mail.password) {
        let password = secrets.fetch("password", password).await.map_err(Failure::new)?;
        let password = password.expose_secret().to_owned();
        builder = builder.credentials(Credentials::new(name.clone(), password));
    }
    Ok(builder.build())
}

/// An error with the one that caused it.
fn words(error: &lettre::transport::smtp::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(&format!(": {inner_text}"));
        }
        cause = inner.source();
    }
    text
}
