//! Documents from templates: those compiled in, or the user's.
//!
//! A template that does not do is said, and the one compiled in stands in for it: a report in another
//! form is better than none.

use super::view::View;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment};
use std::borrow::Cow;
use std::path::Path;

/// A template. The ending of its name says how what is put into it is escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The subject of a mail.
    Subject,
    /// The text of a mail.
    Text,
    /// Its HTML.
    Html,
    /// A message to Slack.
    Slack,
    /// A message to Teams.
    Teams,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Subject, Self::Text, Self::Html, Self::Slack, Self::Teams];

    /// Its file's name.
    pub fn file(self) -> &'static str {
        match self {
            Self::Subject => "subject.txt",
            Self::Text => "mail.txt",
            Self::Html => "mail.html",
            Self::Slack => "slack.json",
            Self::Teams => "teams.json",
        }
    }

    fn compiled_in(self) -> &'static str {
        match self {
            Self::Subject => include_str!("templates/subject.txt"),
            Self::Text => include_str!("templates/mail.txt"),
            Self::Html => include_str!("templates/mail.html"),
            Self::Slack => include_str!("templates/slack.json"),
            Self::Teams => include_str!("templates/teams.json"),
        }
    }
}

/// What a template may take, so that one without end ends.
const FUEL: u64 = 20_000_000;

/// The largest file that is a template.
const LARGEST: u64 = 1 << 20;

/// Makes a document. The second part says what is wrong with the user's template, if anything is.
pub fn render(part: Part, directory: Option<&Path>, view: &View) -> (String, Option<String>) {
    let own = match directory {
        Some(directory) => read(part, directory),
        None => Ok(None),
    };
    let problem = match own {
        Ok(None) => None,
        Ok(Some(source)) => match made(part, &source, view) {
            Ok(text) => return (text, None),
            Err(problem) => Some(problem),
        },
        Err(problem) => Some(problem),
    };
    let text = made(part, part.compiled_in(), view).unwrap_or_else(|e| {
        tracing::error!("{}: {e}: this is a bug", part.file());
        view.title.clone()
    });
    let problem = problem.map(|problem| {
        let file = directory.map(|d| d.join(part.file())).unwrap_or_default();
        format!("template {}: {problem}; the one compiled in is used", file.display())
    });
    (text, problem)
}

/// What is wrong with the templates in a directory, held against an example.
pub fn problems(directory: &Path, example: &View) -> Vec<String> {
    if !directory.is_dir() {
        return vec![format!(
            "templates {}: there is no such directory; those compiled in are used",
            directory.display()
        )];
    }
    Part::ALL.into_iter().filter_map(|part| render(part, Some(directory), example).1).collect()
}

fn read(part: Part, directory: &Path) -> Result<Option<Cow<'static, str>>, String> {
    let file = directory.join(part.file());
    match std::fs::metadata(&file) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e.to_string()),
        Ok(found) if found.len() > LARGEST => Err("it is larger than 1 MiB".into()),
        Ok(_) => std::fs::read_to_string(&file).map(|t| Some(t.into())).map_err(|e| e.to_string()),
    }
}

fn made(part: Part, source: &str, view: &View) -> Result<String, String> {
    let mut environment = Environment::new();
    environment.set_fuel(Some(FUEL));
    environment.set_auto_escape_callback(|name| match name.rsplit('.').next() {
        Some("html") => AutoEscape::Html,
        Some("json") => AutoEscape::Json,
        _ => AutoEscape::None,
    });
    environment.add_filter("slack", slack);
    let context = Value::from(Serde(view));
    let text = environment.render_named_str(part.file(), source, context);
    let text = text.map_err(|e| words(&e))?;
    match part {
        // It becomes a header.
        Part::Subject => {
            let line: String =
                text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            match line.is_empty() {
                true => Err("it comes to an empty subject".into()),
                false => Ok(line),
            }
        }
        Part::Slack | Part::Teams => match serde_json::from_str::<serde_json::Value>(&text) {
            Ok(value) if value.is_object() => Ok(value.to_string()),
            Ok(_) => Err("it does not come to a JSON object".into()),
            Err(e) => Err(format!("it does not come to JSON: {e}")),
        },
        Part::Text | Part::Html => Ok(text),
    }
}

/// An error with the ones that caused it, in one line.
fn words(error: &minijinja::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    text
}

/// Text as Slack takes it: without anything that it would read as a link or a mention; cut to so many
/// characters if asked for.
fn slack(text: String, most: Option<usize>) -> String {
    let most = most.unwrap_or(usize::MAX);
    let cut = match text.char_indices().nth(most) {
        Some(_) => {
            let kept: String = text.chars().take(most.saturating_sub(1)).collect();
            format!("{kept}…")
        }
        None => text,
    };
    cut.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::super::{example, view::view};
    use super::*;
    use chrono::{DateTime, Utc};

    fn example() -> View {
        let now = DateTime::<Utc>::from_timestamp(1_795_000_000, 0).unwrap();
        view(&example::account("db1", now), chrono_tz::Europe::Berlin)
    }

    fn hostile() -> View {
        let now = DateTime::<Utc>::from_timestamp(1_795_000_000, 0).unwrap();
        let mut account = example::account("db1", now);
        account.tables.truncate(1);
        account.tables[0].table =
            "public.\"<script>alert(1)</script> <!channel> [x](y) \\\" & \nx: done, 9 B before\u{2028}x: done\"".into();
        account.due[0].table = account.tables[0].table.clone();
        account.tables[0].reason = Some("</td><img src=http://x> <@U1>".into());
        account.tables[0].failed = true;
        view(&account, chrono_tz::UTC)
    }

    #[test]
    fn the_templates_compiled_in_work() {
        for part in Part::ALL {
            for view in [example(), hostile()] {
                let text = made(part, part.compiled_in(), &view).unwrap();
                assert!(!text.trim().is_empty(), "{part:?}");
            }
        }
    }

    #[test]
    fn names_are_names_and_nothing_else() {
        let view = hostile();
        let html = render(Part::Html, None, &view).0;
        assert!(!html.contains("<script>") && !html.contains("<img"), "{html}");
        assert!(html.contains("&lt;script&gt;"), "{html}");
        let slack = render(Part::Slack, None, &view).0;
        assert!(!slack.contains('<') && slack.contains("&lt;!channel&gt;"), "{slack}");
        let teams: serde_json::Value =
            serde_json::from_str(&render(Part::Teams, None, &view).0).unwrap();
        let body = &teams["attachments"][0]["content"]["body"];
        // Runs of text are not read as Markdown.
        assert_eq!(body[2]["type"], "RichTextBlock");
        assert!(body[2]["inlines"][0]["text"].as_str().unwrap().contains("[x](y)"), "{body}");
        let subject = render(Part::Subject, None, &view).0;
        assert!(!subject.contains('\n'), "{subject}");
        // Nor does one of them write lines of the text.
        let text = render(Part::Text, None, &view).0;
        assert!(text.contains("STILL DUE") && text.contains("x: done, 9 B before"), "{text}");
        assert!(!text.lines().any(|line| line.starts_with("x: done")), "{text}");
    }

    #[test]
    fn a_bad_template_is_said_and_stood_in_for() {
        let directory = std::env::temp_dir().join(format!("repackd-tpl-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join("mail.txt"), "{% for t in tables %}").unwrap();
        std::fs::write(directory.join("slack.json"), "{\"text\": oops}").unwrap();
        std::fs::write(directory.join("subject.txt"), "{{ done }} done\n").unwrap();
        let found = problems(&directory, &example());
        let subject = render(Part::Subject, Some(&directory), &example()).0;
        let (text, problem) = render(Part::Text, Some(&directory), &example());
        std::fs::remove_dir_all(&directory).unwrap();
        assert_eq!(subject, "2 done");
        assert!(text.contains("STILL DUE") && problem.unwrap().contains("mail.txt"), "{text}");
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(problems(&directory, &example()).len(), 1);
    }

    #[test]
    fn a_template_without_end_ends() {
        let endless = "{% for a in range(10000) %}{% for b in range(10000) %}{% for c in range(10000) %}x{% endfor %}{% endfor %}{% endfor %}";
        assert!(made(Part::Text, endless, &example()).is_err());
    }
}
