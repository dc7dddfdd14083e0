//! Spells printed expressions so that the server reads them as they were.
//!
//! `status IN ('new', 'paid')` on a `character varying` column is printed as `status::text = ANY
//! ((ARRAY['new'::character varying, …])::text[])`. Read again, that cast goes to each element
//! instead, and is printed differently from then on: a dump would show another text, though nothing
//! has changed in meaning. Without the cast the server adds it by itself, as it did the first time.
//!
//! `a BETWEEN 1 AND 9 AND b` is printed as `((a >= 1) AND (a <= 9)) AND b`. Read again, that becomes
//! one list of three conditions, and is printed so. A cast of the inner pair to boolean keeps the
//! parser from joining the lists, and leaves no trace. So it goes with NOT BETWEEN and with rows that
//! are compared.

/// Respells what needs it.
pub fn all(statements: Vec<String>) -> Vec<String> {
    let one = |s: String| {
        let s = if s.contains("(ARRAY[") { respell(&s) } else { s };
        if s.contains("((") { keep_nested(&s) } else { s }
    };
    statements.into_iter().map(one).collect()
}

/// Keeps a list of conditions apart that begins another list with the same word between them.
fn keep_nested(sql: &str) -> String {
    let mut casts = Vec::new();
    let mut before = 0;
    let mut at = 0;
    while at < sql.len() {
        let length = token(&sql[at..]);
        if before == b'(' && sql.as_bytes()[at] == b'(' {
            casts.extend(nested(&sql[at + 1..]).map(|end| at + 1 + end));
        }
        // A quoted name or constant ends in its quote, and is no bracket.
        before = sql.as_bytes()[at + length - 1];
        at += length;
    }
    casts.sort_unstable();
    let mut out = String::with_capacity(sql.len() + casts.len() * 9);
    let mut copied = 0;
    for cast in casts {
        out.push_str(&sql[copied..cast]);
        out.push_str("::boolean");
        copied = cast;
    }
    out.push_str(&sql[copied..]);
    out
}

/// The end of the bracket that was open before `text`, if it holds a list that would be joined with
/// the one it begins.
fn nested(text: &str) -> Option<usize> {
    let end = closing(text)?;
    let joined = |word| text[end + 1..].starts_with(word) && has_outside(&text[..end], word);
    (joined(" AND ") || joined(" OR ")).then_some(end + 1)
}

/// Whether a word stands in the text outside of quotes and brackets.
fn has_outside(text: &str, word: &str) -> bool {
    let (mut at, mut depth) = (0, 0);
    while at < text.len() {
        match text.as_bytes()[at] {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            _ if depth == 0 && text[at..].starts_with(word) => return true,
            _ => {}
        }
        at += token(&text[at..]);
    }
    false
}

/// Takes the cast from `ANY ((ARRAY[…])::type[])`, and from ALL.
pub fn respell(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut rest = sql;
    while !rest.is_empty() {
        let after_any = out.ends_with("ANY ") || out.ends_with("ALL ");
        if after_any
            && let Some((elements, after)) =
                split_cast(rest, "((ARRAY[", "])::").or_else(|| split_cast(rest, "(ARRAY[", "]::"))
        {
            out.push_str("(ARRAY[");
            out.push_str(&respell(elements));
            out.push_str("])");
            rest = after;
            continue;
        }
        let (token, after) = rest.split_at(token(rest));
        out.push_str(token);
        rest = after;
    }
    out
}

/// The elements, and what follows `((ARRAY[…])::type[])`, or, as statistics objects are printed,
/// `(ARRAY[…]::type[])`.
fn split_cast<'a>(text: &'a str, open: &str, close: &str) -> Option<(&'a str, &'a str)> {
    let text = text.strip_prefix(open)?;
    let end = closing(text)?;
    let cast = text[end..].strip_prefix(close)?;
    let end_of_type = closing(cast)?;
    let after = cast[end_of_type..].strip_prefix(')')?;
    cast[..end_of_type].ends_with("[]").then_some((&text[..end], after))
}

/// Where `needle` stands for the first time outside of quotes.
pub fn find_unquoted(text: &str, needle: &str) -> Option<usize> {
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with(needle) {
            return Some(at);
        }
        at += token(&text[at..]);
    }
    None
}

/// Where the bracket that was open before `text` is closed.
fn closing(text: &str) -> Option<usize> {
    let (mut at, mut depth) = (0, 0);
    while at < text.len() {
        match text.as_bytes()[at] {
            b'(' | b'[' => depth += 1,
            b')' | b']' if depth == 0 => return Some(at),
            b')' | b']' => depth -= 1,
            _ => {}
        }
        at += token(&text[at..]);
    }
    None
}

/// The length of what stands first: a quoted name or constant as a whole, otherwise one character.
fn token(text: &str) -> usize {
    let mut chars = text.char_indices();
    let Some((_, first)) = chars.next() else { return 0 };
    let escapes = first == 'E' && text[1..].starts_with('\'');
    if escapes {
        chars.next();
    }
    let quote = match first {
        'E' if escapes => '\'',
        '\'' | '"' => first,
        _ => return first.len_utf8(),
    };
    // A doubled quote ends one token and begins another, which comes to the same.
    while let Some((at, c)) = chars.next() {
        if c == quote {
            return at + 1;
        }
        if c == '\\' && escapes {
            chars.next();
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::{keep_nested, respell};

    #[test]
    fn a_list_that_begins_a_list_stays_apart() {
        assert_eq!(
            keep_nested("CHECK ((((n >= 0) AND (n <= 100)) AND (p > 0)))"),
            "CHECK ((((n >= 0) AND (n <= 100))::boolean AND (p > 0)))"
        );
        assert_eq!(
            keep_nested("WHEN ((((a) OR (b)) OR (c)) OR (((d) AND (e)) AND (f)))"),
            "WHEN ((((a) OR (b))::boolean OR (c))::boolean OR (((d) AND (e))::boolean AND (f)))"
        );
        for same in [
            "CHECK (((a) AND (b) AND (c)))",
            "CHECK ((((a) AND (b)) OR (c)))",
            "CHECK (((c) AND ((a) AND (b))))",
            "CHECK ((('((a) AND (b))'::text) AND (c)))",
            "CHECK (((f((a) AND (b)) > 1) AND (\"((a) AND \" > 1)))",
        ] {
            assert_eq!(keep_nested(same), same);
        }
    }

    #[test]
    fn the_cast_of_a_list_goes() {
        let printed = "((status)::text = ANY ((ARRAY['new'::character varying, 'it''s (])::text[]'::character varying])::text[])) AND x";
        let wanted = "((status)::text = ANY (ARRAY['new'::character varying, 'it''s (])::text[]'::character varying])) AND x";
        assert_eq!(respell(printed), wanted);
        assert_eq!(respell(wanted), wanted);
        assert_eq!(
            respell("s = ANY (ARRAY['a'::c, 'b'::c]::text[])"),
            "s = ANY (ARRAY['a'::c, 'b'::c])"
        );
    }

    #[test]
    fn lists_in_lists_go_too_and_nothing_else() {
        let printed =
            "a <> ALL ((ARRAY[f(b = ANY ((ARRAY[1, 2])::numeric(10,2)[])), 2])::\"s.]\".\"T\"[])";
        assert_eq!(respell(printed), "a <> ALL (ARRAY[f(b = ANY (ARRAY[1, 2])), 2])");
        for same in [
            "f((ARRAY[1])::text[])",
            "'ANY ((ARRAY[1])::text[])'",
            "E'\\' ANY ((ARRAY[1])::text[])'",
            "\"ANY ((ARRAY[1])::text[])\" = ANY ((ARRAY[1])::text)",
            "ANY ((ARRAY[",
        ] {
            assert_eq!(respell(same), same);
        }
    }
}
