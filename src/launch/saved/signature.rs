//! Who signs saved plans, and whose are applied.

use std::path::PathBuf;

use super::PLAN_AGAIN;
use crate::engine::plan::folder::SavedFolder;
use crate::engine::plan::signature::{self, SignatureError, Signer};
use crate::launch::error::CommandError;
use crate::launch::workspace::Workspace;

/// How saved plans are signed.
#[derive(Clone, Debug, Default)]
pub struct Signing {
    /// The SSH key; where none is named, the one that Git signs with, where that is one.
    pub key: Option<PathBuf>,
    /// Whether they are saved unsigned, whatever Git is configured to.
    pub unsigned: bool,
}

impl Signing {
    /// Who signs; nobody where that is not wanted.
    pub(super) fn signer(&self, workspace: &Workspace) -> Result<Option<Signer>, CommandError> {
        if self.unsigned {
            return Ok(None);
        }
        let named = self.key.as_ref().map(|key| workspace.working_dir.join(key));
        Signer::find(named.as_deref(), &workspace.project.dir).map_err(|error| not_signed(&error))
    }
}

/// Whose saved plans are applied.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// A list of signers, which ssh-keygen reads; where none is named, Git's for signed plans.
    pub allowed_signers: Option<PathBuf>,
    /// Whether plans are refused that are not signed by an allowed signer.
    pub require_signature: bool,
}

/// Who signed, as far as that is asked for or can be known.
pub(super) fn trusted(
    folder: &SavedFolder,
    workspace: &Workspace,
    trust: &Trust,
) -> Result<Option<String>, CommandError> {
    let named = trust.allowed_signers.as_ref().map(|list| workspace.working_dir.join(list));
    let required = trust.require_signature || named.is_some();
    if let Some(list) = named.as_ref().filter(|list| !list.is_file()) {
        let message = format!("there is no list of allowed signers at {}", list.display());
        return Err(CommandError::usage(message, "name one with --allowed-signers"));
    }
    if !folder.is_signed {
        if required {
            return Err(CommandError::refused("the plans are not signed", PLAN_AGAIN));
        }
        return Ok(None);
    }
    let allowed = named.or_else(|| signature::allowed_signers_of_git(&workspace.project.dir));
    let expected = folder.manifest.signer.as_deref();
    let signed = signature::verify(&folder.manifest_bytes, &folder.signature(), allowed.as_deref(), expected);
    let signed = signed.map_err(|error| match error {
        SignatureError::Program { .. } => CommandError::failed(error, Some("install OpenSSH".to_owned())),
        error => CommandError::refused(error.to_string(), PLAN_AGAIN),
    })?;
    if required && signed.by.is_none() {
        return Err(CommandError::refused(
            format!("the plans are signed with {}, and no list says whose key that is", signed.fingerprint),
            "name a list of allowed signers with --allowed-signers, or in git's gpg.ssh.allowedSignersFile",
        ));
    }
    Ok(Some(signed.by.unwrap_or(signed.fingerprint)))
}

pub(super) fn not_signed(error: &SignatureError) -> CommandError {
    CommandError::failed(
        error,
        Some("name a key with --sign-with, or save the plans unsigned with --no-sign".to_owned()),
    )
}
