//! Durations as PostgreSQL writes them: a number and one of us, ms, s, min, h, d.

use std::time::Duration;

/// Reads a duration; a bare number is in `unit`.
pub(crate) fn parse(text: &str, unit: &str) -> Result<Duration, String> {
    let text = text.trim();
    let split = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '-' || c == '+'))
        .unwrap_or(text.len());
    let (number, given) = (&text[..split], text[split..].trim());
    let seconds = match if given.is_empty() { unit } else { given } {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "min" => 60.0,
        "h" => 3600.0,
        "d" => 86400.0,
        _ => {
            return Err(format!("`{given}` is no unit of time; it is one of us, ms, s, min, h, d"));
        }
    };
    let number: f64 =
        number.parse().map_err(|_| "not a duration such as \"3s\" or \"200ms\"".to_owned())?;
    // Rounded to the microsecond, which is as fine as PostgreSQL reads.
    let micros = (number * seconds * 1e6).round();
    // A hundred years: far above any use, far below where arithmetic with it overflows.
    if !(0.0..=3.2e15).contains(&micros) {
        return Err("out of range".into());
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
    Ok(Duration::from_micros(micros as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_postgresql_reads() {
        for (text, unit, millis) in [
            ("3s", "ms", 3_000),
            ("200", "ms", 200),
            ("10", "s", 10_000),
            ("1.5 s", "ms", 1_500),
            ("2min", "s", 120_000),
            ("1h", "s", 3_600_000),
            ("1d", "s", 86_400_000),
            ("0", "s", 0),
        ] {
            assert_eq!(parse(text, unit), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "s", "-1s", "3 sec", "1m", "1e3", "9999999999d", "1..2"] {
            assert!(parse(text, "s").is_err(), "{text}");
        }
    }
}
