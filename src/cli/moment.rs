//! Times as people type them: a date, a time, or how long ago.

use std::str::FromStr;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};

/// A time, or how far it is from now.
#[derive(Clone, Copy, Debug)]
pub(super) enum Moment {
    /// A time.
    At(Timestamp),
    /// So far from now.
    Away(Span),
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(time) = text.parse::<Timestamp>() {
            return Ok(Self::At(time));
        }
        let in_utc = |time: DateTime| time.to_zoned(TimeZone::UTC).map(|time| Self::At(time.timestamp()));
        let parsed = match (text.parse::<Date>(), text.parse::<DateTime>()) {
            (Ok(date), _) if !text.contains(['T', 't', ' ', ':']) => in_utc(date.at(0, 0, 0, 0)).ok(),
            (_, Ok(time)) => in_utc(time).ok(),
            _ => text.parse::<Span>().ok().filter(|span| !span.is_negative()).map(Self::Away),
        };
        parsed.ok_or_else(|| "write it like 2026-11-29T10:00Z, 2026-11-29 (in UTC), 90m or 3d".to_owned())
    }
}

impl Moment {
    /// As a time in the past.
    pub(super) fn past(self) -> Option<Timestamp> {
        match self {
            Self::At(time) => Some(time),
            Self::Away(span) => now().checked_sub(span).ok().map(|time| time.timestamp()),
        }
    }

    /// As a time to come.
    pub(super) fn to_come(self) -> Option<Timestamp> {
        match self {
            Self::At(time) => Some(time),
            Self::Away(span) => now().checked_add(span).ok().map(|time| time.timestamp()),
        }
    }
}

fn now() -> Zoned {
    Timestamp::now().to_zoned(TimeZone::UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_they_are_typed() {
        let at = |text: &str| text.parse::<Moment>().unwrap().past().unwrap().to_string();
        for text in
            ["2026-11-29T10:00Z", "2026-11-29T11:00:00+01:00", "2026-11-29 10:00", "2026-11-29T10:00:00"]
        {
            assert_eq!(at(text), "2026-11-29T10:00:00Z", "{text}");
        }
        assert_eq!(at("2026-11-29"), "2026-11-29T00:00:00Z");
        let hour = "1h".parse::<Moment>().unwrap();
        assert!(hour.past().unwrap() < Timestamp::now());
        for text in ["", "yesterday", "-3d", "2026-13-01", "v1"] {
            assert!(text.parse::<Moment>().is_err(), "{text}");
        }
    }
}
