//! `slipway man`: the manual page.

use clap::{Args, CommandFactory};

use super::exit::{CliError, Exit};
use super::ui::Ui;

/// Print the manual page in roff; read it with `slipway man | man -l -`
#[derive(Args, Clone, Debug)]
pub struct ManArgs {}

/// Prints the page.
pub fn cmd_man(ui: Ui, _args: &ManArgs) -> Result<Exit, CliError> {
    let mut page = Vec::new();
    let rendered = clap_mangen::Man::new(super::Cli::command()).render(&mut page);
    rendered.map_err(|error| CliError::failed(format!("could not print: {error}"), None))?;
    page.extend(exit_status().bytes());
    ui.raw(&String::from_utf8_lossy(&page))?;
    Ok(Exit::Done)
}

/// The section on exit codes, which clap knows nothing of.
fn exit_status() -> String {
    let rows = Exit::ALL.iter().map(|exit| {
        let meaning = exit.meaning().replace('`', "").replace('-', "\\-");
        format!(".TP\n\\fB{}\\fR\n{meaning}\n", *exit as i32)
    });
    std::iter::once(".SH EXIT STATUS\n".to_owned()).chain(rows).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
