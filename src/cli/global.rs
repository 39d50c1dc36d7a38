//! The flags that mean the same everywhere.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::reports::ReportArgs;
use crate::launch::{Invocation, RunOptions, Scope, Tools};
use crate::project::EngineChoice;
use crate::report::voice::Loudness;
use crate::ui::{Format, LogFormat, UiOptions};

/// The flags of every command; each has its `SLIPWAY_*` variable.
#[derive(Args, Clone, Debug)]
pub struct Global {
    /// Run as if started in this folder
    #[arg(short = 'C', long = "chdir", value_name = "DIR", global = true, env = "SLIPWAY_CHDIR")]
    pub dir: Option<PathBuf>,

    /// The configuration file, instead of the slipway.hcl found upwards
    #[arg(long, value_name = "FILE", global = true, env = "SLIPWAY_CONFIG")]
    pub config: Option<PathBuf>,

    /// Trust nothing of the repository, as of a pull request from a fork: start nothing that it names, read nothing but its own files, no environment, no network. Commands that cannot do without are refused
    #[arg(long, global = true, env = "SLIPWAY_UNTRUSTED")]
    pub untrusted: bool,

    /// Set a feature, as `name=value`; may be given several times [also: `TG_FEATURE`]
    #[arg(
        long = "feature",
        value_name = "NAME=VALUE",
        global = true,
        env = "SLIPWAY_FEATURE",
        hide_env_values = true,
        value_delimiter = ','
    )]
    pub features: Vec<String>,

    /// Turn on an experiment of Terragrunt's, such as deep-merge [also: `TG_EXPERIMENT`]
    #[arg(
        long = "experiment",
        value_name = "NAME",
        global = true,
        env = "SLIPWAY_EXPERIMENT",
        value_delimiter = ','
    )]
    pub experiments: Vec<String>,

    /// How many times the usual budget of steps and memory one evaluation may take [default: 1]
    #[arg(
        long,
        value_name = "TIMES",
        global = true,
        env = crate::hcl::budget::VARIABLE,
        value_parser = times
    )]
    pub evaluation_budget: Option<f64>,

    /// Tell every error, where there are very many: otherwise the first of each kind and how many more there are
    #[arg(long, global = true, env = "SLIPWAY_ALL_ERRORS")]
    pub all_errors: bool,

    /// How answers are written: text or json, with `graph` also dot, mermaid, svg or html, with `verify` junit, markdown or sarif
    #[arg(
        long,
        value_enum,
        default_value_t,
        global = true,
        env = "SLIPWAY_FORMAT",
        hide_possible_values = true
    )]
    pub format: FormatFlag,

    /// How much is told.
    #[command(flatten)]
    pub loudness: LoudnessArgs,

    /// How progress is written to standard error
    #[arg(long, value_enum, default_value_t, global = true, env = "SLIPWAY_LOG_FORMAT")]
    pub log_format: LogFormat,

    /// When to use colours
    #[arg(long, value_enum, default_value_t, global = true, env = "SLIPWAY_COLOR")]
    pub color: Color,
}

impl Global {
    /// Where the command was started, and what holds for all that it reads.
    pub fn invocation(&self) -> Invocation {
        Invocation {
            dir: self.dir.clone(),
            config: self.config.clone(),
            untrusted: self.untrusted,
            features: self.features.clone(),
            experiments: self.experiments.clone(),
        }
    }

    /// How the streams are to be used.
    pub fn ui_options(&self) -> UiOptions {
        UiOptions {
            format: self.format.into(),
            log_format: self.log_format,
            color: match self.color {
                Color::Auto => None,
                Color::Always => Some(true),
                Color::Never => Some(false),
            },
            all_errors: self.all_errors,
            loudness: self.loudness.loudness(),
        }
    }
}

/// How much is told while something goes on.
#[derive(Args, Clone, Copy, Debug)]
pub struct LoudnessArgs {
    /// Tell only what went wrong, and ask; the answer is printed all the same
    #[arg(short, long, global = true, env = "SLIPWAY_QUIET", value_parser = clap::builder::FalseyValueParser::new())]
    quiet: bool,

    /// Tell each step of each unit as well; --quiet goes before it
    #[arg(short, long, global = true, env = "SLIPWAY_VERBOSE", value_parser = clap::builder::FalseyValueParser::new())]
    verbose: bool,
}

impl LoudnessArgs {
    /// How loud.
    pub fn loudness(self) -> Loudness {
        match (self.quiet, self.verbose) {
            (true, _) => Loudness::Quiet,
            (false, true) => Loudness::Verbose,
            (false, false) => Loudness::Normal,
        }
    }
}

/// The flags of every command that runs units.
#[derive(Args, Clone, Debug, Default)]
pub struct EngineArgs {
    /// How many units run at once [default: 8, or as slipway.hcl says]
    #[arg(short = 'j', long, value_name = "N", env = "SLIPWAY_PARALLELISM", value_parser = at_once)]
    pub parallelism: Option<std::num::NonZeroUsize>,

    /// Start nothing new after the first failure
    #[arg(long, env = "SLIPWAY_FAIL_FAST", overrides_with = "keep_going")]
    pub fail_fast: bool,

    /// After a failure, go on with what does not wait for it (the default, unless slipway.hcl says otherwise)
    #[arg(long, env = "SLIPWAY_KEEP_GOING", overrides_with = "fail_fast")]
    pub keep_going: bool,

    /// How long a unit may take, such as 45m, before its tool is interrupted
    #[arg(long, value_name = "TIME", env = "SLIPWAY_UNIT_TIMEOUT", value_parser = time)]
    pub unit_timeout: Option<std::time::Duration>,

    /// How long each gate of a cluster may wait, such as 20m [default: as slipway.hcl says]
    #[arg(long, value_name = "TIME", env = "SLIPWAY_GATE_TIMEOUT", value_parser = time)]
    pub gate_timeout: Option<std::time::Duration>,

    /// What a unit is expected to take of the memory: no more run at once than it bears [default: 300MB]
    #[arg(long, value_name = "SIZE", env = "SLIPWAY_UNIT_MEMORY", value_parser = size)]
    pub unit_memory: Option<u64>,

    /// How much the modules and providers that are kept may take: what was used least lately goes at the end of a run [default: 10GB]
    #[arg(long, value_name = "SIZE", env = "SLIPWAY_CACHE_SIZE", value_parser = size)]
    pub cache_size: Option<u64>,

    /// Create the state bucket where it is missing
    #[arg(long, env = "SLIPWAY_BACKEND_BOOTSTRAP")]
    pub backend_bootstrap: bool,

    /// Whether units share the processes of providers, with the native engine [default: as slipway.hcl says]
    #[arg(
        long,
        value_name = "YES",
        env = "SLIPWAY_SHARE_PROVIDERS",
        value_parser = super::truth::truth,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    pub share_providers: Option<bool>,

    /// What the plans cost.
    #[command(flatten)]
    pub price: PriceArgs,

    /// What is done with stacks before.
    #[command(flatten)]
    pub stacks: StackGeneration,

    /// Which programs.
    #[command(flatten)]
    pub tools: ToolArgs,

    /// Which reports.
    #[command(flatten)]
    pub reports: ReportArgs,
}

impl EngineArgs {
    /// What they say.
    pub fn options(&self) -> RunOptions {
        RunOptions {
            parallelism: self.parallelism,
            fail_fast: if self.fail_fast { Some(true) } else { self.keep_going.then_some(false) },
            unit_timeout: self.unit_timeout,
            gate_timeout: self.gate_timeout,
            unit_memory: self.unit_memory,
            cache_size: self.cache_size,
            backend_bootstrap: self.backend_bootstrap,
            cost: self.price.cost,
            keep_generated: self.stacks.no_stack_generate,
            scope: Scope::default(),
            shared: None,
            tools: Tools { share_providers: self.share_providers, ..self.tools.tools() },
            reports: self.reports.files(),
        }
    }
}

/// How many at once.
pub fn at_once(text: &str) -> Result<std::num::NonZeroUsize, String> {
    text.parse().map_err(|_| "write how many, at least 1".to_owned())
}

fn times(text: &str) -> Result<f64, String> {
    let times = text.parse().ok().filter(|times| (0.001..=1_000_000.0).contains(times));
    times.ok_or_else(|| "write it like 2 or 0.5: from 0.001 to 1000000".to_owned())
}

/// A time as people write it.
pub fn time(text: &str) -> Result<std::time::Duration, String> {
    crate::project::duration(text).ok_or_else(|| "write it like 90s or \"2h 30m\"".to_owned())
}

/// Bytes as people write them.
pub fn size(text: &str) -> Result<u64, String> {
    crate::project::bytes(text).ok_or_else(|| "write it like 300MB".to_owned())
}

/// Whether plans are priced.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct PriceArgs {
    /// Show what the plans would cost a month, by infracost
    #[arg(long, env = "SLIPWAY_COST")]
    pub cost: bool,
}

/// Whether stacks are generated first.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct StackGeneration {
    /// Take what stacks have generated as it is, instead of generating it first
    #[arg(long, env = "SLIPWAY_NO_STACK_GENERATE")]
    pub no_stack_generate: bool,
}

/// The flags of every command that reads a state.
#[derive(Args, Clone, Debug, Default)]
pub struct ToolArgs {
    /// Who runs units: Terragrunt, or Slipway itself over tofu or terraform
    #[arg(long, value_enum, env = "SLIPWAY_ENGINE")]
    pub engine: Option<EngineFlag>,

    /// The tofu or terraform to use
    #[arg(long, value_name = "BIN", env = "SLIPWAY_TF_PATH")]
    pub tf_path: Option<PathBuf>,
}

impl ToolArgs {
    /// What they say.
    pub fn tools(&self) -> Tools {
        let engine = self.engine.map(EngineChoice::from);
        Tools { engine, tf_path: self.tf_path.clone(), ..Tools::default() }
    }
}

/// `--engine`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EngineFlag {
    /// Terragrunt where it is installed, else native
    Auto,
    /// Terragrunt
    Terragrunt,
    /// Slipway's own engine
    Native,
}

impl From<EngineFlag> for EngineChoice {
    fn from(flag: EngineFlag) -> Self {
        match flag {
            EngineFlag::Auto => Self::Auto,
            EngineFlag::Terragrunt => Self::Terragrunt,
            EngineFlag::Native => Self::Native,
        }
    }
}

/// `--format`; most commands know the first two only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum FormatFlag {
    /// For people; of `render` that is HCL
    #[default]
    #[value(alias = "hcl")]
    Text,
    /// For programs
    Json,
    /// Graphviz
    Dot,
    /// A Mermaid flowchart, for Markdown
    Mermaid,
    /// A picture
    Svg,
    /// A page to search and to walk around in
    Html,
    /// A table for spreadsheets
    Csv,
    /// A suite of tests, for pipelines
    Junit,
    /// For comments and summaries
    Markdown,
    /// For code scanning
    Sarif,
}

impl FormatFlag {
    /// What every command knows.
    pub const COMMON: &'static [Self] = &[Self::Text, Self::Json];

    /// Its name on the command line.
    pub fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

impl From<FormatFlag> for Format {
    fn from(flag: FormatFlag) -> Self {
        if flag == FormatFlag::Json { Self::Json } else { Self::Text }
    }
}

/// `--color`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}
