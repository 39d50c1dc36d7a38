//! Functions on points in time, written as RFC 3339.

use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

use super::super::value::Value;
use super::arguments::Arguments;
use super::{Called, Function};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("formatdate", (2, 2), format_date),
    // Terraform's own time of the plan; the nearest thing here is now.
    Function::new("plantimestamp", (0, 0), |_| Ok(now())),
    Function::new("timeadd", (2, 2), |arguments| {
        let moment = Moment::of(arguments, 0)?;
        let duration = duration(&arguments.string(1)?)
            .ok_or_else(|| Arguments::wrong(1, "must be a duration such as 10m or -1h30m"))?;
        let at = moment.at.checked_add(duration);
        let at = at.map_err(|_| Arguments::wrong(1, "leads out of the years that can be written"))?;
        Ok(Value::string(Moment { at, ..moment }.to_string()))
    }),
    Function::new("timecmp", (2, 2), |arguments| {
        let order = Moment::of(arguments, 0)?.at.cmp(&Moment::of(arguments, 1)?.at);
        Ok(Value::integer(order as i64))
    }),
    Function::new("timestamp", (0, 0), |_| Ok(now())),
];

fn now() -> Value {
    Value::string(Moment { at: Timestamp::now(), offset: Offset::UTC }.to_string())
}

/// A point in time with the offset it was written with.
#[derive(Clone, Copy)]
struct Moment {
    at: Timestamp,
    offset: Offset,
}

impl Moment {
    fn of(arguments: &Arguments<'_>, index: usize) -> Called<Self> {
        let text = arguments.string(index)?;
        Self::parse(&text).ok_or_else(|| {
            Arguments::wrong(
                index,
                format!("must be a time such as 2026-01-31T12:00:00Z, but it is `{text}`"),
            )
        })
    }

    /// Exactly `YYYY-MM-DDThh:mm:ss[.fraction](Z|±hh:mm)`: jiff takes more than RFC 3339 has.
    fn parse(text: &str) -> Option<Self> {
        let shape = b"0000-00-00T00:00:00";
        let head = text.as_bytes().get(..shape.len())?;
        let fits = head.iter().zip(shape).all(|(given, wanted)| match wanted {
            b'0' => given.is_ascii_digit(),
            other => given == other,
        });
        let rest = text.get(shape.len()..).filter(|_| fits)?;
        let zone = match rest.strip_prefix('.') {
            Some(fraction) => {
                let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
                fraction.get(digits..).filter(|_| digits > 0)?
            }
            None => rest,
        };
        let offset = match zone.as_bytes() {
            b"Z" => Offset::UTC,
            [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2]
                if [h1, h2, m1, m2].iter().all(|digit| digit.is_ascii_digit()) =>
            {
                let two = |tens: u8, ones: u8| i32::from(tens - b'0') * 10 + i32::from(ones - b'0');
                let (hours, minutes) = (two(*h1, *h2), two(*m1, *m2));
                let seconds = (hours * 60 + minutes) * 60;
                if hours > 23 || minutes > 59 {
                    return None;
                }
                Offset::from_seconds(if *sign == b'-' { -seconds } else { seconds }).ok()?
            }
            _ => return None,
        };
        Some(Self { at: text.parse().ok()?, offset })
    }

    fn local(self) -> jiff::civil::DateTime {
        self.offset.to_datetime(self.at)
    }

    /// The offset as sign, hours and minutes.
    fn offset_parts(self) -> (char, i32, i32) {
        let seconds = self.offset.seconds();
        (if seconds < 0 { '-' } else { '+' }, seconds.abs() / 3600, seconds.abs() / 60 % 60)
    }

    fn zone(self, colon: bool) -> String {
        let (sign, hours, minutes) = self.offset_parts();
        format!("{sign}{hours:02}{}{minutes:02}", if colon { ":" } else { "" })
    }
}

impl std::fmt::Display for Moment {
    /// Whole seconds, as Terraform writes them.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let local = self.local();
        let (year, month, day) = (local.year(), local.month(), local.day());
        let (hour, minute, second) = (local.hour(), local.minute(), local.second());
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        if self.offset == Offset::UTC { f.write_str("Z") } else { f.write_str(&self.zone(true)) }
    }
}

/// A YAML timestamp as RFC 3339: a date alone, with a time behind a space, or with a time and a zone behind `T`;
/// months, days, hours, minutes and seconds can lack their leading zero.
pub(super) fn from_yaml(text: &str) -> Option<String> {
    let (date, rest) = text.split_at(text.find([' ', 'T', 't']).unwrap_or(text.len()));
    let mut letters = rest.chars();
    let time = letters.next().map(|separator| (separator, letters.as_str()));
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let padded = |part: &str| {
        let fits = (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| format!("{part:0>2}"))
    };
    if year.len() != 4 || parts.next().is_some() {
        return None;
    }
    let date = format!("{year}-{}-{}", padded(month)?, padded(day)?);
    let Some((separator, time)) = time else {
        return Moment::parse(&format!("{date}T00:00:00Z")).map(|moment| moment.to_string());
    };
    let zone_start = time.find(['Z', '+', '-']).unwrap_or(time.len());
    let (clock, zone) = time.split_at(zone_start);
    let zone = match (separator, zone) {
        (' ', "") => "Z",
        (' ', _) | (_, "") => return None,
        (_, zone) => zone,
    };
    let (clock, fraction) = clock.split_at(clock.find('.').unwrap_or(clock.len()));
    let clock = clock.split(':').map(padded).collect::<Option<Vec<_>>>()?;
    if clock.len() != 3 {
        return None;
    }
    Moment::parse(&format!("{date}T{}{fraction}{zone}", clock.join(":"))).map(|moment| moment.to_string())
}

/// Go's durations: numbers with units in a row, one sign for all.
fn duration(text: &str) -> Option<SignedDuration> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(SignedDuration::ZERO);
    }
    if rest.is_empty() {
        return None;
    }
    let mut nanoseconds: i128 = 0;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (whole, after) = rest.split_at(digits);
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => after.split_at(after.bytes().take_while(u8::is_ascii_digit).count()),
            None => ("", after),
        };
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let length =
            after.find(|letter: char| letter.is_ascii_digit() || letter == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(length);
        let scale: i128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        nanoseconds = nanoseconds.checked_add(whole.checked_mul(scale)?)?;
        let mut part = scale;
        for digit in fraction.bytes() {
            part /= 10;
            nanoseconds += part * i128::from(digit - b'0');
        }
        rest = after;
    }
    // Go keeps durations as nanoseconds of 64 bits.
    let nanoseconds = i64::try_from(if negative { -nanoseconds } else { nanoseconds }).ok()?;
    Some(SignedDuration::from_nanos(nanoseconds))
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Runs of one letter are verbs, text in single quotes is itself, and so is everything else.
fn format_date(arguments: &Arguments<'_>) -> Called {
    let (format, moment) = (arguments.string(0)?, Moment::of(arguments, 1)?);
    let mut text = String::new();
    let mut rest = &*format;
    while let Some(first) = rest.chars().next() {
        if let Some(quoted) = rest.strip_prefix('\'') {
            rest = push_quoted(&mut text, quoted)
                .ok_or_else(|| Arguments::wrong(0, "has a quote that is never closed"))?;
        } else if first.is_ascii_alphabetic() {
            let length = rest.bytes().take_while(|byte| char::from(*byte) == first).count();
            let (verb, after) = rest.split_at(length);
            let part = date_part(moment, verb);
            text += &part
                .ok_or_else(|| Arguments::wrong(0, format!("has the verb `{verb}`, which does not exist")))?;
            rest = after;
        } else {
            text.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        }
    }
    Ok(Value::string(text))
}

/// Text up to the closing quote, of which two stand for one; gives what follows.
fn push_quoted<'t>(text: &mut String, quoted: &'t str) -> Option<&'t str> {
    if let Some(after) = quoted.strip_prefix('\'') {
        text.push('\'');
        return Some(after);
    }
    let mut rest = quoted;
    loop {
        let (before, after) = rest.split_once('\'')?;
        text.push_str(before);
        rest = after;
        match rest.strip_prefix('\'') {
            Some(after) => {
                text.push('\'');
                rest = after;
            }
            None => return Some(rest),
        }
    }
}

fn date_part(moment: Moment, verb: &str) -> Option<String> {
    let local = moment.local();
    let month =
        MONTHS.get(usize::try_from(local.month() - 1).unwrap_or_default()).copied().unwrap_or_default();
    let weekday = match local.weekday() {
        jiff::civil::Weekday::Monday => "Monday",
        jiff::civil::Weekday::Tuesday => "Tuesday",
        jiff::civil::Weekday::Wednesday => "Wednesday",
        jiff::civil::Weekday::Thursday => "Thursday",
        jiff::civil::Weekday::Friday => "Friday",
        jiff::civil::Weekday::Saturday => "Saturday",
        jiff::civil::Weekday::Sunday => "Sunday",
    };
    let hour12 = match local.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    let utc = moment.offset == Offset::UTC;
    Some(match verb {
        "YYYY" => format!("{:04}", local.year()),
        "YY" => format!("{:02}", local.year() % 100),
        "MMMM" => month.to_owned(),
        "MMM" => month.get(..3)?.to_owned(),
        "MM" => format!("{:02}", local.month()),
        "M" => local.month().to_string(),
        "DD" => format!("{:02}", local.day()),
        "D" => local.day().to_string(),
        "EEEE" => weekday.to_owned(),
        "EEE" => weekday.get(..3)?.to_owned(),
        "hh" => format!("{:02}", local.hour()),
        "h" => local.hour().to_string(),
        "HH" => format!("{hour12:02}"),
        "H" => hour12.to_string(),
        "AA" => if local.hour() < 12 { "AM" } else { "PM" }.to_owned(),
        "aa" => if local.hour() < 12 { "am" } else { "pm" }.to_owned(),
        "mm" => format!("{:02}", local.minute()),
        "m" => local.minute().to_string(),
        "ss" => format!("{:02}", local.second()),
        "s" => local.second().to_string(),
        "Z" if utc => "Z".to_owned(),
        "ZZZ" if utc => "UTC".to_owned(),
        "ZZZ" | "ZZZZ" => moment.zone(false),
        "Z" | "ZZZZZ" => moment.zone(true),
        _ => return None,
    })
}
