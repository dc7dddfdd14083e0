//! Civil time and instants: what a clock on the wall shows, and when it shows it.

use chrono::{
    DateTime, Datelike, Duration, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, Offset,
    TimeZone, Utc,
};
use chrono_tz::Tz;

/// Reads an IANA name such as `Europe/Berlin`. The error is the end of a sentence that begins with
/// the key.
pub fn parse(name: &str) -> Result<Tz, String> {
    name.parse().map_err(|_| {
        let known = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
        let hint = crate::error::did_you_mean(name, known);
        format!("`{name}` is no time zone of the IANA database{hint}")
    })
}

/// Reads a date, or a date and time, of the zone unless it says how far it is from UTC: say
/// `2026-12-24`, `2026-12-24 18:00` or `2026-12-24T18:00:00+01:00`. The error is the end of a sentence
/// that begins with the key.
pub fn read(zone: Tz, text: &str) -> Result<DateTime<Utc>, String> {
    let text = text.trim();
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(at.with_timezone(&Utc));
    }
    let forms = ["%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"];
    let civil = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    let date = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    let civil = civil.or_else(|| date().map(|date| date.and_time(NaiveTime::MIN)));
    // Far enough from the ends of what can be reckoned with.
    let civil = civil.filter(|civil| (1970..=9000).contains(&civil.year()));
    civil.map(|civil| instant(zone, civil)).ok_or_else(|| {
        format!("cannot be `{text}`; it is a date such as 2026-12-24, or one with a time, 2026-12-24 18:00")
    })
}

/// What a clock of the zone shows at an instant.
pub fn civil(zone: Tz, at: DateTime<Utc>) -> NaiveDateTime {
    at.with_timezone(&zone).naive_local()
}

/// How far the zone is from UTC at an instant.
pub fn offset(zone: Tz, at: DateTime<Utc>) -> Duration {
    Duration::seconds(i64::from(
        zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc(),
    ))
}

/// The instant of a civil time. One that is shown twice means the first; one that is never shown
/// means the moment at which the clock was put forward past it.
pub fn instant(zone: Tz, civil: NaiveDateTime) -> DateTime<Utc> {
    match zone.from_local_datetime(&civil) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => at.with_timezone(&Utc),
        LocalResult::None => {
            // No zone has ever been put forward by more than a day.
            let day = Duration::hours(25);
            let middle = civil.and_utc();
            transition(zone, middle - day, middle + day).unwrap_or(middle)
        }
    }
}

/// The first instant after `from` and not after `until` at which the zone has another offset than at
/// `from`, if there is one. There must be no more than one change in between.
pub fn transition(zone: Tz, from: DateTime<Utc>, until: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let before = offset(zone, from);
    if offset(zone, until) == before {
        return None;
    }
    let (mut low, mut high) = (from, until);
    while high - low > Duration::seconds(1) {
        let middle = low + Duration::seconds((high - low).num_seconds() / 2);
        if offset(zone, middle) == before {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(high)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(zone: Tz, y: i32, mo: u32, d: u32, h: u32, mi: u32) -> String {
        let civil = NaiveDate::from_ymd_opt(y, mo, d).unwrap().and_hms_opt(h, mi, 0).unwrap();
        instant(zone, civil).format("%F %R").to_string()
    }

    #[test]
    fn gaps_end_and_folds_begin() {
        let berlin = parse("Europe/Berlin").unwrap();
        assert_eq!(at(berlin, 2026, 3, 29, 1, 59), "2026-03-29 00:59");
        assert_eq!(at(berlin, 2026, 3, 29, 2, 0), "2026-03-29 01:00", "in the gap");
        assert_eq!(at(berlin, 2026, 3, 29, 2, 59), "2026-03-29 01:00", "in the gap");
        assert_eq!(at(berlin, 2026, 3, 29, 3, 0), "2026-03-29 01:00");
        assert_eq!(at(berlin, 2026, 10, 25, 2, 30), "2026-10-25 00:30", "the first of two");
        // Half an hour; and a whole day that was left out.
        assert_eq!(
            at(parse("Australia/Lord_Howe").unwrap(), 2026, 10, 4, 2, 15),
            "2026-10-03 15:30"
        );
        assert_eq!(at(parse("Pacific/Apia").unwrap(), 2011, 12, 30, 12, 0), "2011-12-30 10:00");
        assert!(parse("Europe/Berlni").unwrap_err().contains("Europe/Berlin"));
    }
}
