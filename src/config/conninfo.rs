//! Connection strings of libpq: `postgres://` URIs and `key=value` words.
//!
//! No message here repeats any part of the input but the name of a parameter: whatever has been
//! misread may be a piece of a password.

use super::params::Params;

/// Reads a connection string of either form.
pub(crate) fn parse(text: &str) -> Result<Params, String> {
    let text = text.trim();
    match text.strip_prefix("postgresql://").or_else(|| text.strip_prefix("postgres://")) {
        Some(rest) => uri(rest),
        None if text.is_empty() || text.contains('=') => words(text),
        None => Err("neither a postgres:// URL nor key=value words".into()),
    }
}

/// Reads what follows `postgres://`.
fn uri(rest: &str) -> Result<Params, String> {
    let mut params = Params::default();
    // As libpq: whatever stands before an @ which no / precedes is user and password.
    let authority_end = rest.find(['@', '/']).unwrap_or(rest.len());
    let mut rest = rest;
    if rest[authority_end..].starts_with('@') {
        let (user, password) = match rest[..authority_end].split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (&rest[..authority_end], None),
        };
        params.set("user", &decode(user, "user")?)?;
        if let Some(password) = password {
            params.set("password", &decode(password, "password")?)?;
        }
        rest = &rest[authority_end + 1..];
    }
    let hosts_end = rest.find(['/', '?']).unwrap_or(rest.len());
    hosts(&rest[..hosts_end], &mut params)?;
    rest = &rest[hosts_end..];
    let (path, query) = match rest.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (rest, None),
    };
    params.set("dbname", &decode(path.strip_prefix('/').unwrap_or(path), "dbname")?)?;
    for pair in query.into_iter().flat_map(|q| q.split('&')).filter(|p| !p.is_empty()) {
        let Some((name, value)) = pair.split_once('=') else {
            return Err("a parameter after ? in the URL has no =".into());
        };
        let name = decode(name, "a parameter's name")?;
        let value = decode(value, &name)?;
        match (name.as_str(), value.as_str()) {
            // Other drivers' word for it, which libpq takes too.
            ("ssl", "true") => params.set("sslmode", "require")?,
            _ => params.set(&name, &value)?,
        }
    }
    Ok(params)
}

/// Reads `host:port,host:port`.
fn hosts(text: &str, params: &mut Params) -> Result<(), String> {
    let (mut names, mut ports) = (Vec::new(), Vec::new());
    for entry in text.split(',') {
        let (name, port) = match entry.strip_prefix('[') {
            Some(bracketed) => {
                let (name, after) = bracketed
                    .split_once(']')
                    .ok_or("the bracket around an IPv6 address in the URL is not closed")?;
                let port = match after {
                    "" => "",
                    _ => after
                        .strip_prefix(':')
                        .ok_or("only :port can follow the IPv6 address in the URL")?,
                };
                (name, port)
            }
            None => entry.split_once(':').unwrap_or((entry, "")),
        };
        let name = decode(name, "host")?;
        if name.contains('@') {
            return Err("the host in the URL contains an @; \
                        an @ in the password has to be written %40"
                .into());
        }
        let port = decode(port, "port")?;
        if !port.is_empty() && port.parse::<u16>().is_err() {
            return Err("the port in the URL is no port number; in a password, \
                        / has to be written %2F, @ %40 and : %3A"
                .into());
        }
        names.push(name);
        ports.push(port);
    }
    if names.iter().any(|n| !n.is_empty()) {
        params.set("host", &names.join(","))?;
    }
    if ports.iter().any(|p| !p.is_empty()) {
        params.set("port", &ports.join(","))?;
    }
    Ok(())
}

/// Undoes percent encoding.
fn decode(text: &str, what: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        if first != b'%' {
            bytes.push(first);
            continue;
        }
        let digits = rest.get(..2).filter(|d| d.iter().all(u8::is_ascii_hexdigit));
        let byte = digits
            .and_then(|d| std::str::from_utf8(d).ok())
            .and_then(|d| u8::from_str_radix(d, 16).ok())
            .filter(|b| *b != 0)
            .ok_or_else(|| format!("a % in the URL ({what}) is not followed by two hex digits; % itself is written %25"))?;
        bytes.push(byte);
        rest = &rest[2..];
    }
    String::from_utf8(bytes).map_err(|_| format!("the URL ({what}) is not UTF-8"))
}

/// Reads `key=value` words: values may be quoted with ', and \ escapes a character.
fn words(text: &str) -> Result<Params, String> {
    let mut params = Params::default();
    let mut last = String::new();
    let mut chars = text.chars().peekable();
    loop {
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        if chars.peek().is_none() {
            return Ok(params);
        }
        let mut name = String::new();
        while let Some(c) = chars.next_if(|c| *c != '=' && !c.is_whitespace()) {
            name.push(c);
        }
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        if chars.next() != Some('=') {
            let place = if last.is_empty() {
                "at the start".into()
            } else {
                format!("after the value of {last}")
            };
            return Err(format!(
                "a word without = {place}; a value with spaces has to be quoted with '"
            ));
        }
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        let value = value(&mut chars).ok_or_else(|| match super::params::lookup(&name) {
            Some(parameter) => format!("the quoted value of {} is not closed", parameter.name),
            None => "a quoted value is not closed".to_owned(),
        })?;
        // What stands here may be the rest of a password with a space in it.
        if super::params::lookup(&name).is_none() && last == "password" {
            return Err("an unknown connection parameter after password; \
                        a password with spaces has to be quoted with '"
                .into());
        }
        params.set(&name, &value)?;
        last = name;
    }
}

/// Reads one value of a `key=value` word; `None` if its quote is not closed.
fn value(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<String> {
    let mut value = String::new();
    let quoted = chars.next_if_eq(&'\'').is_some();
    loop {
        match chars.peek() {
            Some('\\') => {
                chars.next();
                value.extend(chars.next());
            }
            Some('\'') if quoted => {
                chars.next();
                return Some(value);
            }
            Some(c) if quoted || !c.is_whitespace() => {
                value.push(*c);
                chars.next();
            }
            Some(_) => return Some(value),
            None => return (!quoted).then_some(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    /// Every parameter as `name=value`, in the order of the names.
    fn read(text: &str) -> String {
        let params = parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        let words: Vec<_> =
            params.names().map(|n| format!("{n}={}", params.get(n).unwrap())).collect();
        words.join(" ")
    }

    #[test]
    fn reads_uris_as_libpq_does() {
        for (uri, expected) in [
            ("postgresql://", ""),
            ("postgres://localhost", "host=localhost"),
            ("postgres://localhost:5433", "host=localhost port=5433"),
            ("postgres://localhost/mydb", "dbname=mydb host=localhost"),
            ("postgres://user@localhost", "host=localhost user=user"),
            ("postgres://user:secret@localhost", "host=localhost password=secret user=user"),
            (
                "postgres://other@localhost/otherdb?connect_timeout=10&options=-c%20a%3Db",
                "connect_timeout=10 dbname=otherdb host=localhost options=-c a=b user=other",
            ),
            (
                "postgres://host1:123,host2:456/somedb?target_session_attrs=any",
                "dbname=somedb host=host1,host2 port=123,456 target_session_attrs=any",
            ),
            ("postgres://h1,h2:6/", "host=h1,h2 port=,6"),
            ("postgres:///mydb?host=localhost&port=5433", "dbname=mydb host=localhost port=5433"),
            ("postgres://[2001:db8::1234]:5433/d", "dbname=d host=2001:db8::1234 port=5433"),
            ("postgres://[::1],b/d", "dbname=d host=::1,b"),
            ("postgres:///dbname?host=/var/lib", "dbname=dbname host=/var/lib"),
            ("postgres://%2Fvar%2Flib/dbname", "dbname=dbname host=/var/lib"),
            (
                "postgres://us%40er:p%3A%2F%3F%25@h/d%20b",
                "dbname=d b host=h password=p:/?% user=us@er",
            ),
            ("postgres://u:p:q@h", "host=h password=p:q user=u"),
            ("postgres://h/d?ssl=true", "dbname=d host=h sslmode=require"),
            ("postgres://h?user=u&password=a=b", "host=h password=a=b user=u"),
            ("postgres://u:@h", "host=h user=u"),
        ] {
            assert_eq!(read(uri), expected, "{uri}");
        }
    }

    #[test]
    fn reads_words_as_libpq_does() {
        for (text, expected) in [
            ("", ""),
            ("host=h port = 5433", "host=h port=5433"),
            (r"host='a b' user='it\'s' dbname=x\ y", "dbname=x y host=a b user=it's"),
            ("password='' user=u", "user=u"),
            ("password=a=b", "password=a=b"),
            ("options='-c a=b -c c=d'\n host=h", "host=h options=-c a=b -c c=d"),
            (r"password='corr:ect\\horse'", r"password=corr:ect\horse"),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn refuses_the_rest() {
        for (text, part) in [
            ("postgres://h:port/d", "port"),
            ("postgres://[::1/d", "bracket"),
            ("postgres://[::1]x/d", "only :port"),
            ("postgres://h/d?nokey", "no ="),
            ("postgres://h/%zz", "two hex digits"),
            ("postgres://h/%00", "two hex digits"),
            ("postgres://h/%ff", "UTF-8"),
            ("postgres://h/%", "two hex digits"),
            ("postgres://h/%\u{20ac}", "two hex digits"),
            ("postgres://h?sslmod=require", "`sslmod`; did you mean `sslmode`?"),
            ("mysql://h", "neither"),
            ("shop", "neither"),
            ("host", "neither"),
            ("host=h port", "after the value of host"),
            ("= x", "unknown connection parameter"),
            ("host='h", "the quoted value of host is not closed"),
        ] {
            let error = parse(text).map(|_| ()).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
