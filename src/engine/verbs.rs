//! What engines do with a unit, the same for all of them: one table of the tool's commands, and for each verb the order of
//! steps. How a command is run is the [`Driver`]'s.

#[cfg(test)]
mod tests;

use std::path::Path;

use async_trait::async_trait;
use tracing::debug;

use super::driver::{Call, Driver};
use super::plan::fingerprint;
use super::plan::left_out::LeftOut;
use super::plan_place;
use super::process::{Options, Ran, lists_resources};
use super::state;
use super::{
    Applied, Companion, Direction, Engine, EngineError, Fingerprint, PlanJson, PlanSummary, SavedPlan,
    Session, StateMark, Step, UnitJob,
};
use crate::support::process::CommandLine;
use crate::terraform::outputs::parse_outputs;
use crate::terragrunt::outputs::Outputs;

/// A command of the tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Plans into a file.
    Plan(Direction),
    /// Applies a plan that was saved, towards where it leads.
    ApplySaved(Direction),
    /// Plans and applies in one start.
    ApplyDirectly(Direction),
    /// A saved plan as JSON.
    Show,
    /// The state as it is stored.
    StatePull,
    /// The addresses in the state.
    StateList,
    /// Releases a lock.
    ForceUnlock,
    /// The outputs as JSON.
    Output,
}

impl Verb {
    /// What the tool is told.
    fn words(self) -> &'static [&'static str] {
        match self {
            Self::Plan(_) => &["plan"],
            Self::ApplySaved(_) | Self::ApplyDirectly(Direction::Apply) => &["apply"],
            Self::ApplyDirectly(Direction::Destroy) => &["destroy"],
            Self::Show => &["show"],
            Self::StatePull => &["state", "pull"],
            Self::StateList => &["state", "list"],
            Self::ForceUnlock => &["force-unlock"],
            Self::Output => &["output"],
        }
    }

    /// The first word of it.
    pub fn word(self) -> &'static str {
        self.words().first().copied().unwrap_or_default()
    }

    /// The command whose hooks, extra arguments and environment are meant: a plan to destroy is applied by `apply`, but with
    /// those of `destroy`.
    pub fn command(self) -> &'static str {
        match self {
            Self::ApplySaved(direction) => direction.command(),
            _ => self.word(),
        }
    }

    /// Whether the hooks of its command run around it. The others are questions of ours, which nobody has ordered.
    pub fn has_hooks(self) -> bool {
        matches!(self, Self::Plan(_) | Self::ApplySaved(_) | Self::ApplyDirectly(_) | Self::Output)
    }

    /// What follows the words, before the file or the ID that it is about.
    fn flags(self) -> &'static [&'static str] {
        match self {
            Self::Plan(Direction::Apply) => &["-input=false", "-json", "-detailed-exitcode"],
            Self::Plan(Direction::Destroy) => &["-input=false", "-json", "-detailed-exitcode", "-destroy"],
            Self::ApplySaved(_) => &["-input=false", "-json"],
            Self::ApplyDirectly(_) => &["-input=false", "-json", "-auto-approve"],
            Self::Show | Self::Output => &["-json", "-no-color"],
            Self::StatePull | Self::StateList => &[],
            Self::ForceUnlock => &["-force"],
        }
    }

    /// How it is run.
    fn options(self, label: &str) -> Options<'_> {
        let options = Options::new(label);
        match self {
            Self::Plan(_) => Options { allowed: &[2], plans: true, ..options },
            Self::ApplySaved(_) | Self::ApplyDirectly(_) => Options { applies: true, ..options },
            Self::Show | Self::StatePull | Self::StateList | Self::Output => {
                Options { capture: true, ..options }
            }
            Self::ForceUnlock => options,
        }
    }

    /// What it is called in messages, such as `tofu state pull`.
    fn label(self, program: &str) -> String {
        format!("{program} {}", self.words().join(" "))
    }
}

/// The command line of a verb on a unit that is ready for it.
fn command<D: Driver>(driver: &D, job: &UnitJob, ready: &D::Ready, verb: Verb) -> CommandLine {
    driver.command(job, ready, verb).args(verb.words().iter().skip(1)).args(verb.flags())
}

/// Makes a unit ready and asks the tool something about it; returns what it is called, and what came of it.
async fn ask<D: Driver>(
    driver: &D,
    job: &UnitJob,
    verb: Verb,
    about: impl FnOnce(CommandLine) -> CommandLine + Send,
    session: Session<'_>,
) -> Result<(String, Result<Ran, EngineError>), EngineError> {
    let ready = driver.ready(job, verb, session).await?;
    if verb == Verb::Show {
        session.watcher.step(Step::Show);
    }
    let command = about(command(driver, job, &ready, verb));
    let label = verb.label(driver.program(&ready));
    let call = Call { verb, command: &command, options: verb.options(&label), then: &|| Ok(()) };
    let ran = driver.run(job, &ready, call, session).await;
    Ok((label, ran))
}

#[async_trait]
impl<D: Driver> Engine for D {
    fn name(&self) -> &'static str {
        D::NAME
    }

    async fn plan(
        &self,
        job: &UnitJob,
        direction: Direction,
        file: &Path,
        session: Session<'_>,
    ) -> Result<SavedPlan, EngineError> {
        let verb = Verb::Plan(direction);
        let ready = self.ready(job, verb, session).await?;
        session.watcher.step(Step::Plan);
        let mut command = command(self, job, &ready, verb);
        let wanted = plan_place::wanted(&job.config);
        let _claim = self.parts().plan_places.claim(wanted.as_deref()).await;
        if wanted.is_none() {
            command = command.setting("-out=", file);
        }
        let take = || match &wanted {
            Some(wanted) => Ok(plan_place::take(&self.working_dir(&ready).join(wanted), file)?),
            None => Ok(()),
        };
        let label = verb.label(self.program(&ready));
        let call = Call { verb, command: &command, options: verb.options(&label), then: &take };
        let ran = self.run(job, &ready, call, session).await?;
        let changes = ran.code == 2;
        Ok(SavedPlan { file: file.to_owned(), summary: ran.ui.into_summary(changes), direction })
    }

    async fn apply(
        &self,
        job: &UnitJob,
        plan: &SavedPlan,
        session: Session<'_>,
    ) -> Result<Option<Outputs>, EngineError> {
        let verb = Verb::ApplySaved(plan.direction);
        let ready = self.ready(job, verb, session).await?;
        session.watcher.step(Step::Apply);
        let command = command(self, job, &ready, verb).arg(&plan.file);
        let label = verb.label(self.program(&ready));
        let call = Call { verb, command: &command, options: verb.options(&label), then: &|| Ok(()) };
        Ok(self.run(job, &ready, call, session).await?.ui.into_outputs())
    }

    async fn apply_directly(
        &self,
        job: &UnitJob,
        direction: Direction,
        companion: &dyn Companion,
        session: Session<'_>,
    ) -> Result<Applied, EngineError> {
        let verb = Verb::ApplyDirectly(direction);
        let ready = self.ready(job, verb, session).await?;
        let label = verb.label(self.program(&ready));
        if !companion.may_begin() {
            return Err(EngineError::Interrupted { command: label });
        }
        session.watcher.step(Step::Apply);
        let command = command(self, job, &ready, verb);
        let planned = |summary: &PlanSummary| companion.planned(summary);
        let options = Options { planned: Some(&planned), ..verb.options(&label) };
        let call = Call { verb, command: &command, options, then: &|| Ok(()) };
        Ok(self.run(job, &ready, call, session).await?.into_applied())
    }

    async fn plan_json(
        &self,
        job: &UnitJob,
        file: &Path,
        session: Session<'_>,
    ) -> Result<PlanJson, EngineError> {
        let (_, ran) = ask(self, job, Verb::Show, |command| command.arg(file), session).await?;
        Ok(PlanJson::new(&self.answer(ran?.stdout)))
    }

    async fn fingerprint(
        &self,
        job: &UnitJob,
        left_out: &LeftOut,
        session: Session<'_>,
    ) -> Result<Fingerprint, EngineError> {
        let tool = self.tool(&job.config).await?;
        let source = self.parts().sources.of_unit(&job.config, tool.name, session).await?;
        fingerprint::of(tool, source, job, left_out).await
    }

    async fn state_mark(
        &self,
        job: &UnitJob,
        session: Session<'_>,
    ) -> Result<Option<StateMark>, EngineError> {
        if let Some(state) = self.read_state(job).await? {
            return Ok(state.mark);
        }
        let (label, ran) = ask(self, job, Verb::StatePull, |command| command, session).await?;
        state::mark_of(&ran?.stdout, &label)
    }

    async fn make_ready(&self, job: &UnitJob, session: Session<'_>) -> Result<(), EngineError> {
        Driver::make_ready(self, job, session).await
    }

    async fn has_resources(&self, job: &UnitJob, session: Session<'_>) -> Result<bool, EngineError> {
        if let Some(state) = self.read_state(job).await? {
            return Ok(state.has_resources);
        }
        let (_, ran) = ask(self, job, Verb::StateList, |command| command, session).await?;
        lists_resources(ran)
    }

    async fn force_unlock(&self, job: &UnitJob, id: &str, session: Session<'_>) -> Result<(), EngineError> {
        let (_, ran) = ask(self, job, Verb::ForceUnlock, |command| command.arg(id), session).await?;
        ran.map(drop)
    }

    async fn outputs(&self, job: &UnitJob, session: Session<'_>) -> Result<Outputs, EngineError> {
        session.watcher.step(Step::Outputs);
        if let Some(state) = self.read_state(job).await? {
            return Ok(state.outputs?);
        }
        debug!(unit = %job.id, "outputs are asked of the tool");
        let (label, ran) = ask(self, job, Verb::Output, |command| command, session).await?;
        parse_outputs(&self.answer(ran?.stdout))
            .map_err(|error| EngineError::Answer { command: label, cause: error.to_string() })
    }
}
