//! The locals of a file: each found at its first use, and once for every unit where the answer is the same.

use std::sync::Arc;

use super::parsed_file::{LocalIndex, SharedLocal, SharedLocals};
use super::scope::{FileScope, Section, not_here, unknown};
use super::unit_evaluation::{Recorded, SharedBy, Trace};
use crate::terragrunt::convert::plain;
use crate::terragrunt::paths;
use slipway_hcl::diagnostic::Diagnostic;
use slipway_hcl::scope::Resolved;
use slipway_hcl::source::Location;
use slipway_hcl::value::{Fields, Value};

/// A local that is being evaluated, with the place of its attribute.
#[derive(Clone)]
pub(crate) struct LocalStep {
    pub name: Arc<str>,
    pub location: Location,
}

pub(in crate::terragrunt) enum LocalState {
    Pending,
    Evaluating,
    Done(KnownLocal),
    Failed(Box<Diagnostic>),
}

/// A local's value; in an included file with what else its next use has to be told.
#[derive(Clone)]
pub(in crate::terragrunt) struct KnownLocal {
    value: Value,
    files: Arc<[Trace]>,
    shared_by: SharedBy,
}

impl FileScope<'_> {
    /// One local, evaluated at its first use.
    pub(in crate::terragrunt) fn local(&self, name: &str) -> Result<Value, Box<Diagnostic>> {
        let Some(index) = self.file.local(name) else {
            let known = self.file.locals().map(|(_, known)| &**known);
            return Err(Box::new(unknown("local", name, known)));
        };
        self.local_at(index)
    }

    fn local_at(&self, index: LocalIndex) -> Result<Value, Box<Diagnostic>> {
        let state = &self.locals[index];
        match &*state.borrow() {
            LocalState::Done(known) => {
                self.note(known);
                return Ok(known.value.clone());
            }
            LocalState::Failed(diagnostic) => return Err(diagnostic.clone()),
            LocalState::Evaluating => return Err(Box::new(self.circle(index))),
            LocalState::Pending => {}
        }
        if let Some(known) = self.shared_local(index) {
            self.note(&known);
            let value = known.value.clone();
            state.replace(LocalState::Done(known));
            return Ok(value);
        }
        state.replace(LocalState::Evaluating);
        let answer = if self.child.is_some() {
            let Recorded { answer, files, sharing } =
                self.session.recorded_part(|| self.evaluate_local(index));
            answer.map(|value| self.keep_local(index, value, files.into(), sharing))
        } else {
            let files = Arc::default();
            self.evaluate_local(index).map(|value| KnownLocal { value, files, shared_by: SharedBy::Nobody })
        };
        match answer {
            Ok(known) => {
                let value = known.value.clone();
                state.replace(LocalState::Done(known));
                Ok(value)
            }
            Err(diagnostic) => {
                state.replace(LocalState::Failed(diagnostic.clone()));
                Err(diagnostic)
            }
        }
    }

    fn evaluate_local(&self, index: LocalIndex) -> Result<Value, Box<Diagnostic>> {
        let definition = self.file.definition(index);
        let step =
            LocalStep { name: Arc::clone(&definition.name.name), location: self.location(definition.span) };
        self.session.count(|counts| counts.locals += 1);
        self.session.evaluating.borrow_mut().push(step);
        let answer = self.within(Section::Locals, || self.evaluate(&definition.expr));
        self.session.evaluating.borrow_mut().pop();
        answer
    }

    /// What was already found for another unit.
    fn shared_local(&self, index: LocalIndex) -> Option<KnownLocal> {
        self.child.as_ref()?;
        let known = |shared: &SharedLocal, shared_by| KnownLocal {
            value: shared.value.clone(),
            files: Arc::clone(&shared.files),
            shared_by,
        };
        if let Some(shared) = self.file.shared_locals().get(index) {
            return Some(known(shared, SharedBy::Everyone));
        }
        self.folder_locals().get(index).map(|shared| known(shared, SharedBy::Folder))
    }

    fn keep_local(
        &self,
        index: LocalIndex,
        value: Value,
        files: Arc<[Trace]>,
        shared_by: SharedBy,
    ) -> KnownLocal {
        let shared = || SharedLocal { value: value.clone(), files: Arc::clone(&files) };
        match shared_by {
            SharedBy::Everyone => self.file.shared_locals().keep(index, shared()),
            SharedBy::Folder => self.folder_locals().keep(index, shared()),
            SharedBy::Nobody => {}
        }
        KnownLocal { value, files, shared_by }
    }

    fn folder_locals(&self) -> &SharedLocals {
        let above = paths::folder(paths::folder(&self.config_path)).as_os_str();
        self.folder_locals.get_or_init(|| self.file.shared_locals_of(above))
    }

    /// Tells whoever uses a known local what it depends on.
    fn note(&self, known: &KnownLocal) {
        if self.child.is_some() {
            self.session.mark_shared_by(known.shared_by);
            for file in &*known.files {
                self.session.mark(file.clone());
            }
        }
    }

    /// Every local; what fails is added to `errors`, once for each local.
    pub fn all_locals(&self, errors: &mut Vec<Diagnostic>) -> Fields {
        let mut fields = Fields::new();
        for (index, name) in self.file.locals() {
            match self.local_at(index) {
                Ok(value) => {
                    fields.insert(Arc::clone(name), plain(&value));
                }
                Err(diagnostic) => errors.push(*diagnostic),
            }
        }
        fields
    }

    /// Evaluates every local for what is wrong with it.
    pub fn check_locals(&self, errors: &mut Vec<Diagnostic>) {
        let failed = self.file.locals().filter_map(|(index, _)| self.local_at(index).err());
        errors.extend(failed.map(|diagnostic| *diagnostic));
    }

    fn circle(&self, index: LocalIndex) -> Diagnostic {
        let definition = self.file.definition(index);
        let name = &definition.name.name;
        let steps = self.session.evaluating.borrow();
        let start = steps
            .iter()
            .rposition(|step| step.name == *name && step.location.file.path() == self.file.source.path());
        let circle: Vec<&str> =
            steps.iter().skip(start.unwrap_or_default()).map(|step| &*step.name).chain([&**name]).collect();
        // Where each of them is used is told by the way there.
        Diagnostic::error(
            "terragrunt::locals_cycle",
            format!("locals need each other in a circle: {}", circle.join(" → ")),
        )
        .at(self.location(definition.span))
        .help("take one of them apart, so that it does not need the next")
    }

    pub(in crate::terragrunt) fn local_variable(
        &self,
        path: &[&str],
    ) -> Result<Option<Resolved>, Box<Diagnostic>> {
        if self.section() == Section::Base {
            return Err(Box::new(not_here("local", "include and feature blocks are read before locals")));
        }
        if let Some(name) = path.first() {
            return Ok(Some(Resolved { value: self.local(name)?, consumed: 1 }));
        }
        let all = self.file.locals().map(|(index, name)| Ok((Arc::clone(name), self.local_at(index)?)));
        let fields: Result<Fields, Box<Diagnostic>> = all.collect();
        Ok(Some(Resolved::root(Value::Object(Arc::new(fields?)))))
    }
}
