//! Windows in which nothing is set, as a calendar says: each weekend, the last days of a year.

use std::fmt;

use cronexpr::{Crontab, MakeTimestamp, parse_crontab};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Span, SpanRelativeTo, Timestamp, Zoned};

/// In the place of an app: every one.
const EVERY_APP: &str = "*";
/// So far back a start is looked for, the nearest first: the last one ends last.
const LOOK_BACK_HOURS: [i64; 5] = [1, 24, 24 * 7, 24 * 32, 24 * 367];
/// A longer window would be one that never ends.
const LONGEST_DAYS: i32 = 366;

/// A window.
#[derive(Clone)]
pub struct FreezeWindow {
    /// What it is called.
    pub name: String,
    /// Where it is written down: file and line.
    pub place: String,
    /// The apps that it is for; `*` is every one.
    pub apps: Vec<String>,
    starts: Crontab,
    /// The same by the face of a clock that never changes.
    on_the_clock: Crontab,
    lasts: Span,
    zone: TimeZone,
}

impl fmt::Debug for FreezeWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FreezeWindow({} of {})", self.name, self.place)
    }
}

impl FreezeWindow {
    /// One that begins whenever `cron` fits, of five fields as in a crontab, and lasts as long as `duration`: hours are hours, and
    /// days are those of the calendar, which may have 23 or 25. An error says what cannot be read, and how it is written.
    pub fn new(
        name: &str,
        cron: &str,
        duration: &str,
        time_zone: &str,
        apps: Vec<String>,
        place: String,
    ) -> Result<Self, String> {
        let zone = TimeZone::get(time_zone).map_err(|_| {
            format!("there is no time zone {time_zone:?}; write one like Europe/Berlin or UTC")
        })?;
        let fields = cron.split_whitespace().count();
        let starts =
            parse_crontab(&format!("{} {time_zone}", cron.trim())).map_err(|error| error.to_string());
        let starts = starts.and_then(|starts| {
            let next = starts.find_next(MakeTimestamp(Timestamp::now()));
            next.map(|_| starts).map_err(|_| "no day fits it".to_owned())
        });
        let starts = match starts {
            Ok(starts) if fields == 5 => starts,
            Ok(_) => return Err(format!("cron {cron:?} has {fields} fields; write five, like 0 18 * * FRI")),
            Err(cause) => {
                return Err(format!("cron {cron:?} cannot be read: {cause}; write it like 0 18 * * FRI"));
            }
        };
        let on_the_clock =
            parse_crontab(&format!("{} UTC", cron.trim())).map_err(|error| error.to_string())?;
        let lasts: Span = duration
            .parse()
            .map_err(|_| format!("duration {duration:?} is none; write it like 62h or 2d14h"))?;
        let longest = Span::new().days(LONGEST_DAYS);
        let compared = lasts.compare((longest, SpanRelativeTo::days_are_24_hours()));
        let is_possible = lasts.is_positive() && compared.is_ok_and(std::cmp::Ordering::is_le);
        if !is_possible {
            return Err(format!(
                "duration {duration:?} is none; a window lasts more than nothing and at most {LONGEST_DAYS} days"
            ));
        }
        Ok(Self { name: name.to_owned(), place, apps, starts, on_the_clock, lasts, zone })
    }

    /// Whether it is for an app.
    pub fn is_for(&self, app: &str) -> bool {
        self.apps.iter().any(|one| one == EVERY_APP || one == app)
    }

    /// When the one ends that is open at a time; none where none is.
    pub fn ends(&self, now: Timestamp) -> Option<Zoned> {
        let now = now.to_zoned(self.zone.clone());
        let start = last_start(&self.starts, &now);
        let starts = start.into_iter().chain(self.left_out(&now)).max();
        starts?.checked_add(self.lasts).ok().filter(|end| *end > now)
    }

    /// A start in the hour that a change of clocks leaves out is as much later as the clocks are.
    fn left_out(&self, now: &Zoned) -> Option<Zoned> {
        let face = now.datetime().to_zoned(TimeZone::UTC).ok()?;
        let start = last_start(&self.on_the_clock, &face)?.datetime();
        let start = self.zone.to_ambiguous_zoned(start);
        let is_left_out = matches!(start.offset(), AmbiguousOffset::Gap { .. });
        start.compatible().ok().filter(|start| is_left_out && start <= now)
    }
}

/// The last start that is not to come.
fn last_start(starts: &Crontab, now: &Zoned) -> Option<Zoned> {
    LOOK_BACK_HOURS.iter().find_map(|hours| {
        let from = now.checked_sub(Span::new().hours(*hours)).ok()?;
        let starts = starts.iter_after(MakeTimestamp(from.timestamp())).ok()?;
        starts.map_while(Result::ok).take_while(|start| start <= now).last()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(cron: &str, duration: &str, zone: &str) -> Result<FreezeWindow, String> {
        FreezeWindow::new("w", cron, duration, zone, vec!["*".into()], "slipway.hcl:1".into())
    }

    fn ends(window: &FreezeWindow, now: &str) -> Option<String> {
        window.ends(now.parse().unwrap()).map(|end| end.to_string())
    }

    #[test]
    fn a_weekend_is_one_from_its_first_moment_until_before_its_last() {
        let weekend = window("0 18 * * FRI", "62h", "Europe/Berlin").unwrap();
        let end = Some("2026-11-30T08:00:00+01:00[Europe/Berlin]".to_owned());
        for (now, expected) in [
            ("2026-11-27T16:59:59Z", None),
            ("2026-11-27T17:00:00Z", end.clone()),
            ("2026-11-29T10:00:00Z", end.clone()),
            ("2026-11-30T06:59:59Z", end),
            ("2026-11-30T07:00:00Z", None),
        ] {
            assert_eq!(ends(&weekend, now), expected, "{now}");
        }
    }

    #[test]
    fn clocks_that_change_make_hours_of_it_or_days() {
        // In March an hour is left out, in October one comes twice.
        let hours = window("0 18 * * FRI", "62h", "Europe/Berlin").unwrap();
        let days = window("0 18 * * FRI", "2d14h", "Europe/Berlin").unwrap();
        let at = |window, now| ends(window, now).unwrap();
        assert_eq!(at(&hours, "2026-03-28T12:00:00Z"), "2026-03-30T09:00:00+02:00[Europe/Berlin]");
        assert_eq!(at(&days, "2026-03-28T12:00:00Z"), "2026-03-30T08:00:00+02:00[Europe/Berlin]");
        assert_eq!(at(&hours, "2026-10-24T12:00:00Z"), "2026-10-26T07:00:00+01:00[Europe/Berlin]");
        assert_eq!(at(&days, "2026-10-24T12:00:00Z"), "2026-10-26T08:00:00+01:00[Europe/Berlin]");
        // One that begins in the hour that is not there begins all the same, one that comes twice does not reopen late.
        let night = window("30 2 * * *", "1h", "Europe/Berlin").unwrap();
        assert!(ends(&night, "2026-03-29T01:45:00Z").is_some(), "03:45 in summer time");
        assert_eq!(ends(&night, "2026-03-29T03:00:00Z"), None);
        assert!(ends(&night, "2026-10-25T00:45:00Z").is_some(), "02:45 in summer time");
        assert_eq!(ends(&night, "2026-10-25T03:00:00Z"), None);
    }

    #[test]
    fn of_windows_that_overlap_the_last_one_counts() {
        let always = window("* * * * *", "3d", "UTC").unwrap();
        assert_eq!(ends(&always, "2026-11-29T10:00:30Z").unwrap(), "2026-12-02T10:00:00+00:00[UTC]");
        let year = window("0 0 20 12 *", "14d", "UTC").unwrap();
        assert_eq!(ends(&year, "2027-01-02T10:00:00Z").unwrap(), "2027-01-03T00:00:00+00:00[UTC]");
        assert_eq!(ends(&year, "2027-01-03T00:00:00Z"), None);
    }

    #[test]
    fn what_is_no_window_says_how_it_is_written() {
        for (cron, duration, zone, says) in [
            ("0 18 * *", "62h", "UTC", "0 18 * * FRI"),
            ("0 18 * * FRI UTC", "62h", "UTC", "0 18 * * FRI"),
            ("0 25 * * FRI", "62h", "UTC", "0 18 * * FRI"),
            ("0 0 30 2 *", "62h", "UTC", "0 18 * * FRI"),
            ("0 18 * * FRI", "0h", "UTC", "more than nothing"),
            ("0 18 * * FRI", "-2h", "UTC", "more than nothing"),
            ("0 18 * * FRI", "9999d", "UTC", "at most 366 days"),
            ("0 18 * * FRI", "long", "UTC", "62h or 2d14h"),
            ("0 18 * * FRI", "62h", "Mars/Base", "Europe/Berlin"),
            ("", "62h", "UTC", "0 18 * * FRI"),
        ] {
            let error = window(cron, duration, zone).unwrap_err();
            assert!(error.contains(says), "{cron} {duration} {zone}: {error}");
        }
    }
}
