//! Curves of size and bloat over time. Pure.
//!
//! They are steps: between two samples nothing worth one has changed. Words and figures beside them are
//! HTML, so that they stay readable however wide the picture is.

use std::fmt::Write;

/// The width of the picture, in its own units.
pub const WIDTH: f64 = 1000.0;

/// Its height.
pub const HEIGHT: f64 = 300.0;

/// The sizes at a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// When, in milliseconds of Unix time.
    pub at: i64,
    /// All bytes.
    pub bytes: i64,
    /// Bytes to gain, if anybody knew.
    pub bloat: Option<i64>,
}

/// A picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// The curve of the size, as the path of SVG.
    pub size: String,
    /// The area of the bloat, as a path.
    pub bloat: String,
    /// Where repacks were.
    pub repacks: Vec<f64>,
    /// The bytes at its upper edge.
    pub most: i64,
}

/// Draws what was between two times, the later one included. Nothing, if nothing is known of then.
pub fn draw(points: &[Point], repacks: &[i64], from: i64, until: i64) -> Option<Chart> {
    let last = points.iter().rposition(|p| p.at <= from).unwrap_or(0);
    let points: Vec<Point> = points[last.min(points.len())..]
        .iter()
        .filter(|point| point.at <= until)
        .map(|point| Point { at: point.at.max(from), ..*point })
        .collect();
    let most = round_up(points.iter().map(|p| p.bytes).max()?.max(1));
    #[expect(clippy::cast_precision_loss, reason = "a picture")]
    let x = |at: i64| (at - from) as f64 / (until - from).max(1) as f64 * WIDTH;
    #[expect(clippy::cast_precision_loss, reason = "a picture")]
    let y = |bytes: i64| HEIGHT - bytes.max(0) as f64 / most as f64 * HEIGHT;
    let mut size = String::new();
    for (i, point) in points.iter().enumerate() {
        let first = if i == 0 { "M" } else { "H" };
        let _ = match i {
            0 => write!(size, "{first}{:.1} {:.1}", x(point.at), y(point.bytes)),
            _ => write!(size, "{first}{:.1}V{:.1}", x(point.at), y(point.bytes)),
        };
    }
    let _ = write!(size, "H{WIDTH:.1}");
    let mut bloat = String::new();
    for (i, point) in points.iter().enumerate() {
        let Some(bytes) = point.bloat else { continue };
        let end = points.get(i + 1).map_or(WIDTH, |next| x(next.at));
        let (left, top) = (x(point.at), y(bytes));
        let _ = write!(bloat, "M{left:.1} {HEIGHT:.1}V{top:.1}H{end:.1}V{HEIGHT:.1}Z");
    }
    let repacks = repacks.iter().filter(|at| (from..=until).contains(*at)).map(|at| x(*at));
    Some(Chart { size, bloat, repacks: repacks.collect(), most })
}

/// The next 1, 2 or 5 times a power of ten, in the binary unit that fits.
fn round_up(bytes: i64) -> i64 {
    let mut unit = 1_i64;
    while bytes / unit >= 1024 && unit < 1 << 50 {
        unit *= 1024;
    }
    let mut step = unit;
    loop {
        for times in [1, 2, 5] {
            let edge = step.saturating_mul(times);
            if edge >= bytes {
                return edge;
            }
        }
        step = step.saturating_mul(10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(at: i64, bytes: i64, bloat: Option<i64>) -> Point {
        Point { at, bytes, bloat }
    }

    #[test]
    fn steps_from_one_sample_to_the_next() {
        let points = [point(0, 50, Some(25)), point(50, 100, None), point(100, 10, Some(0))];
        let chart = draw(&points, &[100, 500], 0, 200).unwrap();
        assert_eq!(chart.most, 100);
        assert_eq!(chart.size, "M0.0 150.0H250.0V0.0H500.0V270.0H1000.0");
        assert_eq!(chart.bloat, "M0.0 300.0V225.0H250.0V300.0ZM500.0 300.0V300.0H1000.0V300.0Z");
        assert_eq!(chart.repacks, [500.0]);
    }

    #[test]
    fn what_was_before_holds_until_the_first_change() {
        let points = [point(0, 7, None), point(10, 50, None), point(150, 100, None)];
        let chart = draw(&points, &[], 100, 200).unwrap();
        assert_eq!(chart.size, "M0.0 150.0H500.0V0.0H1000.0");
        assert_eq!(draw(&[], &[], 0, 1), None);
        assert!(draw(&points, &[], 100, 100).is_some());
    }

    #[test]
    fn edges_are_round() {
        const MIB: i64 = 1 << 20;
        for (bytes, edge) in [
            (1, 1),
            (3, 5),
            (99, 100),
            (1000, 1000),
            (1023, 2000),
            (1024, 1024),
            (3 * MIB, 5 * MIB),
            (999 * MIB, 1000 * MIB),
        ] {
            assert_eq!(round_up(bytes), edge, "{bytes}");
        }
        assert!(round_up(i64::MAX) > 0);
    }
}
