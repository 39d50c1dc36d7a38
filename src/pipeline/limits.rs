//! What platforms take of a pipeline.

/// What a platform takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Its name.
    pub platform: &'static str,
    /// Jobs of one matrix.
    pub matrix: usize,
    /// Bytes of what one job hands to others.
    pub output: usize,
    /// Bytes of a file.
    pub file: usize,
}

/// GitHub's: 256 jobs a matrix, 1 MB of outputs a job, which it counts as UTF-16, and 512 KB a workflow.
pub const GITHUB: Limits = Limits { platform: "GitHub", matrix: 256, output: 512 * 1000, file: 512 * 1000 };
/// GitLab's: 200 jobs a matrix, and 1 MB a file of a pipeline.
pub const GITLAB: Limits = Limits { platform: "GitLab", matrix: 200, output: 1000 * 1000, file: 1000 * 1000 };
/// That of Argo Workflows: a workflow with the state of its pods is one object of at most 1.5 MB in etcd, and a pod with its parameters takes
/// two to four kilobytes of it; 256 KB a parameter.
pub const ARGO_WORKFLOWS: Limits =
    Limits { platform: "Argo Workflows", matrix: 200, output: 256 * 1024, file: 1000 * 1000 };
/// Bytes of one variable: a system takes no longer text in the environment of a program.
pub const VARIABLE: usize = 120 * 1024;
