//! Names of relations and their quoting. Every SQL identifier and literal that repackd
//! generates is quoted here and nowhere else.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Quotes an identifier for SQL ("Identifiers and Key Words", PostgreSQL manual 4.1.1).
///
/// Always quoted, so no list of key words is needed and no name can change its meaning.
pub fn ident(name: &str) -> String {
    let mut quoted = String::with_capacity(name.len() + 2);
    quoted.push('"');
    for c in name.chars() {
        if c == '"' {
            quoted.push('"');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

/// Quotes a string constant for SQL. A backslash forces the `E''` form, which reads the same
/// whatever `standard_conforming_strings` says.
pub fn literal(value: &str) -> String {
    let escape = value.contains('\\');
    let mut quoted = String::with_capacity(value.len() + 3);
    quoted.push_str(if escape { "E'" } else { "'" });
    for c in value.chars() {
        if c == '\'' || (c == '\\' && escape) {
            quoted.push(c);
        }
        quoted.push(c);
    }
    quoted.push('\'');
    quoted
}

/// The schema and name of a relation. [`Display`](fmt::Display) is for people,
/// [`sql`](Self::sql) for the server.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct QualifiedName {
    /// The schema it lives in.
    pub schema: String,
    /// Its own name.
    pub name: String,
}

impl QualifiedName {
    /// Names the relation `name` in `schema`.
    pub fn new(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self { schema: schema.into(), name: name.into() }
    }

    /// The name as SQL, both parts quoted.
    pub fn sql(&self) -> String {
        format!("{}.{}", ident(&self.schema), ident(&self.name))
    }
}

impl fmt::Display for QualifiedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", readable(&self.schema), readable(&self.name))
    }
}

/// An identifier as a person would type it: quoted only where it must be.
pub fn readable(name: &str) -> String {
    let mut chars = name.chars();
    let plain = chars.next().is_some_and(|c| c.is_ascii_lowercase() || c == '_')
        && chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '$');
    if plain { name.to_owned() } else { ident(name) }
}

/// A table as a person names it: `table` or `schema.table`, with SQL's quoting and case folding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TableArg {
    /// The schema, if one was given; otherwise the search path decides.
    pub schema: Option<String>,
    /// The table.
    pub name: String,
}

impl TableArg {
    /// Reads `table`, `schema.table` or their quoted forms as SQL would: unquoted parts fold to
    /// lower case, doubled quotes stand for one.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut chars = text.trim().chars().peekable();
        loop {
            let mut part = String::new();
            if chars.peek() == Some(&'"') {
                chars.next();
                loop {
                    match chars.next() {
                        Some('"') if chars.peek() == Some(&'"') => {
                            chars.next();
                            part.push('"');
                        }
                        Some('"') => break,
                        Some(c) => part.push(c),
                        None => return Err(format!("{text}: a quoted name is not closed")),
                    }
                }
            } else {
                while let Some(c) = chars.next_if(|c| *c != '.') {
                    if c == '"' || c.is_whitespace() {
                        return Err(format!("{text}: quote names that hold {c:?}"));
                    }
                    // PostgreSQL folds only ASCII letters in multi-byte encodings.
                    part.push(c.to_ascii_lowercase());
                }
            }
            if part.is_empty() {
                return Err(format!("{text}: an empty name"));
            }
            parts.push(part);
            match chars.next() {
                None => break,
                Some('.') => {}
                Some(c) => return Err(format!("{text}: {c:?} after a quoted name")),
            }
        }
        let name = parts.pop().unwrap_or_default();
        match (parts.pop(), parts.is_empty()) {
            (schema, true) => Ok(Self { schema, name }),
            _ => Err(format!("{text}: give table or schema.table, without a database")),
        }
    }
}

impl fmt::Display for TableArg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{}.", readable(schema))?;
        }
        f.write_str(&readable(&self.name))
    }
}

/// The names of what one repack puts into the target database.
///
/// The table's OID makes them unique and lets `status` find a run without a central catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunNames {
    /// Holds the journal, the key log, the chunk record, the capture function and, if the table
    /// inherits, the shadow's stand-in parent.
    pub work: String,
    /// Holds the shadow and nothing else, so that its indexes can carry the original names.
    pub new: String,
    /// Takes the original table after the cutover.
    pub old: String,
}

impl RunNames {
    /// The names for the table with this OID.
    pub fn new(table: u32) -> Self {
        Self {
            work: format!("repackd_{table}"),
            new: format!("repackd_{table}_new"),
            old: format!("repackd_{table}_old"),
        }
    }

    /// The three schemas.
    pub fn all(&self) -> [&str; 3] {
        [&self.work, &self.new, &self.old]
    }

    /// The capture triggers on the table: that for rows, and that for TRUNCATE.
    pub fn triggers(&self) -> [String; 2] {
        [format!("{}_row", self.work), format!("{}_truncate", self.work)]
    }

    /// The CHECK that says of the shadow what a partition's bound does.
    pub fn bound_check(&self) -> String {
        format!("{}_bound", self.work)
    }

    /// What the shadow inherits from until it joins its parents, as SQL.
    pub fn stand_in(&self) -> String {
        self.work_sql("parent")
    }

    /// A relation in the work schema, as SQL.
    pub fn work_sql(&self, name: &str) -> String {
        format!("{}.{}", ident(&self.work), ident(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_always_quoted() {
        assert_eq!(ident("a"), "\"a\"");
        assert_eq!(ident(r#",")"#), r#"","")""#);
        assert_eq!(QualifiedName::new("S", "t.x").sql(), r#""S"."t.x""#);
    }

    #[test]
    fn literals_read_the_same_under_either_string_setting() {
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal(r"a\b'"), r"E'a\\b'''");
    }

    #[test]
    fn people_see_quotes_only_where_needed() {
        assert_eq!(QualifiedName::new("public", "orders").to_string(), "public.orders");
        assert_eq!(QualifiedName::new("public", "Orders").to_string(), r#"public."Orders""#);
        assert_eq!(readable(""), r#""""#);
    }

    #[test]
    fn table_arguments_follow_sql() {
        let parse = |t| TableArg::parse(t).map(|a| (a.schema, a.name));
        assert_eq!(parse("Orders"), Ok((None, "orders".into())));
        assert_eq!(parse("Shop.\"Or.\"\"d\""), Ok((Some("shop".into()), "Or.\"d".into())));
        assert!(parse("a.b.c").is_err());
        assert!(parse("\"a").is_err());
        assert!(parse("a.").is_err());
        assert!(parse("").is_err());
    }
}
