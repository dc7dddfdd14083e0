//! Windows in which tables may be repacked, and blackouts in which they may not.

use super::cron::Cron;
use chrono::{DateTime, Datelike, Duration, Utc};
use chrono_tz::Tz;

/// From when until when something is open. The end does not belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The beginning.
    pub opens: DateTime<Utc>,
    /// The end.
    pub closes: DateTime<Utc>,
}

impl Span {
    /// Whether it is open at `at`.
    pub fn contains(&self, at: DateTime<Utc>) -> bool {
        self.opens <= at && at < self.closes
    }
}

/// What comes again and again, or once.
#[derive(Debug, Clone, PartialEq)]
pub enum Recurrence {
    /// Whenever a cron expression comes in a zone, for so long as a clock runs, changes of the clock
    /// on the wall or not.
    Cron {
        /// When it opens.
        open: Cron,
        /// Where clocks show that.
        zone: Tz,
        /// For how long.
        duration: Duration,
    },
    /// Every week or every day in UTC, as managed databases write it.
    Weekly(Weekly),
    /// Once.
    Once(Span),
}

/// Minutes of the week, which begins on Sunday at 00:00 UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weekly {
    starts: Vec<i64>,
    minutes: i64,
}

const DAY: i64 = 24 * 60;
const WEEK: i64 = 7 * DAY;

/// Openings that run into each other are one, but to no end: so many of those to come, and those of
/// the next day. What is open for longer than can be seen from here is seen later.
const MERGED: usize = 20;

/// Windows that go on where others end are followed so often, for the same reason.
const FOLLOWED: usize = 5;

impl Weekly {
    /// Reads `sat:22:00-sun:06:00`, as Amazon RDS has it, and `sat:00:00-04:00` and `01:00-06:00`, as
    /// the operators for Kubernetes do. The error is the end of a sentence that begins with the key.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "cannot be `{text}`; it is ddd:hh:mm-ddd:hh:mm, ddd:hh:mm-hh:mm or hh:mm-hh:mm, in UTC"
            )
        };
        let (from, to) = text.trim().split_once('-').ok_or_else(wrong)?;
        let ((day, from), (last, to)) =
            (moment(from).ok_or_else(wrong)?, moment(to).ok_or_else(wrong)?);
        let minutes = match (day, last) {
            (Some(day), Some(last)) => (last * DAY + to) - (day * DAY + from),
            (None, Some(_)) => return Err(wrong()),
            _ => (to - from).rem_euclid(DAY),
        };
        let minutes = minutes.rem_euclid(WEEK);
        if minutes == 0 {
            return Err(format!("`{text}` ends when it begins"));
        }
        let days = match day {
            Some(day) => day..day + 1,
            None => 0..7,
        };
        Ok(Self { starts: days.map(|day| day * DAY + from).collect(), minutes })
    }

    fn spans(&self, at: DateTime<Utc>) -> impl Iterator<Item = Span> {
        let sunday = i64::from(at.weekday().num_days_from_sunday());
        let week =
            at.date_naive().and_time(chrono::NaiveTime::MIN).and_utc() - Duration::days(sunday);
        let mut all: Vec<Span> = (-1..=1)
            .flat_map(|w| self.starts.iter().map(move |s| w * WEEK + s))
            .map(|start| {
                let opens = week + Duration::minutes(start);
                Span { opens, closes: opens + Duration::minutes(self.minutes) }
            })
            .collect();
        all.sort_by_key(|span| span.opens);
        all.into_iter()
    }
}

/// `[ddd:]hh:mm` as a day and a minute of it.
fn moment(text: &str) -> Option<(Option<i64>, i64)> {
    const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
    let parts: Vec<&str> = text.trim().split(':').collect();
    let number = |part: &str, most: i64| {
        let digits = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        part.parse::<i64>().ok().filter(|n| digits && *n <= most)
    };
    let (day, hour, minute) = match parts[..] {
        [day, hour, minute] => {
            let at = DAYS.iter().position(|d| d.eq_ignore_ascii_case(day))?;
            (Some(i64::try_from(at).ok()?), hour, minute)
        }
        [hour, minute] => (None, hour, minute),
        _ => return None,
    };
    Some((day, number(hour, 23)? * 60 + number(minute, 59)?))
}

impl Recurrence {
    /// How long it is open each time.
    pub fn length(&self) -> Duration {
        match self {
            Self::Once(span) => span.closes - span.opens,
            Self::Weekly(weekly) => Duration::minutes(weekly.minutes),
            Self::Cron { duration, .. } => *duration,
        }
    }

    /// The span that is open at `at`, or else the next one. Those that run into each other are one.
    pub fn span(&self, at: DateTime<Utc>) -> Option<Span> {
        match self {
            Self::Once(span) => Some(*span).filter(|span| at < span.closes),
            Self::Weekly(weekly) => merged(weekly.spans(at), at),
            Self::Cron { open, zone, duration } => {
                // Far enough back to find where a span began that others have prolonged.
                let mut opens = at - *duration * 2 - Duration::days(1);
                let spans = std::iter::from_fn(|| {
                    opens = open.next_after(*zone, opens)?;
                    Some(Span { opens, closes: opens + *duration })
                });
                merged(spans, at)
            }
        }
    }
}

/// The first span not over at `at`, out of spans in order.
fn merged(spans: impl Iterator<Item = Span>, at: DateTime<Utc>) -> Option<Span> {
    let mut found: Option<Span> = None;
    let (mut later, day) = (0, at + Duration::days(1));
    for span in spans {
        later += usize::from(span.opens > at);
        let enough = later > MERGED && span.opens > day;
        match &mut found {
            Some(open) if at < open.closes && (span.opens > open.closes || enough) => break,
            Some(open) if span.opens <= open.closes => open.closes = open.closes.max(span.closes),
            _ => found = Some(span),
        }
    }
    found.filter(|span| at < span.closes)
}

/// Windows and blackouts together.
#[derive(Debug, Clone, Default)]
pub struct Calendar<'a> {
    /// Open when any of these is; always, if there are none.
    pub windows: Vec<&'a Recurrence>,
    /// Closed when any of these is open.
    pub blackouts: Vec<&'a Recurrence>,
}

/// How far ahead an opening is looked for.
pub(super) const HORIZON: i64 = 366 * 2;

impl Calendar<'_> {
    /// The span that is open at `at`, or else the next one within two years.
    pub fn span(&self, at: DateTime<Utc>) -> Option<Span> {
        let horizon = at + Duration::days(HORIZON);
        let mut opens = at;
        while opens < horizon {
            let window = self.window(opens)?;
            opens = opens.max(window.opens);
            let blackouts = || self.blackouts.iter().filter_map(|b| b.span(opens));
            if let Some(dark) = blackouts().find(|dark| dark.contains(opens)) {
                opens = dark.closes;
                continue;
            }
            let dark = blackouts().map(|dark| dark.opens).min();
            let closes = dark.map_or(window.closes, |dark| dark.min(window.closes));
            // What has been open for a while keeps the moment at which it opened.
            let began = if opens > at { opens } else { self.began(at, window.opens) };
            return Some(Span { opens: began, closes });
        }
        None
    }

    fn window(&self, at: DateTime<Utc>) -> Option<Span> {
        if self.windows.is_empty() {
            let far = Duration::days(HORIZON);
            return Some(Span { opens: at - far, closes: at + far });
        }
        let spans = self.windows.iter().filter_map(|w| w.span(at));
        let first =
            spans.min_by_key(|span| (span.opens.max(at), std::cmp::Reverse(span.closes)))?;
        // Another window may go on where this one ends.
        let mut whole = first;
        for _ in 0..FOLLOWED {
            let next = self.windows.iter().filter_map(|w| w.span(whole.closes));
            match next.filter(|span| span.contains(whole.closes)).map(|span| span.closes).max() {
                Some(closes) => whole.closes = closes,
                None => break,
            }
        }
        // And another may have been open before this one was.
        for _ in 0..FOLLOWED {
            let before = whole.opens - Duration::seconds(1);
            let spans = self.windows.iter().filter_map(|w| w.span(before));
            match spans.filter(|span| span.contains(before)).map(|span| span.opens).min() {
                Some(opens) => whole.opens = opens,
                None => break,
            }
        }
        Some(whole)
    }

    /// When what is open at `at` began: the window, or the end of the last blackout in it.
    fn began(&self, at: DateTime<Utc>, window: DateTime<Utc>) -> DateTime<Utc> {
        let mut began = window;
        for blackout in &self.blackouts {
            let mut from = window;
            while let Some(dark) = blackout.span(from).filter(|dark| dark.closes <= at) {
                began = began.max(dark.closes);
                from = dark.closes;
            }
        }
        began
    }
}

#[cfg(test)]
mod tests {
    use super::super::zone;
    use super::*;
    use chrono::NaiveDateTime;

    fn t(text: &str) -> DateTime<Utc> {
        NaiveDateTime::parse_from_str(text, "%F %R").unwrap().and_utc()
    }

    fn shown(span: Option<Span>) -> String {
        let text = |t: DateTime<Utc>| t.format("%F %R").to_string();
        span.map_or("never".into(), |s| format!("{} to {}", text(s.opens), text(s.closes)))
    }

    fn cron(open: &str, zone: &str, hours: i64) -> Recurrence {
        let (open, zone) = (Cron::parse(open).unwrap(), zone::parse(zone).unwrap());
        Recurrence::Cron { open, zone, duration: Duration::hours(hours) }
    }

    fn weekly(text: &str) -> Recurrence {
        Recurrence::Weekly(Weekly::parse(text).unwrap())
    }

    #[test]
    fn a_window_over_midnight_is_one() {
        let night = cron("0 22 * * 1-5", "Europe/Berlin", 8);
        // 2026-11-25 is a Wednesday; Berlin is an hour ahead of UTC.
        assert_eq!(
            shown(night.span(t("2026-11-25 22:00"))),
            "2026-11-25 21:00 to 2026-11-26 05:00"
        );
        assert_eq!(
            shown(night.span(t("2026-11-26 04:59"))),
            "2026-11-25 21:00 to 2026-11-26 05:00"
        );
        assert_eq!(
            shown(night.span(t("2026-11-26 05:00"))),
            "2026-11-26 21:00 to 2026-11-27 05:00"
        );
        // Friday's night goes on into Saturday, and the next is Monday's.
        assert_eq!(
            shown(night.span(t("2026-11-28 04:00"))),
            "2026-11-27 21:00 to 2026-11-28 05:00"
        );
        assert_eq!(
            shown(night.span(t("2026-11-28 05:00"))),
            "2026-11-30 21:00 to 2026-12-01 05:00"
        );
    }

    #[test]
    fn the_week_is_read_as_managed_databases_write_it() {
        let at = t("2026-11-25 12:00");
        assert_eq!(
            shown(weekly("sat:22:00-sun:06:00").span(at)),
            "2026-11-28 22:00 to 2026-11-29 06:00"
        );
        assert_eq!(
            shown(weekly("Tue:23:30-Wed:12:30").span(at)),
            "2026-11-24 23:30 to 2026-11-25 12:30"
        );
        assert_eq!(
            shown(weekly("Wed:13:00-04:00").span(at)),
            "2026-11-25 13:00 to 2026-11-26 04:00"
        );
        assert_eq!(shown(weekly("01:00-06:00").span(at)), "2026-11-26 01:00 to 2026-11-26 06:00");
        // Sunday to Saturday is nearly a week; a window that ends before it begins ends next week.
        assert_eq!(
            shown(weekly("sat:00:00-fri:00:00").span(at)),
            "2026-11-21 00:00 to 2026-11-27 00:00"
        );
        for wrong in [
            "sat:22:00",
            "22:00-sun:06:00",
            "sat:24:00-sun:06:00",
            "sat:1:00-sun:06:00",
            "x:01:00-02:00",
            "01:00-01:00",
        ] {
            assert!(Weekly::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_window_that_opens_while_it_is_open_is_prolonged() {
        let often = cron("0 1,2,3 * * *", "UTC", 2);
        assert_eq!(
            shown(often.span(t("2026-11-25 04:00"))),
            "2026-11-25 01:00 to 2026-11-25 05:00"
        );
        let (early, late) = (weekly("01:00-03:00"), weekly("02:30-05:00"));
        let two = Calendar { windows: vec![&early, &late], blackouts: vec![] };
        assert_eq!(shown(two.span(t("2026-11-25 00:00"))), "2026-11-25 01:00 to 2026-11-25 05:00");
    }

    #[test]
    fn openings_without_end_and_dense_ones_are_found() {
        let at = t("2026-11-25 12:34");
        for (open, hours) in [("0 * * * *", 1), ("* * * * *", 24), ("*/5 8-17 * * *", 24)] {
            let always = cron(open, "UTC", hours);
            let span = always.span(at).unwrap();
            assert!(span.contains(at) && span.closes - at > Duration::hours(19), "{open}");
            // And it goes on from there.
            assert!(always.span(span.closes).unwrap().contains(span.closes), "{open}");
            let calendar = Calendar { windows: vec![&always], blackouts: vec![] };
            assert!(calendar.span(at).unwrap().closes - at > Duration::days(4), "{open}");
        }
    }

    #[test]
    fn blackouts_cut_windows() {
        let christmas =
            Recurrence::Once(Span { opens: t("2026-12-23 00:00"), closes: t("2027-01-03 00:00") });
        let work = cron("0 8 * * 1-5", "UTC", 10);
        let calendar = Calendar { windows: vec![], blackouts: vec![&christmas, &work] };
        assert_eq!(
            shown(calendar.span(t("2026-11-25 12:00"))),
            "2026-11-25 18:00 to 2026-11-26 08:00"
        );
        assert_eq!(
            shown(calendar.span(t("2026-11-25 20:00"))),
            "2026-11-25 18:00 to 2026-11-26 08:00"
        );
        assert_eq!(
            shown(calendar.span(t("2026-12-22 19:00"))),
            "2026-12-22 18:00 to 2026-12-23 00:00"
        );
        assert_eq!(
            shown(calendar.span(t("2026-12-24 19:00"))),
            "2027-01-03 00:00 to 2027-01-04 08:00"
        );
        let night = weekly("22:00-10:00");
        let nights = Calendar { windows: vec![&night], blackouts: vec![&work, &christmas] };
        assert_eq!(
            shown(nights.span(t("2026-11-25 09:00"))),
            "2026-11-25 22:00 to 2026-11-26 08:00"
        );
        let (hour, morning) = (weekly("09:00-10:00"), weekly("00:00-12:00"));
        let never = Calendar { windows: vec![&hour], blackouts: vec![&morning] };
        assert_eq!(shown(never.span(t("2026-11-25 09:00"))), "never");
    }

    #[test]
    fn nothing_at_all_is_always_open() {
        let span = Calendar::default().span(t("2026-11-25 09:00")).unwrap();
        assert!(span.closes - span.opens > Duration::days(700));
    }
}
