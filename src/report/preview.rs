//! What a revision would do to applications: for people, and as a comment of a pull request, which always fits.

use super::foreign::one_line;
use super::markdown::LIMIT;
use super::markdown::escape::{beginning_of, block, code, html_code};
use crate::argocd::{Fate, ObjectChange, Preview, Previewed, State};
use crate::support::redact;
use crate::support::shown;

/// What the table may take, so that there is room for differences.
const TABLE: usize = 20_000;
/// The most of one error.
const MESSAGE: usize = 1_500;
/// The most of one application's differences.
const DIFFERENCES: usize = 20_000;
/// What the last lines need.
const RESERVED: usize = 600;

/// Lines for people.
pub fn text(preview: &Preview) -> String {
    let mut text = String::new();
    for application in preview.applications.iter().filter(|one| one.state != State::Same) {
        let title = format!("{} {}: {}", sign(application.state), application.name, what(application));
        text.extend([&*shown::name(&title), "\n"]);
        for line in application.error.iter().chain(&application.notes) {
            text.extend(["  ", &*shown::one_line(line), "\n"]);
        }
        for object in &application.objects {
            let title = format!("  {} {}", fate(object.change), label(object));
            text.extend([&*shown::name(&title), "\n"]);
            for line in object.difference.lines() {
                text.extend(["    ", &*shown::name(line), "\n"]);
            }
        }
    }
    for (name, follows) in &preview.elsewhere {
        let line = format!("= {name} follows {}, and not {}", follows.join(", "), preview.branch);
        text.extend([&*shown::name(&line), "\n"]);
    }
    text.push_str(&summary(preview));
    text
}

/// A comment for a pull request. It begins with a line that is not shown, by which a pipeline finds it again to replace it.
pub fn markdown(preview: &Preview) -> String {
    let mut text = format!(
        "<!-- slipway argocd diff -->\n## What {} would change\n\n{}\n\n",
        code(&preview.revision),
        summary(preview)
    );
    let mut shown: Vec<&Previewed> =
        preview.applications.iter().filter(|one| one.state != State::Same).collect();
    // What does not work stands first.
    shown.sort_by_key(|one| one.state != State::Failed);
    let mut left_out = 0;
    if !shown.is_empty() {
        text.push_str("| | Application | |\n|:-:|:--|:--|\n");
    }
    for one in &shown {
        let row = format!("| {} | {} | {} |\n", sign(one.state), code(&one.name), what(one));
        if text.len() + row.len() > TABLE {
            left_out += 1;
        } else {
            text.push_str(&row);
        }
    }
    for one in shown {
        let part = details(one);
        if text.len() + part.len() > LIMIT - RESERVED {
            left_out += 1;
        } else {
            text.push_str(&part);
        }
    }
    if left_out > 0 {
        text = format!("{text}\n**Left out, because a comment holds no more:** {left_out} parts.\n");
    }
    let command = code(&format!("slipway argocd diff --revision {}", preview.revision));
    let text = format!("{text}\n<sub>Rendered by Argo CD; the whole of it: {command}</sub>\n");
    redact::clean(&text).into_owned()
}

fn details(application: &Previewed) -> String {
    let mut inside = String::new();
    for line in application.error.iter().chain(&application.notes) {
        inside.push_str(&block(&beginning_of(line, MESSAGE), ""));
    }
    let mut lines = String::new();
    for object in &application.objects {
        lines.extend([fate(object.change), " ", &*one_line(&label(object)), "\n", &object.difference]);
    }
    if !lines.is_empty() {
        inside.push_str(&block(&beginning_of(&lines, DIFFERENCES), "diff"));
    }
    if inside.is_empty() {
        return inside;
    }
    let title = html_code(&application.name);
    format!("\n<details><summary>{title}: {}</summary>\n\n{inside}\n</details>\n", what(application))
}

fn summary(preview: &Preview) -> String {
    let count = |state: State| preview.applications.iter().filter(|one| one.state == state).count();
    let differs = preview.applications.len() - count(State::Same) - count(State::Failed);
    let failed = match count(State::Failed) {
        0 => String::new(),
        failed => format!(", {failed} cannot be rendered"),
    };
    format!("{differs} of {} applications would change{failed}", preview.applications.len())
}

fn what(application: &Previewed) -> String {
    let count = |change: Fate| application.objects.iter().filter(|object| object.change == change).count();
    let counts = format!(
        "{} added, {} changed, {} removed",
        count(Fate::Added),
        count(Fate::Changed),
        count(Fate::Removed)
    );
    match application.state {
        State::Failed => "cannot be rendered".to_owned(),
        State::Same => "the same".to_owned(),
        State::New => format!("new, {counts}"),
        State::Removed => format!("gone, {counts}"),
        State::Changed => counts,
    }
}

fn label(object: &ObjectChange) -> String {
    let ObjectChange { kind, name, namespace, .. } = object;
    let place = if namespace.is_empty() { String::new() } else { format!(" in {namespace}") };
    format!("{kind}/{name}{place}")
}

fn sign(state: State) -> &'static str {
    match state {
        State::Changed => "~",
        State::Same => "=",
        State::New => "+",
        State::Removed => "-",
        State::Failed => "✗",
    }
}

fn fate(change: Fate) -> &'static str {
    match change {
        Fate::Added => "+",
        Fate::Changed => "~",
        Fate::Removed => "-",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn application(name: &str, difference: &str) -> Previewed {
        Previewed {
            name: name.to_owned(),
            state: State::Changed,
            now: Vec::new(),
            then: Vec::new(),
            error: None,
            notes: Vec::new(),
            objects: vec![ObjectChange {
                group: "apps".to_owned(),
                kind: "Deployment".to_owned(),
                namespace: "web".to_owned(),
                name: "web".to_owned(),
                change: Fate::Changed,
                difference: difference.to_owned(),
            }],
        }
    }

    fn preview(applications: Vec<Previewed>) -> Preview {
        Preview {
            revision: "change".to_owned(),
            branch: "main".to_owned(),
            applications,
            elsewhere: BTreeMap::from([("old".to_owned(), vec!["v1".to_owned()])]),
        }
    }

    #[test]
    fn what_cannot_be_rendered_stands_first_and_differences_are_below() {
        let mut failed = application("z-broken", "");
        (failed.state, failed.error, failed.objects) =
            (State::Failed, Some("no such path".to_owned()), Vec::new());
        let preview = preview(vec![application("web", "@@ -1 +1 @@\n-a\n+b\n"), failed]);
        let page = markdown(&preview);
        let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("no {text:?} in {page}"));
        assert!(place("✗ | `z-broken`") < place("~ | `web` | 0 added, 1 changed, 0 removed"));
        assert!(place("no such path") < place("-a\n+b"));
        assert!(page.contains("1 of 2 applications would change, 1 cannot be rendered"), "{page}");
        let lines = text(&preview);
        assert!(
            lines.contains("~ web: 0 added, 1 changed, 0 removed\n  ~ Deployment/web in web\n"),
            "{lines}"
        );
        assert!(lines.contains("= old follows v1, and not main"), "{lines}");
    }

    #[test]
    fn a_comment_fits_whatever_there_is_and_nothing_in_it_ends_its_block() {
        let long = "+ a line ``` of it </details>\n".repeat(3_000);
        let many: Vec<Previewed> =
            (0..900).map(|number| application(&format!("app-{number}"), &long)).collect();
        let page = markdown(&preview(many));
        assert!(page.len() <= LIMIT, "{}", page.len());
        assert!(page.contains("Left out"), "{page}");
        assert_eq!(page.matches("````diff").count(), page.matches("<details>").count());
    }
}
