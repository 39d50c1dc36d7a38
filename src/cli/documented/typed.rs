//! What is typed in the documentation can be typed: every `slipway …` of every page is parsed.

use clap::error::ErrorKind;

use super::{Page, pages, repository};
use crate::cli::help;

/// Pages that tell of words that are none of ours, or were ours once.
const OF_OTHER_WORDS: &[&str] = &["docs/habits.md", "CHANGELOG.md"];

/// The commands of a text that has one a line, as a shell would get them.
fn of_lines(text: &str) -> Vec<String> {
    let joined = text.replace("\\\n", " ");
    let prompts = |line: &str| {
        let line = line.trim().trim_start_matches("- ").trim_start_matches("run: ");
        line.trim_start_matches("$ ").to_owned()
    };
    let lines: Vec<String> = joined.lines().map(prompts).collect();
    let commands = lines.iter().flat_map(|line| line.split(" && ")).map(str::trim);
    commands.filter(|line| line.starts_with("slipway ")).map(str::to_owned).collect()
}

/// Those of a page's blocks.
fn of_blocks(page: &Page) -> Vec<String> {
    let blocks = page.fences.iter().filter(|(info, _)| {
        let language = info.split(' ').next().unwrap_or_default();
        ["", "console", "sh", "bash", "yaml"].contains(&language)
    });
    blocks.flat_map(|(_, text)| of_lines(text)).collect()
}

/// Those between backticks.
fn spoken(page: &Page) -> Vec<String> {
    let code = regex::Regex::new(r"`(slipway [^`]+)`").unwrap();
    code.captures_iter(&page.prose).map(|found| found[1].to_owned()).collect()
}

/// The words of a command as far as the shell hands them over; none where no shell reads it.
fn words(command: &str) -> Option<Vec<String>> {
    // A form: what may be left out, what may be repeated, what stands for the rest.
    let form = regex::Regex::new(r"\[[^\]]*\]|…|\.\.\.$").unwrap();
    let command = form.replace_all(command, "");
    // Expressions of a pipeline stand for one word.
    let expression = regex::Regex::new(r"\$\{\{[^}]*\}\}").unwrap();
    let command = expression.replace_all(&command, "value");
    let words = shlex::split(command.split(" #").next().unwrap_or_default())?;
    let redirects = ["|", "&&", ";", ">", "<", "2>"];
    let ends = |word: &String| redirects.iter().any(|start| word.starts_with(start));
    Some(words.into_iter().take_while(|word| !ends(word)).collect())
}

/// Whether clap takes it. What is only spoken of may leave out what the command cannot do without.
fn fault(words: &[String], is_spoken: bool) -> Option<String> {
    let stands_for_any = words.get(1).is_some_and(|word| word == "COMMAND");
    let error = help::parse(words).err().filter(|error| error.use_stderr() && !stands_for_any)?;
    let is_group = error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    let told = error.to_string();
    let is_cut = error.kind() == ErrorKind::MissingRequiredArgument || told.contains("a value is required");
    let is_form = is_group || (is_spoken && is_cut);
    (!is_form).then(|| told.lines().next().unwrap_or_default().to_owned())
}

#[test]
fn every_command_in_the_documentation_is_parsed() {
    let examples = super::files("examples", ".yml").into_iter();
    let examples = examples.map(|path| Page::read(repository(), &path.to_string_lossy()));
    let mut all = Vec::new();
    for page in examples {
        all.extend(of_lines(&page.text).into_iter().map(|line| (page.path.clone(), line, false)));
    }
    for page in pages().iter().filter(|page| !OF_OTHER_WORDS.iter().any(|other| page.path.ends_with(other))) {
        all.extend(of_blocks(page).into_iter().map(|line| (page.path.clone(), line, false)));
        all.extend(spoken(page).into_iter().map(|command| (page.path.clone(), command, true)));
    }
    assert!(all.len() > 200, "{}", all.len());
    let mut wrong = Vec::new();
    for (page, command, is_spoken) in all {
        let fault = match words(&command) {
            Some(words) => fault(&words, is_spoken),
            None => Some("no shell reads it".to_owned()),
        };
        wrong.extend(fault.map(|fault| format!("{}: {command}: {fault}", page.display())));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
