//! Git, `tofu` or `terraform`, Terragrunt: which of them a run uses, in which version, and why.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::asking::{VERSIONS, versions};
use super::estate::Here;
use super::finding::{Finding, Verdict};
use crate::cli::global::ToolArgs;
use crate::engine::EngineError;
use crate::engine::terragrunt::{find_terragrunt, terragrunt_version};
use crate::engine::tool::{Tool, on_path};
use crate::estate::UnitLook;
use crate::project::EngineChoice;
use crate::support::counted::{listed, plural};
use crate::support::process;

const TOOL: &str = "tofu/terraform";
/// What a unit may name and is still the user's choice: it is looked for on PATH.
const OF_THE_USER: [&str; 2] = ["tofu", "terraform"];
/// How many units are named.
const MOST_NAMES: usize = 3;

/// What programs said.
pub struct Found {
    git: Result<String, Finding>,
    tool: Result<Tool, Finding>,
    terragrunt: Option<(PathBuf, Result<String, Finding>)>,
}

impl Found {
    /// Asks them, all at once: one that does not answer keeps nobody from the others' answers.
    pub async fn look(args: &ToolArgs) -> Self {
        let named = args.tf_path.clone();
        let terragrunt = find_terragrunt(None);
        let asked = terragrunt.clone();
        let (git, tool, version) = tokio::join!(
            versions(version_of_git),
            versions(move || Tool::find(named.as_deref()).map_err(|error| of_engine(TOOL, &error))),
            versions(move || asked
                .map(|path| { terragrunt_version(&path).map_err(|error| of_engine("terragrunt", &error)) })),
        );
        let version = version.flatten().unwrap_or_else(|| Err(silent("terragrunt")));
        Self {
            git: git.unwrap_or_else(|| Err(silent("git"))),
            tool: tool.unwrap_or_else(|| Err(silent(TOOL))),
            terragrunt: terragrunt.map(|path| (path, version)),
        }
    }
}

fn version_of_git() -> Result<String, Finding> {
    process::answer("git", &["version"]).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Finding::missing("git", "not on PATH").help("install Git"),
        _ => Finding::missing("git", error.to_string()),
    })
}

/// That a program did not say its version.
fn silent(what: &'static str) -> Finding {
    let detail = format!("it does not say its version within {} s", VERSIONS.as_secs());
    let help = if what == TOOL { "name a working one with --tf-path" } else { "look at what PATH leads to" };
    Finding::missing(what, detail).help(help)
}

fn of_engine(what: &'static str, error: &EngineError) -> Finding {
    Finding::missing(what, error.to_string()).perhaps_help(error.advice())
}

/// What is to be said of them, with what the units ask for.
pub async fn findings(found: &Arc<Found>, args: &ToolArgs, here: &Arc<Here>) -> Vec<Finding> {
    let configured = here.engine();
    let (engine, why) = engine(found, args, configured);
    let mut findings = vec![git(found), tool(found, args)];
    let (asked, arguments, units) = (Arc::clone(found), args.clone(), Arc::clone(here));
    let of_units = versions(move || of_units(&asked, &arguments, units.units())).await;
    findings.extend(of_units.unwrap_or_else(|| vec![silent(TOOL)]));
    findings.push(terragrunt(found, engine));
    findings.push(match engine {
        Some(engine) => Finding::new("engine", Verdict::Ok, format!("{engine}: {why}")),
        None => Finding::new("engine", Verdict::Unknown, why),
    });
    findings
}

fn git(found: &Found) -> Finding {
    found.git.clone().map_or_else(|finding| finding, |version| Finding::new("git", Verdict::Ok, version))
}

fn tool(found: &Found, args: &ToolArgs) -> Finding {
    let tool = match &found.tool {
        Ok(tool) => tool,
        Err(finding) => return finding.clone(),
    };
    let why = match &args.tf_path {
        Some(named) => format!("named by {}", given_by("--tf-path", "SLIPWAY_TF_PATH", named.as_os_str())),
        None => match on_path(Path::new("terraform")).filter(|other| *other != tool.path) {
            Some(other) => format!("on PATH, and tofu comes before terraform ({})", other.display()),
            None => "the first on PATH".to_owned(),
        },
    };
    Finding::new(
        TOOL,
        Verdict::Ok,
        format!("{} {} ({}): {why}", tool.name, tool.version, tool.path.display()),
    )
}

/// By what something was given: a flag comes before its variable.
fn given_by(flag: &'static str, variable: &'static str, value: &OsStr) -> &'static str {
    if std::env::var_os(variable).is_some_and(|set| set == value) { variable } else { flag }
}

/// What units ask for that is another tool, or another version.
fn of_units(found: &Found, args: &ToolArgs, units: &[UnitLook]) -> Vec<Finding> {
    let mut by_binary: BTreeMap<Option<&str>, Vec<&UnitLook>> = BTreeMap::new();
    for unit in units {
        // What was named on the command line comes before what a unit says.
        let own = unit.config.terraform_binary.as_deref().filter(|_| args.tf_path.is_none());
        by_binary.entry(own).or_default().push(unit);
    }
    let mut findings = Vec::new();
    for (binary, units) in by_binary {
        let Some(binary) = binary else {
            findings.extend(found.tool.iter().flat_map(|tool| refused_by(tool, &units)));
            continue;
        };
        let who = format!("terraform_binary of {}", named(&units));
        if !OF_THE_USER.contains(&binary) {
            let detail = format!("{who}; what a unit names by a path, or otherwise, is not started here");
            findings.push(Finding::new(TOOL, Verdict::Unknown, detail).named(binary));
            continue;
        }
        match Tool::find(Some(Path::new(binary))) {
            Ok(tool) => {
                let detail = format!("{} {} ({}): {who}", tool.name, tool.version, tool.path.display());
                findings.push(Finding::new(TOOL, Verdict::Ok, detail).named(binary));
                findings.extend(refused_by(&tool, &units));
            }
            Err(error) => {
                let finding = of_engine(TOOL, &error);
                let detail = format!("{}: {who}", finding.detail);
                findings.push(Finding { detail, ..finding }.named(binary));
            }
        }
    }
    findings
}

/// The constraints that a tool does not satisfy, each once.
fn refused_by(tool: &Tool, units: &[&UnitLook]) -> Vec<Finding> {
    let mut asked: BTreeMap<(&str, &str), Vec<&UnitLook>> = BTreeMap::new();
    for unit in units {
        let of_unit = unit.config.terraform_version_constraint.as_deref();
        let constraints = of_unit.map(|text| ("terraform_version_constraint", text)).into_iter();
        let of_module = unit.required_versions.iter().map(|text| ("required_version", text.as_str()));
        for (attribute, constraint) in constraints.chain(of_module) {
            // What is no constraint at all is the tool's to tell.
            if tool.satisfies(constraint) == Some(false) {
                asked.entry((constraint, attribute)).or_default().push(unit);
            }
        }
    }
    let finding = |((constraint, attribute), units): ((&str, &str), Vec<&UnitLook>)| {
        let error = EngineError::Constraint {
            tool: tool.name.to_owned(),
            version: tool.version.clone(),
            constraint: constraint.to_owned(),
        };
        Finding::missing(TOOL, format!("{error}: {attribute} of {}", named(&units)))
            .perhaps_help(error.advice())
    };
    asked.into_iter().map(finding).collect()
}

fn named(units: &[&UnitLook]) -> String {
    let names = units.iter().map(|unit| unit.name.as_str());
    format!("{} {}: {}", units.len(), plural(units.len(), "unit"), listed(names, MOST_NAMES))
}

/// The engine of a run, and why it is that one; none where slipway.hcl says it, and not before something is started.
fn engine(
    found: &Found,
    args: &ToolArgs,
    configured: Option<EngineChoice>,
) -> (Option<&'static str>, String) {
    let (choice, by) = match (args.engine, configured) {
        (Some(flag), _) => {
            let by = given_by("--engine", "SLIPWAY_ENGINE", OsStr::new(EngineChoice::from(flag).name()));
            (EngineChoice::from(flag), by)
        }
        (None, Some(EngineChoice::Auto)) => (EngineChoice::Auto, "--engine auto"),
        (None, Some(choice)) => (choice, "slipway.hcl"),
        (None, None) => return (None, "what slipway.hcl says of it is not known".to_owned()),
    };
    match choice {
        EngineChoice::Native => (Some("native"), by.to_owned()),
        EngineChoice::Terragrunt => (Some("terragrunt"), by.to_owned()),
        EngineChoice::Auto if found.terragrunt.is_some() => {
            (Some("terragrunt"), format!("{by}, and terragrunt is on PATH"))
        }
        EngineChoice::Auto => (Some("native"), format!("{by}, and terragrunt is not on PATH")),
    }
}

fn terragrunt(found: &Found, engine: Option<&str>) -> Finding {
    let what = "terragrunt";
    let is_used = engine == Some("terragrunt");
    match &found.terragrunt {
        None if is_used => of_engine(what, &EngineError::NoTerragrunt),
        None => Finding::new(what, Verdict::Optional, "not on PATH: --engine auto uses the native engine"),
        Some((path, Ok(version))) => {
            Finding::new(what, Verdict::Ok, format!("{what} {version} ({})", path.display()))
        }
        Some((_, Err(finding))) if is_used => finding.clone(),
        Some((_, Err(finding))) => Finding { verdict: Verdict::Optional, help: None, ..finding.clone() },
    }
}
