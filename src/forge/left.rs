//! What pipelines have left behind, as both forges tell of it.

/// A request that was merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// Its number.
    pub number: u64,
    /// The last commit of its branch.
    pub head: String,
    /// The branch that it was merged into.
    pub base: String,
    /// Whether it came from another repository.
    pub is_of_fork: bool,
}

/// A run of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its id.
    pub id: u64,
    /// How it ended, in the forge's word; none where it has not.
    pub conclusion: Option<String>,
}

/// What a run, or a job of it, has left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    /// Its id; a newer one has a higher.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Whether its content is gone.
    pub is_expired: bool,
    /// The commit that the run was for.
    pub commit: String,
    /// The branch that the run was for, where that is known to be one of this repository.
    pub branch: Option<String>,
}
