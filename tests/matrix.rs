//! The table of what is carried over, in README.md, against the files that test it.

use crate::support::Outcome;
use libtest_mimic::Trial;
use std::collections::BTreeSet;
use std::path::Path;

/// One test.
pub fn tests() -> Vec<Trial> {
    vec![Trial::test("matrix::names_every_test", || names_every_test().map_err(Into::into))]
}

/// Every link leads somewhere, and every shape and refusal is linked, or matches a pattern.
fn names_every_test() -> Outcome {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).map_err(|e| e.to_string())?;
    let (_, section) = readme.split_once("## What is carried over").ok_or("no such section")?;
    let section = section.split("\n## ").next().unwrap_or_default();
    let links = between(section, "](", ")");
    let patterns = between(section, "`", "`");
    let mut wrong: Vec<String> = links
        .iter()
        .filter(|link| !root.join(link).is_file())
        .map(|link| format!("{link} is not there"))
        .collect();
    for directory in ["tests/shapes", "tests/refusals"] {
        for entry in std::fs::read_dir(root.join(directory)).map_err(|e| e.to_string())? {
            let name = entry.map_err(|e| e.to_string())?.file_name();
            let path = format!("{directory}/{}", name.to_string_lossy());
            if !links.contains(path.as_str()) && !patterns.iter().any(|p| matches(p, &path)) {
                wrong.push(format!("{path} is not in the table"));
            }
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

/// What stands between two marks.
fn between<'a>(text: &'a str, open: &str, close: &str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once(open)
        && let Some((inside, next)) = after.split_once(close)
    {
        found.insert(inside);
        rest = next;
    }
    found
}

/// Whether a path matches a pattern with one star.
fn matches(pattern: &str, path: &str) -> bool {
    pattern.split_once('*').is_some_and(|(head, tail)| {
        path.len() >= head.len() + tail.len() && path.starts_with(head) && path.ends_with(tail)
    })
}
