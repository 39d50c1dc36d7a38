//! What later steps of a pipeline read of a run: `name=value` lines, as GitHub's runners take them from the file that
//! `GITHUB_OUTPUT` names.

use super::model::Summary;
use crate::run::event::Outcome;

/// The lines of a run; all values are plain words and numbers, so that none needs a delimiter.
pub fn step_outputs(summary: &Summary) -> String {
    let count = |is: fn(&Outcome) -> bool| {
        let ended = summary.nodes.iter().filter_map(|row| row.outcome.as_ref());
        ended.filter(|outcome| is(outcome)).count()
    };
    let failed = count(Outcome::is_failure);
    let left =
        summary.nodes.iter().filter(|row| !row.outcome.as_ref().is_some_and(Outcome::is_success)).count();
    let result = match (failed, left) {
        (0, 0) => "done",
        (0, _) => "unfinished",
        _ => "failed",
    };
    let run: String =
        summary.run.chars().filter(|sign| sign.is_ascii_alphanumeric() || "-_.".contains(*sign)).collect();
    format!(
        "run={run}\nresult={result}\nhas-changes={}\nhas-drifted={}\nunits={}\nfailed={failed}\n",
        summary.has_changes(),
        summary.has_drifted(),
        summary.nodes.len(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Action;
    use crate::report::fixture::{Run, failed};

    #[test]
    fn a_run_is_told_in_words_that_a_step_can_compare() {
        let run = Run::of("plan", &[("vpc", &[]), ("db", &["vpc"])])
            .planned(1, "vpc", &[(Action::Create, "aws_vpc.main")])
            .ends(2, "vpc", Outcome::Planned, 1.0)
            .planned(3, "db", &[])
            .ends(4, "db", Outcome::Planned, 1.0)
            .finished(5);
        let told = step_outputs(&run);
        assert_eq!(
            told,
            "run=20261124-150000-abcdef\nresult=done\nhas-changes=true\nhas-drifted=false\nunits=2\nfailed=0\n"
        );
    }

    #[test]
    fn what_failed_and_what_was_not_done_is_no_success() {
        let run = |outcome| Run::of("apply", &[("vpc", &[])]).ends(2, "vpc", outcome, 1.0).finished(5);
        assert!(step_outputs(&run(failed("no"))).contains("result=failed\n"));
        assert!(step_outputs(&run(Outcome::Interrupted)).contains("result=unfinished\n"));
    }

    #[test]
    fn the_id_of_a_run_of_somebody_else_begins_no_line() {
        let mut run = Run::of("plan", &[]).finished(5);
        run.run = "x\nhas-changes=true<<EOF".to_owned();
        assert!(step_outputs(&run).starts_with("run=xhas-changestrueEOF\nresult="), "{}", step_outputs(&run));
    }
}
