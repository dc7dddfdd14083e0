//! Patterns of tables: `connection.schema.table`, `schema.table` or `table`, with `*` for anything.

use crate::names::QualifiedName;

/// A pattern of tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    /// `None` where anything will do.
    connection: Option<Vec<Piece>>,
    schema: Option<Vec<Piece>>,
    table: Vec<Piece>,
}

/// A part of a name's pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    /// This letter.
    Letter(char),
    /// Any letters, or none.
    Any,
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl Pattern {
    /// Reads a pattern. As in SQL, what is not in double quotes is folded to lower case, but for
    /// the connection, which is no name of SQL's; and what is in them stands for itself, `*` and dots
    /// too. The error is the end of a sentence that begins with the key.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| {
            format!(
                "has `{text}`, {why}; a pattern is table, schema.table or connection.schema.table"
            )
        };
        // Each letter, and whether it is quoted.
        let mut parts: Vec<Vec<(char, bool)>> = Vec::new();
        let (mut part, mut quoted) = (Vec::new(), false);
        let mut chars = text.trim().chars();
        while let Some(c) = chars.next() {
            match c {
                '"' if quoted && chars.as_str().starts_with('"') => {
                    chars.next();
                    part.push((c, true));
                }
                '"' => quoted = !quoted,
                '.' if !quoted => parts.push(std::mem::take(&mut part)),
                _ if !quoted && c.is_whitespace() => {
                    return Err(wrong("with a space outside of quotes"));
                }
                _ => part.push((c, quoted)),
            }
        }
        parts.push(part);
        if quoted {
            return Err(wrong("where a quote is not closed"));
        }
        if parts.iter().any(Vec::is_empty) {
            return Err(wrong("where a name is empty"));
        }
        let table = parts.pop().unwrap_or_default();
        let (schema, connection) = (parts.pop(), parts.pop());
        if !parts.is_empty() {
            return Err(wrong("of more than three names"));
        }
        Ok(Self {
            text: text.trim().to_owned(),
            connection: connection.map(|part| pieces(&part, false)),
            schema: schema.map(|part| pieces(&part, true)),
            table: pieces(&table, true),
        })
    }

    /// Whether it matches a table of a connection.
    pub fn matches(&self, connection: &str, table: &QualifiedName) -> bool {
        let fits =
            |part: &Option<Vec<Piece>>, name: &str| part.as_ref().is_none_or(|p| glob(p, name));
        fits(&self.connection, connection)
            && fits(&self.schema, &table.schema)
            && glob(&self.table, &table.name)
    }
}

impl Pattern {
    /// Whether it surely matches all that `other` does. What is not plain to see counts as not.
    pub fn covers(&self, other: &Self) -> bool {
        let any = |part: &Option<Vec<Piece>>| part.as_deref().is_none_or(|p| *p == [Piece::Any]);
        let part =
            |own: &Option<Vec<Piece>>, theirs: &Option<Vec<Piece>>| any(own) || own == theirs;
        part(&self.connection, &other.connection)
            && part(&self.schema, &other.schema)
            && (self.table == [Piece::Any] || self.table == other.table)
    }

    /// Whether it may match tables of a connection.
    pub fn is_about(&self, connection: &str) -> bool {
        self.connection.as_ref().is_none_or(|part| glob(part, connection))
    }
}

fn pieces(part: &[(char, bool)], fold: bool) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (c, quoted) in part {
        match (c, quoted) {
            ('*', false) => pieces.push(Piece::Any),
            // PostgreSQL folds only ASCII letters in multi-byte encodings.
            (c, false) if fold => pieces.push(Piece::Letter(c.to_ascii_lowercase())),
            (c, _) => pieces.push(Piece::Letter(*c)),
        }
    }
    pieces
}

/// Whether the pieces are the whole name. It goes back to the last `*` alone, so that no pattern
/// takes longer than its length times the name's.
fn glob(pieces: &[Piece], name: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    let (mut at, mut read) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while read < name.len() {
        match pieces.get(at) {
            Some(Piece::Letter(c)) if *c == name[read] => (at, read) = (at + 1, read + 1),
            Some(Piece::Any) => {
                star = Some((at, read));
                at += 1;
            }
            _ => match &mut star {
                // The star takes one letter more.
                Some((any, from)) => {
                    *from += 1;
                    (at, read) = (*any + 1, *from);
                }
                None => return false,
            },
        }
    }
    pieces[at..].iter().all(|piece| *piece == Piece::Any)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, connection: &str, schema: &str, table: &str) -> bool {
        let pattern = Pattern::parse(pattern).unwrap();
        pattern.matches(connection, &QualifiedName::new(schema, table))
    }

    #[test]
    fn names_are_compared_as_sql_does() {
        for pattern in
            ["Orders", "PUBLIC.orders", "Shop.public.orders", "*.*.*", "*", "S*.p*c.*d*s"]
        {
            assert!(matches(pattern, "Shop", "public", "orders"), "{pattern}");
        }
        for pattern in
            ["order", "shop.public.orders", "sales.orders", "o*t", "\"Orders\"", "*.orders.*"]
        {
            assert!(!matches(pattern, "Shop", "public", "orders"), "{pattern}");
        }
        assert!(matches("\"Odd.\"\"na*me\"", "c", "s", "Odd.\"na*me"));
        assert!(!matches("\"a*\"", "c", "s", "ab"));
        assert!(matches("\"My-DB\".s.\"T\"x*", "My-DB", "s", "Txy"));
        assert!(matches("my-db.s.t", "my-db", "s", "t"));
    }

    #[test]
    fn stars_stand_for_anything_or_nothing() {
        for (pattern, name, fits) in [
            ("a*", "a", true),
            ("*a", "ba", true),
            ("*a*", "xyz", false),
            ("a**b", "ab", true),
            ("*ab", "aab", true),
            ("p_2026_*", "p_2026_01", true),
            ("p_2026_*", "p_2027_01", false),
            ("a*b*c", "axbxbyc", true),
            ("a*b*c", "axbxbyd", false),
        ] {
            assert_eq!(matches(pattern, "c", "s", name), fits, "{pattern} {name}");
        }
        let many = "*a".repeat(200);
        assert!(!matches(&many, "c", "s", &"a".repeat(199)), "and in no time");
    }

    #[test]
    fn what_covers_what_is_seen_where_it_is_plain() {
        let covers =
            |a: &str, b: &str| Pattern::parse(a).unwrap().covers(&Pattern::parse(b).unwrap());
        assert!(covers("*", "c.s.t") && covers("s.*", "c.s.t*") && covers("c.*.*", "c.s.t"));
        assert!(!covers("c.s.t", "C.s.t"), "connections are not folded");
        assert!(covers("s.t", "S.T") && covers("*.*.*", "t"));
        assert!(!covers("c.s.*", "s.*") && !covers("s.t*", "s.tab"));
    }

    #[test]
    fn mistakes_are_said() {
        for (wrong, why) in [
            ("a.b.c.d", "more than three"),
            ("", "empty"),
            ("a..b", "empty"),
            ("a.", "empty"),
            ("\"a", "not closed"),
            ("a b", "space"),
        ] {
            assert!(Pattern::parse(wrong).unwrap_err().contains(why), "{wrong}");
        }
    }
}
