//! What engines do with a unit, the same for all of them: for each verb the order of steps. The tool's commands are the table of
//! [`super::verb`], and how one is run is the [`Driver`]'s.

#[cfg(test)]
mod tests;

use std::path::Path;

use async_trait::async_trait;
use tracing::debug;

use super::driver::{Call, Driver};
use super::errand::{Errand, Hearer};
use super::plan::fingerprint;
use super::plan::left_out::LeftOut;
use super::plan_place;
use super::process::{Options, Ran, lists_resources};
use super::state;
use super::verb::Verb;
use super::{
    Applied, Companion, Direction, Engine, EngineError, Fingerprint, PlanJson, PlanOptions, PlanSummary,
    SavedPlan, Session, StateMark, Step, UnitJob,
};
use crate::support::process::CommandLine;
use crate::terraform::outputs::parse_outputs;
use crate::terragrunt::outputs::Outputs;

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

    fn plans_open_inputs(&self) -> bool {
        D::PLANS_OPEN_INPUTS
    }

    async fn plan(
        &self,
        job: &UnitJob,
        PlanOptions { direction, locks, refreshes }: PlanOptions,
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
        if !locks {
            command = command.arg("-lock=false");
        }
        if !refreshes {
            command = command.arg("-refresh=false");
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

    async fn errand(
        &self,
        job: &UnitJob,
        errand: &Errand,
        heard: &dyn Hearer,
        session: Session<'_>,
    ) -> Result<i32, EngineError> {
        let verb = errand.tool_command().map_or(Verb::Program, Verb::Tool);
        let ready = self.ready(job, verb, session).await?;
        session.watcher.step(Step::Errand);
        let command = match errand.program() {
            Some(program) => self.program_line(job, &ready, program),
            None => self.command(job, &ready, verb),
        };
        let command = command.args(errand.arguments().iter().cloned());
        let label = errand.label(self.program(&ready));
        let allowed: &[i32] = if errand.tells_changes() { &[2] } else { &[] };
        let options = Options { heard: Some(heard), allowed, ..verb.options(&label) };
        let call = Call { verb, command: &command, options, then: &|| Ok(()) };
        self.run(job, &ready, call, session).await.map(|ran| ran.code)
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
