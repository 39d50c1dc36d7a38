//! What people type who come from Terragrunt, Terraform and their like: done where it has a meaning here, else told what to
//! type instead.
//!
//! It is looked at only where the arguments are none of Slipway's own, so that nothing which is right is ever read in
//! another way. The table is told in `docs/habits.md`, and a test holds every line of it.

use std::ffi::OsString;

/// What becomes of arguments that are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Habit {
    /// They mean these.
    Means(Vec<OsString>),
    /// They mean nothing here; this is the way.
    Hint(String),
    /// Nobody knows them.
    Unknown,
}

/// Commands that are called otherwise here; what follows stays.
const COMMANDS: &[(&[&str], &[&str])] = &[
    (&["run", "--all", "init"], &["run", "--", "init"]),
    (&["run", "--all", "state"], &["run", "--", "state"]),
    (&["run", "--all", "import"], &["run", "--", "import"]),
    (&["run", "--all", "providers"], &["run", "--", "providers"]),
    (&["run", "--all", "test"], &["run", "--", "test"]),
    (&["run", "--all", "force-unlock"], &["run", "--", "force-unlock"]),
    (&["run", "--all", "taint"], &["run", "--", "taint"]),
    (&["run", "--all", "untaint"], &["run", "--", "untaint"]),
    (&["run", "--all", "show"], &["run", "--", "show"]),
    (&["run", "--all", "get"], &["run", "--", "get"]),
    (&["run", "--all", "workspace"], &["run", "--", "workspace"]),
    (&["run", "--all", "refresh"], &["run", "--", "refresh"]),
    (&["run-all", "init"], &["run", "--", "init"]),
    (&["run-all", "state"], &["run", "--", "state"]),
    (&["run-all", "import"], &["run", "--", "import"]),
    (&["run-all", "providers"], &["run", "--", "providers"]),
    (&["run-all", "test"], &["run", "--", "test"]),
    (&["run-all", "force-unlock"], &["run", "--", "force-unlock"]),
    (&["run-all", "taint"], &["run", "--", "taint"]),
    (&["run-all", "untaint"], &["run", "--", "untaint"]),
    (&["run-all", "show"], &["run", "--", "show"]),
    (&["run-all", "get"], &["run", "--", "get"]),
    (&["run-all", "workspace"], &["run", "--", "workspace"]),
    (&["run-all", "refresh"], &["run", "--", "refresh"]),
    (&["run", "--all"], &[]),
    (&["run-all"], &[]),
    (&["plan-all"], &["plan"]),
    (&["apply-all"], &["apply"]),
    (&["destroy-all"], &["destroy"]),
    (&["output-all"], &["output"]),
    (&["validate-all"], &["validate"]),
    (&["validate-inputs"], &["validate"]),
    (&["hcl", "validate"], &["validate"]),
    (&["hclvalidate"], &["validate"]),
    (&["render-json"], &["render", "--format", "json"]),
    (&["dag", "graph"], &["graph", "--format", "dot"]),
    (&["graph-dependencies"], &["graph", "--format", "dot"]),
    (&["output-module-groups"], &["graph", "--format", "json"]),
    (&["ls"], &["find"]),
    (&["preview"], &["plan"]),
    (&["diff"], &["plan", "--detail"]),
    (&["deploy"], &["up"]),
    (&["completion"], &["completions"]),
    (&["lint"], &["validate"]),
    (&["outputs"], &["output"]),
    (&["log"], &["runs"]),
    (&["run", "list"], &["runs"]),
    (&["run", "ls"], &["runs"]),
    (&["run", "view"], &["runs", "show"]),
    (&["run", "watch"], &["runs", "watch"]),
];

/// Flags that are called otherwise here; one that ends in `=` has a value, which may also stand behind it.
const FLAGS: &[(&str, Flag)] = &[
    ("auto-approve", Flag::Is("--yes")),
    ("non-interactive", Flag::Unasked),
    ("terragrunt-non-interactive", Flag::Unasked),
    ("json", Flag::Is("--format=json")),
    ("no-color", Flag::Is("--color=never")),
    ("help", Flag::Is("--help")),
    ("version", Flag::Is("--version")),
    ("detailed-exitcode", Flag::Is("--detailed-exitcode")),
    ("chdir=", Flag::Has("--chdir", "")),
    ("working-dir=", Flag::Has("--chdir", "")),
    ("terragrunt-working-dir=", Flag::Has("--chdir", "")),
    ("terragrunt-parallelism=", Flag::Has("--parallelism", "")),
    ("parallelism=", Flag::Has("--parallelism", "")),
    ("terragrunt-tfpath=", Flag::Has("--tf-path", "")),
    ("queue-include-dir=", Flag::Has("--filter", "{./DIR}")),
    ("terragrunt-include-dir=", Flag::Has("--filter", "{./DIR}")),
    ("queue-exclude-dir=", Flag::Has("--filter", "!{./DIR}")),
    ("terragrunt-exclude-dir=", Flag::Has("--filter", "!{./DIR}")),
    ("queue-ignore-errors", Flag::Is("--keep-going")),
    ("terragrunt-ignore-dependency-errors", Flag::Is("--keep-going")),
    ("no-stack-generate", Flag::Is("--no-stack-generate")),
    ("backend-bootstrap", Flag::Is("--backend-bootstrap")),
    ("raw", Flag::Is("--raw")),
    ("out=", Flag::Has("--out", "")),
    ("input", Flag::Gone),
    ("input=", Flag::Gone),
    ("all", Flag::All),
    ("log-level=", Flag::Gone),
    ("terragrunt-log-level=", Flag::Gone),
];

/// What a flag is here.
#[derive(Clone, Copy, Debug)]
enum Flag {
    /// This one.
    Is(&'static str),
    /// This one with the same value; with a value like the second, in which `DIR` stands for it.
    Has(&'static str, &'static str),
    /// Nobody is asked: over several units Terragrunt takes that for a yes, over one the tool does not.
    Unasked,
    /// Several units are meant: behind `run` it belongs to the command.
    All,
    /// There is nothing of the kind: it is left out.
    Gone,
}

/// The global flags with a value behind them.
const VALUED: &[&str] =
    &["-C", "--chdir", "--config", "--format", "--log-format", "--color", "--feature", "--experiment"];

/// What follows `init` where ours is meant: whatever is wrong then is said by that.
const BEGINNINGS: &[&str] = &["estate", "manifests", "source"];

/// The commands that ask before they begin.
const ASKING: &[&str] = &["up", "down", "apply", "destroy", "resume"];

/// What has no equal here, and what to type instead; of two words both count.
const COMMAND_HINTS: &[(&str, &str)] = &[
    (
        "init",
        "nothing has to be initialized: plan and apply do it where it is needed; `slipway init estate` begins a repository",
    ),
    ("get", "type `slipway argocd status` for applications; modules are fetched when they are needed"),
    ("fmt", "type `terragrunt hcl fmt`, `tofu fmt` or `terraform fmt`"),
    ("hclfmt", "type `terragrunt hcl fmt`"),
    ("hcl", "`slipway validate` checks the files; they are formatted by `terragrunt hcl fmt`"),
    ("show", "type `slipway plan --detail` for what would change, `slipway runs show` for what was done"),
    ("refresh", "type `slipway plan`: it looks at what is really there"),
    ("force-unlock", "type `slipway unlock UNIT`"),
    ("state list", "type `slipway run UNIT -- state list`"),
    ("state show", "type `slipway run UNIT -- state show ADDRESS`"),
    (
        "state mv",
        "type `slipway run UNIT -- state mv FROM TO`; `slipway state move` brings a whole unit along",
    ),
    ("state rm", "type `slipway run UNIT -- state rm ADDRESS`"),
    ("state pull", "type `slipway run UNIT -- state pull`"),
    ("state push", "type `slipway run UNIT -- state push FILE`"),
    ("import", "type `slipway run UNIT -- import ADDRESS ID`, or write an `import` block"),
    ("console", "type `slipway render` for what a unit evaluates to"),
    ("workspace", "set TF_WORKSPACE; `slipway plan` honours it"),
    (
        "taint",
        "set TF_CLI_ARGS_plan=-replace=ADDRESS for one `slipway apply`, or type `slipway run UNIT -- taint ADDRESS`",
    ),
    ("untaint", "type `slipway run UNIT -- untaint ADDRESS`"),
    ("providers", "type `slipway run UNIT -- providers`"),
    ("test", "type `slipway run UNIT -- test`"),
    ("exec", "type `slipway exec UNIT -- PROGRAM`; hooks run programs around a unit"),
    ("backend", "pass --backend-bootstrap to plan, apply or up"),
    ("scaffold", "type `terragrunt scaffold`"),
    ("catalog", "type `terragrunt catalog`"),
    ("info", "type `slipway doctor`, or `slipway render` for one unit"),
    ("logs", "type `slipway runs show RUN`: it names the logs"),
    ("status", "type `slipway argocd status` for applications, `slipway runs` for runs"),
    ("history", "type `slipway runs`, or `slipway image history APP`"),
    (
        "sync",
        "type `slipway argocd sync APP`; Argo CD mostly syncs by itself, and `slipway argocd wait` waits until it has",
    ),
    ("reconcile", "type `slipway argocd refresh`, and `slipway argocd wait` to wait until it has synced"),
    ("wait", "type `slipway argocd wait`"),
    ("bootstrap", "type `slipway argocd bootstrap`"),
    ("rollback", "type `slipway image rollback APP`"),
    ("promote", "type `slipway image promote APP --from DIR --to DIR`"),
    ("set", "type `slipway image set APP=IMAGE`"),
    ("rm", "type `slipway destroy PATH`"),
    ("delete", "type `slipway destroy PATH`"),
    ("new", "write a terragrunt.hcl; `slipway validate` checks it"),
    ("login", "credentials are those of the AWS SDK; `slipway doctor` shows them"),
    ("cancel", "stop it where it runs by Ctrl-C; `slipway resume` goes on with it"),
    ("continue", "type `slipway resume`"),
    ("tree", "type `slipway find --tree`"),
    (
        "prune",
        "type `slipway cache prune` for modules and providers, `slipway runs prune` for records of runs",
    ),
    ("run rerun", "type `slipway resume RUN`"),
    ("run cancel", "stop it where it runs by Ctrl-C; `slipway resume` goes on with it"),
    ("rerun", "type `slipway resume`"),
    ("retry", "type `slipway resume`"),
    ("stop", "stop it where it runs by Ctrl-C; `slipway resume` goes on with it"),
    ("ps", "type `slipway runs`"),
    ("events", "type `slipway runs show RUN`, or run with --log-format json for each event as it happens"),
    ("self", UPDATE),
    ("update", UPDATE),
    ("upgrade", UPDATE),
    ("auth", "credentials are those of the AWS SDK; `slipway doctor` shows them"),
    ("whoami", "credentials are those of the AWS SDK; `slipway doctor` shows them"),
    ("config", "settings are in slipway.hcl and in variables; `slipway doctor` shows what counts here"),
    (
        "check",
        "type `slipway doctor` for this machine, `slipway validate` for units, `slipway verify` for a cluster",
    ),
    ("app sync", "type `slipway argocd sync APP`"),
    ("app", "type `slipway argocd status` for applications, `slipway image list` for their images"),
    ("apps", "type `slipway argocd status`"),
    ("cluster", "clusters are blocks of slipway.hcl; `slipway verify` checks one"),
    ("clusters", "clusters are blocks of slipway.hcl; `slipway verify` checks one"),
    ("install", "type `slipway argocd bootstrap`"),
    ("uninstall", "type `slipway argocd uninstall`"),
    ("suspend", "Argo CD follows Git: turn automated sync off in the Application's manifest"),
    ("describe", "type `slipway render UNIT`"),
    ("inspect", "type `slipway render UNIT`"),
    ("browse", "type `slipway graph --format html -o graph.html`"),
    ("create", "write a terragrunt.hcl; `slipway validate` checks it"),
    ("add", "write a terragrunt.hcl; `slipway validate` checks it"),
    ("remove", "type `slipway destroy PATH`"),
    (
        "clean",
        "type `slipway stack clean` for what stacks have generated, `slipway runs prune` for old records",
    ),
    ("cache clean", "type `slipway cache prune`"),
    ("cache dir", "type `slipway cache`: it says where each thing is kept"),
    ("lock", "type `slipway run UNIT -- providers lock`"),
    ("env", "set TF_WORKSPACE; `slipway plan` honours it"),
];

const UPDATE: &str = "update it the way it was installed; `slipway version` says which one this is";

const FLAG_HINTS: &[(&str, &str)] = &[
    ("target", "units are planned whole: choose some by --filter, or set TF_CLI_ARGS_plan=-target=ADDRESS"),
    ("replace", "set TF_CLI_ARGS_plan=-replace=ADDRESS for one `slipway apply`"),
    ("var", "inputs are the unit's: write them there, or set TF_VAR_NAME=VALUE"),
    ("var-file", "write it into the unit's `extra_arguments`, or set TF_CLI_ARGS_plan=-var-file=FILE"),
    ("refresh-only", "`slipway drift` looks at what was changed outside"),
    (
        "refresh",
        "`slipway plan --changed-only` looks again only where something has changed; TF_CLI_ARGS_plan=-refresh=false leaves it out",
    ),
    ("lock", "set TF_CLI_ARGS_plan=-lock=false for one `slipway plan`; an apply always locks"),
    ("lock-timeout", "set TF_CLI_ARGS_apply=-lock-timeout=TIME"),
    ("destroy", "type `slipway destroy`: it shows what would go, and asks"),
    ("upgrade", "type `slipway run UNIT -- init -upgrade`"),
    ("source", "write it into the unit's `terraform { source }`"),
    ("terragrunt-source", "write it into the unit's `terraform { source }`"),
    ("dry-run", "type `slipway plan`"),
    ("verbose", "logs are whole in `slipway runs show`"),
    ("force", "nothing is forced: --yes asks nobody, `slipway unlock UNIT` releases a lock"),
    ("watch", "progress is told as it happens; `slipway argocd wait` waits for applications"),
    ("output", "type --format json"),
    ("o", "type --format json"),
    ("jq", "type --format json, and give it to jq"),
    ("explain", "type `slipway explain CODE`"),
    ("terragrunt-iam-role", "write `iam_role` into the unit's terragrunt.hcl"),
    ("debug", "type `slipway render`, or look into the logs that `slipway runs show` names"),
];

/// What arguments mean that are none of Slipway's; the first is the program.
pub fn habit(arguments: &[OsString]) -> Habit {
    let Some((program, rest)) = arguments.split_first() else { return Habit::Unknown };
    let begins = |pair: &[OsString]| matches!(pair, [init, what] if init == "init" && BEGINNINGS.iter().any(|ours| what == ours));
    if rest.windows(2).any(begins) {
        return Habit::Unknown;
    }
    let mut words = Vec::new();
    let (mut changed, mut is_for_all, mut is_unasked) = (false, false, false);
    let mut rest = rest.iter();
    while let Some(argument) = rest.next() {
        let Some(text) = argument.to_str() else { return Habit::Unknown };
        if text == "--" {
            // Terragrunt's way to give a tool its own arguments.
            changed |= is_run(&words);
            if !is_run(&words) {
                words.push(argument.clone());
            }
            words.extend(rest.by_ref().cloned());
            break;
        }
        match flag(text) {
            Found::None => words.push(argument.clone()),
            // Nothing of another tool is meant here, and `--all` is another thing.
            Found::Flag(..) if words.iter().any(|word| word == "image") => words.push(argument.clone()),
            // Of one command these are its own.
            Found::Hint(_) if is_file(text) && words.iter().any(|word| word == "graph") => {
                words.push(argument.clone());
            }
            Found::Hint(hint) => return Habit::Hint(hint.to_owned()),
            Found::Flag(Flag::Is(ours), _) => {
                changed |= ours != text;
                words.push(ours.into());
            }
            Found::Flag(Flag::Gone, value) => {
                changed = true;
                if value == Some("") {
                    let _left_out = rest.next();
                }
            }
            Found::Flag(Flag::All, _) => {
                (changed, is_for_all) = (true, true);
                if words.last().is_some_and(|word| word == "run") {
                    words.push("--all".into());
                }
            }
            Found::Flag(Flag::Unasked, _) => (changed, is_unasked) = (true, true),
            // It is called the same here.
            Found::Flag(Flag::Has(ours, ""), _) if text.split('=').next() == Some(ours) => {
                words.push(argument.clone());
            }
            Found::Flag(Flag::Has(ours, like), value) => {
                let next = || rest.next().and_then(|value| value.to_str());
                let Some(value) = value.filter(|value| !value.is_empty()).or_else(next) else {
                    return Habit::Unknown;
                };
                let dir = value.strip_prefix("./").unwrap_or(value);
                changed = true;
                let value = if like.is_empty() { value.to_owned() } else { like.replace("DIR", dir) };
                words.push(format!("{ours}={value}").into());
            }
        }
    }
    is_for_all |= words.iter().any(|word| word == "run-all");
    let mut words = match command(&words) {
        Some(Ok(translated)) => translated,
        Some(Err(hint)) => return Habit::Hint(hint),
        None if changed => words,
        None => return Habit::Unknown,
    };
    if is_for_all && is_unasked {
        words.push("--yes".into());
    }
    let asks = words.iter().any(|word| ASKING.iter().any(|asking| word == asking));
    words.retain(|word| asks || word != "--yes");
    Habit::Means(std::iter::once(program.clone()).chain(words).collect())
}

/// Whether it is a flag for the file of an answer, as `graph` has one.
fn is_file(flag: &str) -> bool {
    matches!(flag.split('=').next(), Some("-o" | "--output"))
}

fn is_run(words: &[OsString]) -> bool {
    words.iter().any(|word| word == "run" || word == "run-all")
}

/// The command in other words; an error is what to type instead, nothing where it is one of ours.
fn command(words: &[OsString]) -> Option<Result<Vec<OsString>, String>> {
    // The global flags before it stay where they are, with their values.
    let mut at = 0;
    while let Some(word) = words.get(at).and_then(|word| word.to_str()).filter(|word| word.starts_with('-')) {
        at += if VALUED.contains(&word) { 2 } else { 1 };
    }
    let (before, words) = words.split_at_checked(at)?;
    for (theirs, ours) in COMMANDS {
        if words.len() >= theirs.len() && words.iter().zip(*theirs).all(|(word, theirs)| word == theirs) {
            let rest = words.get(theirs.len()..).unwrap_or_default();
            let found =
                before.iter().cloned().chain(ours.iter().map(OsString::from)).chain(rest.iter().cloned());
            let found: Vec<OsString> = found.collect();
            // What runs is a command of its own, or none of ours.
            return match ours.is_empty().then(|| command(&found)).flatten() {
                Some(again) => Some(again),
                None => Some(Ok(found)),
            };
        }
    }
    let hint = COMMAND_HINTS.iter().find(|(theirs, _)| {
        let mut theirs = theirs.split(' ');
        let mut typed = words.iter();
        theirs.all(|theirs| typed.next().is_some_and(|typed| typed == theirs))
    });
    if let Some((_, hint)) = hint {
        return Some(Err((*hint).to_owned()));
    }
    if words.first()? == "run" {
        let command = words.get(1).and_then(|word| word.to_str()).unwrap_or("plan");
        return Some(Err(format!(
            "type `slipway {command}` in the unit's folder, or `slipway {command} UNIT`"
        )));
    }
    None
}

enum Found<'t> {
    Flag(Flag, Option<&'t str>),
    Hint(&'static str),
    None,
}

/// What is known of a flag with one dash or two; with its value, an empty one where that stands behind it.
fn flag(text: &str) -> Found<'_> {
    let Some(bare) = text.strip_prefix("--").or_else(|| text.strip_prefix('-')) else { return Found::None };
    let (name, value) = match bare.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (bare, None),
    };
    for (theirs, ours) in FLAGS {
        match (theirs.strip_suffix('='), value) {
            (Some(theirs), value) if theirs == name => return Found::Flag(*ours, value.or(Some(""))),
            (None, None) if *theirs == name => return Found::Flag(*ours, None),
            _ => {}
        }
    }
    match FLAG_HINTS.iter().find(|(theirs, _)| *theirs == name) {
        Some((_, hint)) => Found::Hint(hint),
        None => Found::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::help;

    /// What the documentation says of something typed.
    fn answer(typed: &str) -> String {
        let arguments: Vec<OsString> = typed.split_whitespace().map(OsString::from).collect();
        let parsed = |arguments: &[OsString]| match help::parse(arguments) {
            Ok(_) => true,
            Err(error) => !error.use_stderr(),
        };
        if parsed(&arguments) {
            return "works".to_owned();
        }
        match habit(&arguments) {
            Habit::Means(ours) => {
                assert!(parsed(&ours), "{typed}: {ours:?}");
                let words: Vec<&str> = ours.iter().filter_map(|word| word.to_str()).collect();
                format!("is `{}`", words.join(" "))
            }
            Habit::Hint(hint) => hint,
            Habit::Unknown => "nobody knows it".to_owned(),
        }
    }

    #[test]
    fn what_the_documentation_says_of_habits_is_true() {
        let page = crate::cli::documented::Page::read(crate::cli::documented::repository(), "docs/habits.md");
        let (mut lines, mut habits) = (Vec::new(), 0);
        for line in page.text.lines() {
            let typed = line.strip_prefix("| `").and_then(|rest| rest.split_once("` | "));
            lines.push(match typed {
                Some((typed, _)) => {
                    habits += 1;
                    let answer = answer(typed);
                    assert_ne!(answer, "nobody knows it", "{typed}");
                    format!("| `{typed}` | {answer} |")
                }
                None => line.to_owned(),
            });
        }
        assert!(habits >= 60, "{habits}");
        page.holds(&(lines.join("\n") + "\n"));
    }

    #[test]
    fn every_hint_that_names_a_command_of_ours_names_one_that_is_there() {
        let hints = COMMAND_HINTS.iter().chain(FLAG_HINTS).map(|(_, hint)| *hint);
        for named in hints.flat_map(|hint| hint.split('`')).filter(|part| part.starts_with("slipway ")) {
            let named = named.replace(" DIR", " dir").replace("APP=IMAGE", "app=image:1");
            let parsed = help::parse(named.split_whitespace());
            assert!(parsed.is_ok(), "{named}: {}", parsed.unwrap_err());
        }
    }

    #[test]
    fn a_flag_that_a_command_has_itself_stays_what_it_is_there() {
        assert_eq!(
            answer("slipway graph -o graph.svg -no-color"),
            "is `slipway graph -o graph.svg --color=never`"
        );
        assert_eq!(
            answer("slipway apply --parallelism 4 -no-color"),
            "is `slipway apply --parallelism 4 --color=never`"
        );
    }

    #[test]
    fn nobody_agrees_to_what_a_single_unit_would_have_asked() {
        let means = |typed: &str| match habit(&typed.split(' ').map(OsString::from).collect::<Vec<_>>()) {
            Habit::Means(words) => words.iter().any(|word| word == "--yes"),
            other => panic!("{typed}: {other:?}"),
        };
        assert!(means("slipway run --all apply --non-interactive"));
        assert!(means("slipway run-all destroy --terragrunt-non-interactive"));
        assert!(means("slipway apply -auto-approve"));
        assert!(!means("slipway apply --non-interactive"));
        assert!(!means("slipway run --all plan --non-interactive"));
    }

    #[test]
    fn what_nobody_knows_stays_an_error() {
        let typed = ["slipway plna", "slipway plan --nonsense", "slipway", "slipway run", "slipway -- plan"];
        for typed in typed {
            let arguments: Vec<OsString> = typed.split(' ').map(OsString::from).collect();
            assert!(!matches!(habit(&arguments), Habit::Means(_)), "{typed}");
        }
        let init = ["slipway", "init", "estate", "--dry-run", "--env", "Dev"].map(OsString::from);
        assert_eq!(habit(&init), Habit::Unknown, "clap says what is wrong with it");
    }
}
