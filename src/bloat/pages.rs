//! How many pages rows and index entries fill when they are written one after the other.

use super::layout::Bytes;

/// How many items of such a size, one after the other, have room in `room` bytes, on average: the
/// number of sums of so many sizes that are not above it. For items of one size that is the quotient,
/// rounded down; the more sizes vary, the closer it comes to the quotient less a half.
pub fn fit(room: f64, item: Bytes) -> f64 {
    if item.mean <= 0.0 || room <= 0.0 {
        return 0.0;
    }
    let deviation = item.variance.sqrt();
    // A handful more may fit where sizes vary.
    let most = (room / item.mean * 2.0 + 20.0).min(4000.0) as u32;
    let mut all = 0.0;
    for n in 1..=most {
        let n = f64::from(n);
        let (mean, spread) = (n * item.mean, n.sqrt() * deviation);
        let part = if spread < 1e-9 {
            f64::from(u8::from(mean <= room))
        } else {
            normal((room - mean) / spread)
        };
        all += part;
        if part < 1e-6 {
            break;
        }
    }
    all
}

/// The share of a normal distribution below `z`, to three digits or so: Abramowitz and Stegun 26.2.17.
fn normal(z: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * z.abs());
    let polynomial = t
        * (0.319_381_53
            + t * (-0.356_563_782
                + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
    let upper = (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() * polynomial;
    if z >= 0.0 { 1.0 - upper } else { upper }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_one_size_as_many_as_there_are_whole() {
        let item = |mean, variance| Bytes { mean, variance };
        assert_eq!(fit(8168.0, item(36.0, 0.0)), 226.0);
        assert_eq!(fit(8168.0, item(2036.0, 0.0)), 4.0);
        assert_eq!(fit(100.0, item(200.0, 0.0)), 0.0);
    }

    #[test]
    fn of_varying_sizes_half_of_one_less() {
        let found = fit(8000.0, Bytes { mean: 100.0, variance: 900.0 });
        assert!((found - 79.5).abs() < 0.1, "{found}");
    }
}
