//! How long units took, on the way from the jobs of one run to those of the next.
//!
//! What is handed on is an object of names and seconds. Jobs run the code of a branch, so that it may hold anything: what is no
//! time is left out, and nothing of it does more than cut jobs badly.

use std::collections::BTreeMap;

use serde_json::Value;

/// Seconds by the names of units.
pub type Seconds = BTreeMap<String, f64>;

/// No unit takes longer than a job may, which is a day at most.
const LONGEST: f64 = 24.0 * 60.0 * 60.0;
/// What is kept has no more units: with those that are gone it would grow for ever.
const MOST: usize = 20_000;

/// What a file says.
#[derive(Debug, PartialEq)]
pub struct Told {
    /// The times in it.
    pub seconds: Seconds,
    /// How many of its entries are none.
    pub left_out: usize,
}

/// Reads such an object.
pub fn read(text: &str) -> Result<Told, serde_json::Error> {
    let all: BTreeMap<String, Value> = serde_json::from_str(text)?;
    let count = all.len();
    let is_time = |seconds: &f64| seconds.is_finite() && *seconds >= 0.0;
    let seconds: Seconds = all
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.as_f64().filter(is_time)?.min(LONGEST))))
        .collect();
    let left_out = count - seconds.len();
    Ok(Told { seconds, left_out })
}

/// What is known after a run: what it measured, and of other units what was known before. Where that would be too much, it begins
/// anew.
pub fn together(before: Seconds, measured: Seconds) -> Seconds {
    let mut all = before;
    all.extend(measured.iter().map(|(name, seconds)| (name.clone(), *seconds)));
    if all.len() > MOST {
        all = measured.into_iter().take(MOST).collect();
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_time_is_left_out_and_what_is_too_long_counts_as_a_day() {
        let text = r#"{"a": 1.5, "b": -1, "c": "2", "d": null, "e": 1e300, "ö/\"x\"": 0, "": 3, "f": {"g": 1}, "h": 1e999}"#;
        let Told { seconds, left_out } = read(text).unwrap();
        let expected = [("", 3.0), ("a", 1.5), ("e", LONGEST), ("ö/\"x\"", 0.0)];
        assert_eq!(seconds, expected.map(|(name, seconds)| (name.to_owned(), seconds)).into());
        assert_eq!(left_out, 5);
        for broken in ["", "{", "[]", "null", "{\"a\": NaN}", "{\"a\": -Infinity}"] {
            assert!(read(broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn a_run_says_anew_what_it_measured_and_what_is_kept_has_an_end() {
        let seconds =
            |all: &[(&str, f64)]| all.iter().map(|(name, time)| ((*name).to_owned(), *time)).collect();
        let kept = together(seconds(&[("a", 1.0), ("b", 2.0)]), seconds(&[("b", 3.0), ("c", 4.0)]));
        assert_eq!(kept, seconds(&[("a", 1.0), ("b", 3.0), ("c", 4.0)]));
        let many =
            |word: &str, count| (0..count).map(|unit| (format!("{word}-{unit}"), 1.0)).collect::<Seconds>();
        assert_eq!(together(many("gone", MOST - 1), many("new", 1)).len(), MOST);
        assert_eq!(together(many("gone", MOST), many("new", 3)), many("new", 3));
        assert_eq!(together(Seconds::new(), many("new", MOST + 5)).len(), MOST);
    }
}
