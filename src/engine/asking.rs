//! Programs that are asked something, beside everything else.

use super::EngineError;

/// Asks a program something, which blocks, beside everything else.
pub async fn blocking<T: Send + 'static>(
    program: &str,
    question: impl FnOnce() -> Result<T, EngineError> + Send + 'static,
) -> Result<T, EngineError> {
    tokio::task::spawn_blocking(question)
        .await
        .map_err(|error| EngineError::BadTool { program: program.to_owned(), cause: error.to_string() })?
}
