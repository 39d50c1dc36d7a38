//! Who reads the units of a workspace: each reader with what its command may start and ask.

use std::path::Path;
use std::sync::Arc;

use super::error::CommandError;
use super::kept_outlines::KeptOutlines;
use super::options::Tools;
use super::workspace::{Workspace, confined};
use crate::engine::identity::SdkIdentity;
use crate::engine::unit_folder;
use crate::terragrunt::{AwsIdentity, OutlineStore, Reader, ReaderOptions};

impl Workspace {
    /// A reader for a command of Terraform, such as `plan`.
    pub fn reader(&self, terraform_command: &str) -> Arc<Reader> {
        Arc::new(Reader::new(self.reader_options(terraform_command)))
    }

    /// A reader where an engine works on what is read: `get_working_dir` is then where that engine runs modules.
    pub fn reader_for_work(
        &self,
        terraform_command: &str,
        tools: &Tools,
    ) -> Result<Arc<Reader>, CommandError> {
        let mut options = self.reader_options(terraform_command);
        if self.engine_at(&self.home, tools, false)?.name() == "native" {
            let (home, root) = (self.home.clone(), self.project.estate_root.clone());
            let place =
                move |dir: &Path, source: Option<&str>| unit_folder::working_dir(&home, &root, dir, source);
            options.working_dir_of = Some(Arc::new(place));
        }
        Ok(Arc::new(Reader::new(options)))
    }

    /// What such a reader is told.
    pub fn reader_options(&self, terraform_command: &str) -> ReaderOptions {
        let options = ReaderOptions {
            aws: Some(Arc::new(SdkIdentity::default())),
            features: self.features.clone(),
            experiments: self.experiments.clone(),
            excluded: Arc::clone(&self.project.excluded),
            estate_root: Some(self.project.estate_root.clone()),
            ..ReaderOptions::new(&self.working_dir, terraform_command)
        };
        confined(options, self.boundary.clone())
    }

    /// A reader for looking at each unit once, however many there are.
    pub fn reader_for_lists(&self, terraform_command: &str) -> Arc<Reader> {
        let options = self.reader_options(terraform_command);
        Arc::new(Reader::new(ReaderOptions { keep_units: false, ..options }))
    }

    /// Such a reader that goes by what was found the last time, where nothing has changed since; `anew` where it is not to.
    pub fn reader_for_looking(&self, terraform_command: &str, anew: bool) -> Arc<Reader> {
        let options = self.reader_options(terraform_command);
        let keeps = !anew && options.boundary.is_none();
        let outlines: Option<Arc<dyn OutlineStore>> =
            if keeps { Some(Arc::new(KeptOutlines::of(self))) } else { None };
        Arc::new(Reader::new(ReaderOptions { keep_units: false, outlines, ..options }))
    }

    /// A reader that starts no program and asks nobody: what these would answer is unknown.
    pub fn reader_without_programs(&self, terraform_command: &str) -> Arc<Reader> {
        let options = self.reader_options(terraform_command);
        Arc::new(Reader::new(ReaderOptions { exec: false, aws: None, ..options }))
    }

    /// A reader that starts no program and asks nobody but `aws` who calls; nobody at all where the repository is not
    /// trusted.
    pub fn reader_asking_only(&self, aws: Option<Arc<dyn AwsIdentity>>) -> Arc<Reader> {
        let options = ReaderOptions { exec: false, aws, keep_units: false, ..self.reader_options("plan") };
        Arc::new(Reader::new(confined(options, self.boundary.clone())))
    }
}
