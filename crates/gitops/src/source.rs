//! Who asks: the pipeline or the person behind a bump, for its trailer.

/// Says from the environment what runs this, and for whom: `https://…/actions/runs/7 by alice at 3f2a…`.
///
/// `variable` reads an environment variable. Where nothing is known, there is nothing to say.
pub fn bump_source(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let known = |name: &str| variable(name).filter(|value| !value.is_empty());
    let (run, person, commit) = if let Some(run) = known("GITHUB_RUN_ID") {
        let server = known("GITHUB_SERVER_URL").unwrap_or_else(|| "https://github.com".to_owned());
        let repository = known("GITHUB_REPOSITORY").unwrap_or_default();
        let run = format!("{server}/{repository}/actions/runs/{run}");
        (run, known("GITHUB_ACTOR"), known("GITHUB_SHA"))
    } else if let Some(run) = known("CI_JOB_URL") {
        (run, known("GITLAB_USER_LOGIN"), known("CI_COMMIT_SHA"))
    } else if let Some(run) = known("BUILD_URL") {
        (run, known("BUILD_USER_ID"), known("GIT_COMMIT"))
    } else {
        return known("USER").or_else(|| known("LOGNAME"));
    };
    let person = person.map(|person| format!(" by {person}")).unwrap_or_default();
    let commit = commit.map(|commit| format!(" at {commit}")).unwrap_or_default();
    Some(format!("{run}{person}{commit}"))
}

/// The commit that a pipeline built, in the repository of the source.
pub fn bump_source_commit(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let names = ["GITHUB_SHA", "CI_COMMIT_SHA", "GIT_COMMIT"];
    names.into_iter().find_map(|name| variable(name).filter(|value| !value.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(variables: &[(&str, &str)]) -> Option<String> {
        bump_source(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_github_run_is_named_by_its_address_its_actor_and_its_commit() {
        let variables = [
            ("GITHUB_RUN_ID", "7"),
            ("GITHUB_SERVER_URL", "https://github.example.com"),
            ("GITHUB_REPOSITORY", "org/app-a"),
            ("GITHUB_ACTOR", "alice"),
            ("GITHUB_SHA", "3f2a"),
            ("USER", "runner"),
        ];
        assert_eq!(
            source(&variables).unwrap(),
            "https://github.example.com/org/app-a/actions/runs/7 by alice at 3f2a"
        );
    }

    #[test]
    fn a_gitlab_job_is_named_by_its_address() {
        let variables =
            [("CI_JOB_URL", "https://gitlab.example.com/org/a/-/jobs/9"), ("GITLAB_USER_LOGIN", "bob")];
        assert_eq!(source(&variables).unwrap(), "https://gitlab.example.com/org/a/-/jobs/9 by bob");
    }

    #[test]
    fn outside_of_a_pipeline_it_is_the_person() {
        assert_eq!(source(&[("USER", "carol")]).as_deref(), Some("carol"));
        assert_eq!(source(&[("USER", "")]), None);
    }
}
