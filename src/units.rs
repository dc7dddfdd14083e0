//! Figures as people read them.

/// Bytes with a binary unit.
pub fn size(bytes: i64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
    let mut value = bytes as f64;
    if value.abs() < 1024.0 {
        return format!("{bytes} B");
    }
    let mut unit = "B";
    for larger in ["KiB", "MiB", "GiB", "TiB", "PiB"] {
        // Whatever would be shown as 1024.0 goes to the next unit.
        if value.abs() < 1023.95 {
            break;
        }
        value /= 1024.0;
        unit = larger;
    }
    format!("{value:.1} {unit}")
}

/// Bytes that are counted upwards.
pub fn bytes(bytes: u64) -> String {
    size(i64::try_from(bytes).unwrap_or(i64::MAX))
}

/// Seconds: one decimal while that says something, minutes and hours above.
pub fn seconds(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return "?".into();
    }
    if seconds < 99.95 {
        return format!("{seconds:.1} s");
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative")]
    let whole = seconds.round() as u64;
    match whole {
        0..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        3600..172_800 => format!("{} h {:02} min", whole / 3600, whole / 60 % 60),
        _ => format!("{} d {} h", whole / 86_400, whole / 3600 % 24),
    }
}

/// A number with its thousands apart.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// "1 row", "2 rows".
pub fn plural(number: u64, word: &str) -> String {
    format!("{} {word}{}", count(number), if number == 1 { "" } else { "s" })
}

/// How much smaller `after` is, in percent.
pub fn saved(before: i64, after: i64) -> String {
    if before <= 0 {
        return String::new();
    }
    #[expect(clippy::cast_precision_loss, reason = "shown without decimals")]
    let percent = (before - after) as f64 / before as f64 * 100.0;
    // Adding zero turns a negative zero into a plain one.
    format!("{:.0}%", percent.round() + 0.0)
}

/// Breaks text into lines of at most `width`, all but the first indented by `indent`. Words that
/// are longer stand alone. A no-break space becomes a plain one that no line ends at.
pub fn wrap(text: &str, width: usize, indent: usize) -> String {
    let mut wrapped = String::new();
    for (i, line) in text.lines().enumerate() {
        if i > 0 {
            wrapped.push('\n');
            wrapped.push_str(&" ".repeat(indent));
        }
        let mut column = indent;
        let mut first = true;
        for word in line.split(' ').filter(|word| !word.is_empty()) {
            let length = word.chars().count();
            if !first && column + 1 + length > width {
                wrapped.push('\n');
                wrapped.push_str(&" ".repeat(indent));
                column = indent;
            } else if !first {
                wrapped.push(' ');
                column += 1;
            }
            wrapped.push_str(word);
            column += length;
            first = false;
        }
    }
    wrapped.replace('\u{a0}', " ")
}

/// Keeps a figure and its unit on one line.
pub fn together(text: &str) -> String {
    text.replace(' ', "\u{a0}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_binary_with_one_decimal() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1024 * 1024 - 1, "1.0 MiB"),
            (3_400_000_000, "3.2 GiB"),
            (i64::MAX, "8192.0 PiB"),
            (-2048, "-2.0 KiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn durations_keep_to_two_units() {
        for (value, text) in [
            (0.04, "0.0 s"),
            (12.34, "12.3 s"),
            (99.94, "99.9 s"),
            (100.0, "1 min 40 s"),
            (3599.9, "1 h 00 min"),
            (7384.0, "2 h 03 min"),
            (200_000.0, "2 d 7 h"),
            (f64::INFINITY, "?"),
        ] {
            assert_eq!(seconds(value), text);
        }
    }

    #[test]
    fn counts_and_percentages() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(plural(1, "attempt"), "1 attempt");
        assert_eq!(saved(300, 100), "67%");
        assert_eq!(saved(100, 103), "-3%");
        assert_eq!(saved(1000, 1001), "0%");
        assert_eq!(saved(0, 8192), "");
    }

    #[test]
    fn text_wraps_with_a_hanging_indent() {
        assert_eq!(wrap("one two three", 9, 2), "one two\n  three");
        assert_eq!(wrap("a incomprehensibilities b", 8, 0), "a\nincomprehensibilities\nb");
        assert_eq!(wrap("a\nb", 8, 1), "a\n b");
        assert_eq!(wrap("", 8, 1), "");
        assert_eq!(wrap(&format!("copy {}", together("3.0 s")), 8, 1), "copy\n 3.0 s");
    }
}
