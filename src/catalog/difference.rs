//! Says in words where two descriptions differ.

use super::TableDescription;
use serde_json::Value;

/// The first differences between two descriptions, as paths with both values; `None` if equal.
pub fn difference(expected: &TableDescription, found: &TableDescription) -> Option<String> {
    if expected == found {
        return None;
    }
    let mut found_differences = Vec::new();
    if let (Ok(a), Ok(b)) = (serde_json::to_value(expected), serde_json::to_value(found)) {
        walk("", &a, &b, &mut found_differences);
    }
    found_differences.truncate(5);
    Some(found_differences.join("; "))
}

fn walk(path: &str, a: &Value, b: &Value, out: &mut Vec<String>) {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            for (key, value) in a {
                let path = if path.is_empty() { key.clone() } else { format!("{path} {key}") };
                walk(&path, value, b.get(key).unwrap_or(&Value::Null), out);
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            for i in 0..a.len().max(b.len()) {
                let (x, y) = (a.get(i).unwrap_or(&Value::Null), b.get(i).unwrap_or(&Value::Null));
                let label = name(x).or_else(|| name(y)).unwrap_or_else(|| (i + 1).to_string());
                walk(&format!("{path} {label}"), x, y, out);
            }
        }
        _ if a != b => out.push(format!("{path} was {}, is {}", brief(a), brief(b))),
        _ => {}
    }
}

fn name(value: &Value) -> Option<String> {
    value.get("name").and_then(Value::as_str).map(str::to_owned)
}

fn brief(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Object(o) => match o.get("definition").or_else(|| o.get("type")) {
            Some(d) => d.to_string(),
            None => value.to_string(),
        },
        _ => value.to_string(),
    }
}
