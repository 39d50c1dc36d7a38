//! `slipway man`: the manual, a page a command.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_mangen::Man;

use super::examples;
use super::exit::Exit;
use super::global::Global;
use super::help;
use crate::launch::{CommandError, working_dir};
use crate::support::confined::{EVERYBODY, Named};
use crate::support::counted::plural;
use crate::terragrunt::paths;
use crate::ui::Ui;

/// Print a page of the manual in roff, or write all of them
///
/// Read one with `slipway man plan | man -l -`.
#[derive(Args, Clone, Debug)]
pub struct ManArgs {
    /// The command whose page it is, such as `plan` or `image set` [default: the program's own]
    #[arg(conflicts_with = "folder")]
    command: Vec<String>,

    /// Write the pages of all commands into this folder
    #[arg(long = "out", id = "folder", value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Prints the page, or writes them.
pub fn cmd_man(ui: Ui, global: &Global, args: &ManArgs) -> Result<Exit, CommandError> {
    let mut program = help::command();
    program.build();
    if let Some(out) = &args.out {
        let mut pages = Vec::new();
        collect(&program, &[], &mut pages)?;
        let out = paths::join(&working_dir(&global.invocation())?, out);
        for (name, page) in &pages {
            Named::new(&out.join(name), &[])?.write(page, EVERYBODY)?;
        }
        ui.say(&format!("{} {} in {}", pages.len(), plural(pages.len(), "page"), out.display()));
        return Ok(Exit::Done);
    }
    let mut command = &program;
    for name in &args.command {
        command = command.find_subcommand(name).ok_or_else(|| {
            let words = args.command.join(" ");
            CommandError::usage(format!("there is no command `{words}`"), "`slipway --help` lists them")
        })?;
    }
    let path: Vec<&str> = args.command.iter().map(String::as_str).collect();
    ui.raw(&String::from_utf8_lossy(&page(command, &path)?))?;
    Ok(Exit::Done)
}

/// The pages of a command and of all below it, each with its file's name.
fn collect(
    command: &Command,
    path: &[&str],
    pages: &mut Vec<(PathBuf, Vec<u8>)>,
) -> Result<(), CommandError> {
    let name = std::iter::once("slipway").chain(path.iter().copied()).collect::<Vec<_>>().join("-");
    pages.push((Path::new(&name).with_extension("1"), page(command, path)?));
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        collect(below, &[path, &[below.get_name()]].concat(), pages)?;
    }
    Ok(())
}

fn page(command: &Command, path: &[&str]) -> Result<Vec<u8>, CommandError> {
    let typed = std::iter::once("slipway").chain(path.iter().copied()).collect::<Vec<_>>();
    // The examples have a section of their own.
    let described = command.clone().display_name(typed.join("-")).after_help("").after_long_help("");
    let man = Man::new(described)
        .title(typed.join("-").to_uppercase())
        .source(format!("slipway {}", env!("CARGO_PKG_VERSION")))
        .manual("Slipway");
    let mut page = Vec::new();
    let rendered = man
        .render_title(&mut page)
        .and_then(|()| man.render_name_section(&mut page))
        .and_then(|()| man.render_synopsis_section(&mut page))
        .and_then(|()| man.render_description_section(&mut page))
        .and_then(
            |()| {
                if command.has_subcommands() { man.render_subcommands_section(&mut page) } else { Ok(()) }
            },
        )
        .and_then(|()| man.render_options_section(&mut page))
        .and_then(|()| page.write_all(shown(examples::of(&typed.join(" ")).unwrap_or_default()).as_bytes()));
    rendered.map_err(|error| CommandError::failed(format!("could not print: {error}"), None))?;
    // Those of all commands are in the program's own page.
    if path.is_empty() {
        page.extend(exit_status().bytes());
    }
    Ok(page)
}

/// The section on exit codes, which clap knows nothing of.
fn exit_status() -> String {
    let rows = Exit::ALL.iter().map(|exit| {
        let meaning = exit.meaning().replace('`', "").replace('-', "\\-");
        format!(".TP\n\\fB{}\\fR\n{meaning}\n", *exit as i32)
    });
    std::iter::once(".SH EXIT STATUS\n".to_owned()).chain(rows).collect()
}

/// The examples in roff.
fn shown(examples: &[examples::Example]) -> String {
    let example = |(line, what): &examples::Example| format!(".TP\n\\fB{}\\fR\n{}\n", roff(line), roff(what));
    format!(".SH EXAMPLES\n{}", examples.iter().map(example).collect::<String>())
}

/// A line as it is: nothing in it is a request, and a hyphen is one that can be typed.
fn roff(line: &str) -> String {
    let line = line.replace('\\', "\\e").replace('-', "\\-");
    if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_with_its_examples() {
        let mut program = help::command();
        program.build();
        let mut pages = Vec::new();
        collect(&program, &[], &mut pages).unwrap();
        let named = |name: &str| {
            let page = pages.iter().find(|(file, _)| file == Path::new(name));
            String::from_utf8(page.unwrap_or_else(|| panic!("no {name}")).1.clone()).unwrap()
        };
        assert!(pages.len() > 30);
        let plan = named("slipway-plan.1");
        assert!(plan.contains(".TH SLIPWAY-PLAN 1") && plan.contains(".SH \"HOW UNITS RUN\""), "{plan}");
        assert!(plan.contains(".SH EXAMPLES\n.TP\n\\fBslipway plan dev \\-\\-detail\\fR\n"), "{plan}");
        assert!(named("slipway-image-set.1").contains("slipway image set"));
        assert!(named("slipway.1").contains("slipway\\-image(1)"));
        for (name, page) in &pages {
            let page = String::from_utf8_lossy(page);
            assert!(page.contains(".SH EXAMPLES") && !page.contains("EXTRA"), "{}", name.display());
        }
    }

    #[test]
    fn the_manual_has_every_exit_code() {
        let section = exit_status();
        assert!(
            section.starts_with(".SH EXIT STATUS\n.TP\n\\fB0\\fR\ndone, or nothing to do\n"),
            "{section}"
        );
        assert!(section.ends_with(".TP\n\\fB130\\fR\ninterrupted\n"), "{section}");
        assert!(section.contains("only with slipway plan \\-\\-detailed\\-exitcode"), "{section}");
    }
}
