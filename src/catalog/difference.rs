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
    if found_differences.is_empty() {
        found_differences.push("its parts are in another order".to_owned());
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
            for (i, (x, y)) in pairs(a, b).into_iter().enumerate() {
                let label = name(x).or_else(|| name(y)).unwrap_or_else(|| (i + 1).to_string());
                walk(&format!("{path} {label}"), x, y, out);
            }
        }
        _ if a != b => out.push(format!("{path} was {}, is {}", brief(a), brief(b))),
        _ => {}
    }
}

/// Which parts belong together: those of one name; of the rest the first to the first, since one of
/// them may have been renamed. By their places alone, everything behind a part that was dropped
/// would look changed.
fn pairs<'v>(a: &'v [Value], b: &'v [Value]) -> Vec<(&'v Value, &'v Value)> {
    let mut free: Vec<&Value> = b.iter().collect();
    // Names need not be unique: foreign keys of several tables may share one.
    let mut of_its_name = |x: &Value| {
        let found = name(x).and_then(|n| free.iter().position(|y| name(y).as_ref() == Some(&n)));
        found.map(|i| free.remove(i))
    };
    let named: Vec<_> = a.iter().map(|x| (x, of_its_name(x))).collect();
    let mut rest = free.into_iter();
    let mut pair = |(x, y): (&'v Value, Option<&'v Value>)| {
        (x, y.or_else(|| rest.next()).unwrap_or(&Value::Null))
    };
    let mut out: Vec<_> = named.into_iter().map(&mut pair).collect();
    out.extend(rest.map(|y| (&Value::Null, y)));
    out
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(a: Value, b: Value) -> Vec<String> {
        let mut out = Vec::new();
        walk("columns", &a, &b, &mut out);
        out
    }

    #[test]
    fn what_was_dropped_does_not_make_the_rest_look_changed() {
        let part = |name: &str, kind: &str| json!({"name": name, "type": kind});
        let all = || json!([part("a", "int"), part("b", "text"), part("c", "date")]);
        let dropped = said(all(), json!([part("b", "text"), part("c", "date")]));
        assert_eq!(dropped, ["columns a was \"int\", is nothing"]);
        let added = said(json!([part("c", "date")]), json!([part("a", "int"), part("c", "date")]));
        assert_eq!(added, ["columns a was nothing, is \"int\""]);
        let renamed = said(json!([part("a", "int")]), json!([part("z", "int")]));
        assert_eq!(renamed, ["columns a name was \"a\", is \"z\""]);
        assert_eq!(said(json!([1, 2]), json!([1, 3])), ["columns 2 was 2, is 3"]);
        assert_eq!(said(all(), all()), [""; 0]);
    }
}
