//! What of `slipway.hcl` a command needs: the rest is not evaluated where that would start a program.
//!
//! Everything is checked, and all is evaluated that no program has a part in, whatever the command is: a wrong file is
//! told at once. What does rest on a program (`run_cmd`, `sops_decrypt_file`) waits until a command needs its answer.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::hcl::diagnostic::Diagnostic;
use crate::hcl::source::{SourceFile, Span};
use crate::terragrunt::{Boundary, Document, ReaderOptions};

/// The parts of the file that a command needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a part of the file, needed or not by itself")]
pub struct Needs {
    /// `estate`: where the units are.
    pub estate: bool,
    /// `engine` and `unit` blocks: how they are run.
    pub engine: bool,
    /// `cluster` blocks.
    pub clusters: bool,
    /// `policy` blocks and `cost`: what plans have to hold.
    pub policies: bool,
    /// `ci`: what pipelines are told.
    pub ci: bool,
}

impl Needs {
    /// No part: the folder of the file is enough.
    pub const NOTHING: Self =
        Self { estate: false, engine: false, clusters: false, policies: false, ci: false };
    /// Where the units are.
    pub const ESTATE: Self = Self { estate: true, ..Self::NOTHING };
    /// What pipelines are told.
    pub const CI: Self = Self { ci: true, ..Self::NOTHING };
    /// To write a pipeline for the units.
    pub const PIPELINE: Self = Self { ci: true, ..Self::ESTATE };
    /// To work on units without planning them.
    pub const ENGINE: Self = Self { engine: true, ..Self::ESTATE };
    /// To come to a cluster, which may be known by the outputs of a unit only.
    pub const CLUSTERS: Self = Self { clusters: true, ..Self::ENGINE };
    /// To plan and apply units.
    pub const RUN: Self = Self { policies: true, ..Self::ENGINE };
    /// To do that, and what comes with their clusters.
    pub const EVERYTHING: Self = Self { clusters: true, ..Self::RUN };
}

/// The file, read twice: by one reader that starts nothing, and by one that may.
pub(super) struct Sections {
    look: Arc<Document>,
    /// None where no program may be started at all.
    whole: Option<Arc<Document>>,
}

impl Sections {
    pub fn read(file: &Path, options: ReaderOptions) -> Result<Self, Vec<Diagnostic>> {
        let may_start = options.exec;
        let look = Document::read(file, ReaderOptions { exec: false, ..options.clone() })?;
        let whole = if may_start { Some(Arc::new(Document::read(file, options)?)) } else { None };
        Ok(Self { look: Arc::new(look), whole })
    }

    /// A file of somebody else's, which stands for itself: nothing is started for it, and of this machine nothing is read.
    pub fn foreign(source: Arc<SourceFile>) -> Result<Self, Vec<Diagnostic>> {
        let nowhere = PathBuf::from("/dev/null/nowhere");
        let options = ReaderOptions {
            exec: false,
            environment: Arc::default(),
            boundary: Some(Arc::new(Boundary::of_folder(&nowhere))),
            ..ReaderOptions::new(nowhere, "")
        };
        Ok(Self { look: Arc::new(Document::of(source, options)?), whole: None })
    }

    /// The file for what is only looked at.
    pub fn look(&self) -> &Document {
        &self.look
    }

    /// The file for what is evaluated later, when its turn comes.
    pub fn later(&self) -> &Arc<Document> {
        self.whole.as_ref().unwrap_or(&self.look)
    }

    /// What `evaluate` finds, with programs only where it is `needed`; none where it rests on one and is not. `place` is
    /// where it stands, as `what`.
    pub fn get<T>(
        &self,
        needed: bool,
        (what, place): (&str, Span),
        evaluate: impl Fn(&Document) -> Result<T, Vec<Diagnostic>>,
    ) -> Result<Option<T>, Vec<Diagnostic>> {
        let before = self.look.passed_over();
        let found = evaluate(&self.look);
        if self.look.passed_over() == before {
            return found.map(Some);
        }
        match &self.whole {
            _ if !needed => Ok(None),
            Some(whole) => evaluate(whole).map(Some),
            None => {
                let message =
                    format!("{what} rests on a program or on a variable, which nobody is asked for here");
                let help = "write it out in slipway.hcl, or leave out --no-exec and --untrusted";
                let place = self.look.location(place);
                Err(vec![Diagnostic::error("project::program", message).at(place).help(help)])
            }
        }
    }
}
