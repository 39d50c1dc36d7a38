//! An engine is one file: this one runs a script, and brings what [`Driver`] asks for and nothing else.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use crate::engine::driver::{Call, Driver, Parts};
use crate::engine::process::{self, Ran};
use crate::engine::verb::Verb;
use crate::engine::{
    Companion, Direction, Engine, EngineError, EngineSettings, PlanSummary, Session, Step, UnitJob, Watcher,
};
use crate::hcl::value::Value;
use crate::support::interrupt;
use crate::support::process::CommandLine;
use crate::terragrunt::config::{ExtraArguments, RemoteState, Terraform, UnitConfig};

struct ScriptEngine {
    parts: Parts,
    script: PathBuf,
}

#[async_trait]
impl Driver for ScriptEngine {
    const NAME: &'static str = "script";
    type Ready = PathBuf;

    fn parts(&self) -> &Parts {
        &self.parts
    }

    async fn ready(&self, job: &UnitJob, _verb: Verb, session: Session<'_>) -> Result<PathBuf, EngineError> {
        session.watcher.step(Step::Prepare);
        Ok(job.config.dir.clone())
    }

    fn program(&self, _dir: &PathBuf) -> &'static str {
        "script"
    }

    fn command(&self, _job: &UnitJob, dir: &PathBuf, verb: Verb) -> CommandLine {
        CommandLine::new(&self.script, dir).arg(verb.word())
    }

    fn program_line(&self, _job: &UnitJob, dir: &PathBuf, program: &OsStr) -> CommandLine {
        CommandLine::new(program, dir)
    }

    async fn run(
        &self,
        _job: &UnitJob,
        _dir: &PathBuf,
        call: Call<'_>,
        session: Session<'_>,
    ) -> Result<Ran, EngineError> {
        let ran = process::run(call.command, call.options, session).await?;
        (call.then)().map(|()| ran)
    }

    fn working_dir(&self, dir: &PathBuf) -> PathBuf {
        dir.clone()
    }
}

/// Notes its words, and answers as the tool would.
const SCRIPT: &str = r#"#!/bin/sh
echo "$*" >> asked
sums() { echo "{\"@message\":\"$1\",\"type\":\"change_summary\",\"changes\":{\"add\":1,\"change\":0,\"remove\":0,\"operation\":\"$1\"}}"; }
case "$1 $2" in
  plan*) printf planned > wanted; sums plan; exit 2 ;;
  apply*|destroy*) sums plan; sums "$1"; echo '{"@message":"","type":"outputs","outputs":{"id":{"sensitive":false,"type":"string","value":"vpc-1"}}}' ;;
  show*) echo '{"format_version":"1.2"}' ;;
  'state pull') echo '{"version":4,"lineage":"line","serial":7}' ;;
  'state list') echo aws_vpc.this ;;
  output*) echo '{"id":{"sensitive":false,"type":"string","value":"vpc-1"}}' ;;
  *) echo "Error: no $1 here"; exit 1 ;;
esac
"#;

#[derive(Default)]
struct Seen(Mutex<Vec<String>>);

impl Watcher for Seen {
    fn step(&self, step: Step) {
        self.0.lock().unwrap().push(step.to_string());
    }
    fn line(&self, _line: &str) {}
}

#[derive(Default)]
struct Along {
    refuses: bool,
    plans: Mutex<Vec<PlanSummary>>,
}

impl Companion for Along {
    fn may_begin(&self) -> bool {
        !self.refuses
    }
    fn planned(&self, summary: &PlanSummary) {
        self.plans.lock().unwrap().push(summary.clone());
    }
}

struct Bench {
    dir: tempfile::TempDir,
    engine: Arc<dyn Engine>,
    seen: Seen,
    interrupts: interrupt::Interrupts,
    _interruptor: interrupt::Interruptor,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let script = dir.path().join("script");
        std::fs::write(&script, SCRIPT).unwrap();
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
        let settings = EngineSettings {
            home: dir.path().join("home"),
            tool: None,
            backend_bootstrap: false,
            share_providers: false,
            features: std::collections::BTreeMap::new(),
            experiments: std::collections::BTreeSet::new(),
        };
        let engine: Arc<dyn Engine> = Arc::new(ScriptEngine { parts: Parts::new(settings), script });
        let (interruptor, interrupts) = interrupt::channel();
        Self { dir, engine, seen: Seen::default(), interrupts, _interruptor: interruptor }
    }

    fn session(&self) -> Session<'_> {
        Session { watcher: &self.seen, interrupts: &self.interrupts, place: None }
    }

    fn job(&self, config: UnitConfig) -> UnitJob {
        let config = UnitConfig { dir: self.dir.path().to_owned(), ..config };
        UnitJob { id: "a".to_owned(), config: Arc::new(config) }
    }

    /// A unit whose state only the tool can read.
    fn remote(&self) -> UnitJob {
        let remote_state = RemoteState {
            backend: "consul".to_owned(),
            config: Value::Bool(false),
            generate: None,
            disable_init: false,
            disable_dependency_optimization: false,
            encryption: None,
        };
        self.job(UnitConfig { remote_state: Some(remote_state), ..UnitConfig::default() })
    }

    fn asked(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.dir.path().join("asked")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    fn steps(&self) -> Vec<String> {
        std::mem::take(&mut *self.seen.0.lock().unwrap())
    }
}

#[tokio::test]
async fn an_engine_that_brings_a_driver_plans_and_applies_that_plan() {
    let bench = Bench::new();
    let (engine, job) = (&bench.engine, bench.remote());
    assert_eq!(engine.name(), "script");
    let file = bench.dir.path().join("plan");
    let plan = engine.plan(&job, Direction::Destroy.into(), &file, bench.session()).await.unwrap();
    assert_eq!(plan.summary.short(), "+1 ~0 -0");
    assert_eq!(bench.steps(), ["prepare", "plan"]);
    let outputs = engine.apply(&job, &plan, bench.session()).await.unwrap().unwrap();
    assert!(outputs.len() == 1 && outputs.contains_key("id"), "{outputs:?}");
    assert_eq!(bench.steps(), ["prepare", "apply"]);
    let file = file.display();
    let asked = [
        format!("plan -input=false -json -detailed-exitcode -destroy -out={file}"),
        format!("apply -input=false -json {file}"),
    ];
    assert_eq!(bench.asked(), asked);
}

#[tokio::test]
async fn a_plan_that_is_wanted_elsewhere_is_taken_from_the_driver_s_folder() {
    let bench = Bench::new();
    let extra = ExtraArguments {
        commands: vec!["plan".to_owned()],
        arguments: vec!["-out=wanted".to_owned()],
        ..ExtraArguments::default()
    };
    let terraform = Terraform { extra_arguments: vec![extra], ..Terraform::default() };
    let job = bench.job(UnitConfig { terraform: Some(terraform), ..UnitConfig::default() });
    let file = bench.dir.path().join("plan");
    bench.engine.plan(&job, Direction::Apply.into(), &file, bench.session()).await.unwrap();
    assert_eq!(std::fs::read_to_string(file).unwrap(), "planned");
    assert_eq!(bench.asked(), ["plan -input=false -json -detailed-exitcode"]);
}

#[tokio::test]
async fn an_apply_in_one_start_tells_its_plan_and_begins_only_where_it_may() {
    let bench = Bench::new();
    let (engine, job) = (&bench.engine, bench.remote());
    let refusing = Along { refuses: true, ..Along::default() };
    let refused = engine.apply_directly(&job, Direction::Apply, &refusing, bench.session()).await;
    assert_eq!(refused.unwrap_err().to_string(), "script apply was interrupted");
    assert!(bench.asked().is_empty());
    let along = Along::default();
    let applied = engine.apply_directly(&job, Direction::Destroy, &along, bench.session()).await.unwrap();
    assert_eq!(applied.summary.short(), "+1 ~0 -0");
    assert_eq!(along.plans.lock().unwrap().len(), 1);
    assert_eq!(bench.asked(), ["destroy -input=false -json -auto-approve"]);
}

#[tokio::test]
async fn what_only_the_tool_knows_it_is_asked_in_words_that_are_the_same_for_all() {
    let bench = Bench::new();
    let (engine, job) = (&bench.engine, bench.remote());
    assert_eq!(engine.outputs(&job, bench.session()).await.unwrap().len(), 1);
    assert!(engine.has_resources(&job, bench.session()).await.unwrap());
    let mark = engine.state_mark(&job, bench.session()).await.unwrap().unwrap();
    assert_eq!((mark.lineage.as_str(), mark.serial), ("line", 7));
    engine.plan_json(&job, std::path::Path::new("plan"), bench.session()).await.unwrap();
    assert_eq!(bench.steps(), ["outputs", "prepare", "prepare", "prepare", "prepare", "show"]);
    let failed = engine.force_unlock(&job, "id", bench.session()).await.unwrap_err();
    assert_eq!(failed.to_string(), "script force-unlock failed: Error: no force-unlock here");
    let asked = [
        "output -json -no-color",
        "state list",
        "state pull",
        "show -json -no-color plan",
        "force-unlock -force id",
    ];
    assert_eq!(bench.asked(), asked);
}
