//! What a run does with plans besides applying them.

/// What a run does with plans besides applying them; by default nothing.
#[derive(Clone, Default)]
pub struct Plans {
    /// Whether each is told attribute by attribute, which starts its providers once more.
    pub detailed: bool,
}
