//! What is missing, said in one line, however many Applications there are.

use std::collections::BTreeSet;

use crate::support::counted::listed;

/// So many are each told by name; of more, how many there are.
const FEW: usize = 4;
/// So many different reasons are told, and so many names for each.
const REASONS: usize = 4;
const NAMES: usize = 3;
/// So many are told where nothing is waited for any longer.
const LAST: usize = 20;

/// Something that is not as it is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lacking {
    /// What it is called.
    pub name: String,
    /// Why.
    pub text: String,
    /// Whether it will not go away by waiting alone, as far as one can see.
    pub is_trouble: bool,
}

impl std::fmt::Display for Lacking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.name.is_empty() { f.write_str(&self.text) } else { write!(f, "{}: {}", self.name, self.text) }
    }
}

/// Makes a line of what is missing now, and remembers it for the next.
#[derive(Debug, Default)]
pub(super) struct Telling {
    before: BTreeSet<String>,
}

impl Telling {
    /// The line; `count` is how many are waited for.
    pub fn line(&mut self, count: usize, lacking: &[Lacking]) -> String {
        let now: BTreeSet<String> = lacking.iter().map(|one| one.name.clone()).collect();
        let mut since: Vec<String> = self.before.difference(&now).cloned().collect();
        since.retain(|name| !name.is_empty());
        self.before = now;
        if lacking.len() <= FEW {
            return lacking.iter().map(Lacking::to_string).collect::<Vec<_>>().join("; ");
        }
        let green = count.saturating_sub(lacking.len());
        let since = if since.is_empty() {
            String::new()
        } else {
            format!(", now also {}", listed(since.iter(), NAMES))
        };
        let groups = groups(lacking);
        let more: usize = groups.iter().skip(REASONS).map(|(_, names)| names.len()).sum();
        let told = groups.iter().take(REASONS).map(|(text, names)| {
            let names: Vec<&str> = names.iter().copied().filter(|name| !name.is_empty()).collect();
            if names.is_empty() {
                (*text).to_owned()
            } else {
                format!("{}: {text}", listed(names.iter(), NAMES))
            }
        });
        let told: Vec<String> = told.collect();
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        format!("{green} of {count} are green{since}; {}{more}", told.join("; "))
    }
}

/// What is missing at the end, by name, up to a number that still can be read.
pub(super) fn last(lacking: &[Lacking]) -> Vec<String> {
    let mut sorted: Vec<&Lacking> = lacking.iter().collect();
    sorted.sort_by_key(|one| !one.is_trouble);
    let mut told: Vec<String> = sorted.iter().take(LAST).map(ToString::to_string).collect();
    if lacking.len() > LAST {
        told.push(format!("and {} more", lacking.len() - LAST));
    }
    told
}

/// The reasons with the names that they are told of: what will not mend itself first, then what many have in common.
fn groups(lacking: &[Lacking]) -> Vec<(&str, Vec<&str>)> {
    let mut groups: Vec<(bool, &str, Vec<&str>)> = Vec::new();
    for Lacking { name, text, is_trouble } in lacking {
        match groups.iter_mut().find(|(_, known, _)| known == text) {
            Some((_, _, names)) => names.push(name),
            None => groups.push((*is_trouble, text, vec![name])),
        }
    }
    groups.sort_by_key(|(is_trouble, _, names)| (!is_trouble, std::cmp::Reverse(names.len())));
    groups.into_iter().map(|(_, text, names)| (text, names)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lacking(name: &str, text: &str, is_trouble: bool) -> Lacking {
        Lacking { name: name.to_owned(), text: text.to_owned(), is_trouble }
    }

    #[test]
    fn few_are_told_each_and_many_by_what_they_have_in_common() {
        let mut telling = Telling::default();
        let few = [lacking("a", "Progressing", false), lacking("", "no Application follows x", true)];
        assert_eq!(telling.line(2, &few), "a: Progressing; no Application follows x");

        let mut telling = Telling::default();
        let mut many: Vec<Lacking> =
            (0..200).map(|number| lacking(&format!("app-{number:03}"), "still at 0123", false)).collect();
        many[7].text = "Degraded".to_owned();
        many[7].is_trouble = true;
        let line = telling.line(200, &many);
        assert_eq!(
            line,
            "0 of 200 are green; app-007: Degraded; app-000, app-001, app-002 and 196 more: still at 0123"
        );
        let line = telling.line(200, &many[2..]);
        assert!(
            line.starts_with("2 of 200 are green, now also app-000, app-001; app-007: Degraded;"),
            "{line}"
        );
        for (number, one) in many.iter_mut().enumerate() {
            one.text = format!("a reason of its own, {number}");
        }
        let line = telling.line(200, &many);
        assert!(line.len() < 400 && line.ends_with("; and 196 more"), "{line}");
    }

    #[test]
    fn the_last_word_names_what_is_in_trouble_first() {
        let mut many: Vec<Lacking> =
            (0..30).map(|number| lacking(&format!("a{number}"), "x", false)).collect();
        many[29].is_trouble = true;
        let told = last(&many);
        assert_eq!((told.len(), told[0].as_str(), told[20].as_str()), (21, "a29: x", "and 10 more"));
    }
}
