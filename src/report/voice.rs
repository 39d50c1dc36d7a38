//! How much is told while a run goes on.

/// How loud.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loudness {
    /// What went wrong, and what has to be answered.
    Quiet,
    /// A line for each node when it ends.
    #[default]
    Normal,
    /// Each step as well.
    Verbose,
}

/// How much, and whether the answer at the end will be read beside it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Voice {
    /// How loud.
    pub loudness: Loudness,
    /// Whether the table at the end, which has every failure in full, is read in the same place: then a failure is told in
    /// one line while the run goes on.
    pub answer_follows: bool,
}

impl Voice {
    /// Whether what is usual is told.
    pub fn is_normal(self) -> bool {
        self.loudness >= Loudness::Normal
    }

    /// Whether each step is told.
    pub fn is_verbose(self) -> bool {
        self.loudness == Loudness::Verbose
    }
}
