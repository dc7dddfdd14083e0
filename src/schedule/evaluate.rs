//! When databases are measured, and how that is spread.

use super::cron::Cron;
use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;

/// When databases are measured and decided about.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluate {
    /// When.
    pub schedule: Cron,
    /// In which zone.
    pub zone: Tz,
    /// How much later at most, by a share that is each target's own.
    pub jitter: Duration,
}

impl Evaluate {
    /// The first time after `after` at which `target` is to be measured. Each target has its own
    /// share of the jitter, the same at all times and, with the same seed, in all processes; so it
    /// has its turn exactly once for each time of the schedule.
    pub fn next(&self, target: &str, seed: u64, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let share = share(self.jitter, target, seed);
        Some(self.schedule.next_after(self.zone, after - share)? + share)
    }
}

/// A target's share of the jitter, in whole milliseconds.
fn share(jitter: Duration, target: &str, seed: u64) -> Duration {
    let most = jitter.num_milliseconds().max(0).unsigned_abs();
    let share = stable(target, seed) % (most + 1);
    Duration::milliseconds(i64::try_from(share).unwrap_or(0))
}

/// A hash that is the same in every version of repackd, unlike the standard library's: FNV-1a, then
/// the finalizer of MurmurHash3, since the last letters of names are what differs.
fn stable(text: &str, seed: u64) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325 ^ seed;
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let mut hash = text.bytes().fold(start, step);
    for factor in [0xff51_afd7_ed55_8ccd, 0xc4ce_b9fe_1a85_ec53] {
        hash = (hash ^ (hash >> 33)).wrapping_mul(factor);
    }
    hash ^ (hash >> 33)
}

impl Default for Evaluate {
    /// Every quarter of an hour, spread over a minute.
    fn default() -> Self {
        Self { schedule: Cron::quarters(), zone: Tz::UTC, jitter: Duration::seconds(60) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn t(text: &str) -> DateTime<Utc> {
        chrono::NaiveDateTime::parse_from_str(text, "%F %R").unwrap().and_utc()
    }

    #[test]
    fn each_target_has_its_turn_once_for_each_time() {
        let evaluate = Evaluate {
            schedule: Cron::parse("*/15 * * * *").unwrap(),
            zone: Tz::UTC,
            // Longer than the interval.
            jitter: Duration::minutes(40),
        };
        for target in ["shop", "crm", "billing", ""] {
            let share = share(evaluate.jitter, target, 7);
            let mut at = t("2026-11-25 00:00") + share;
            for quarter in 1..100 {
                let next = evaluate.next(target, 7, at).unwrap();
                assert_eq!(next, t("2026-11-25 00:00") + share + Duration::minutes(15 * quarter));
                // Asked again just before, it says the same.
                assert_eq!(evaluate.next(target, 7, next - Duration::seconds(1)), Some(next));
                at = next;
            }
        }
    }

    #[test]
    fn shares_are_spread_and_stay_what_they_are() {
        let minute = Duration::seconds(60);
        let of = |i: usize, seed| share(minute, &format!("connection{i}"), seed).num_seconds();
        let mut tens = [0; 7];
        for i in 0..600 {
            tens[usize::try_from(of(i, 1) / 10).unwrap()] += 1;
        }
        assert!(tens[..6].iter().all(|n| (70..130).contains(n)), "{tens:?}");
        assert_eq!(tens[6], 0);
        assert!((0..600).filter(|i| of(*i, 1) == of(*i, 2)).count() < 40);
        // Whoever changes the hash moves every evaluation of a fleet.
        assert_eq!(stable("shop", 0), stable("shop", 0));
        assert_eq!(share(Duration::zero(), "shop", 3), Duration::zero());
    }
}
