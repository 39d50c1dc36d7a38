//! What can go wrong with the manifests repository.

use slipway_support::address::Address;
use slipway_support::git::GitError;

/// An error of the manifests repository. Every message names the thing and the way out.
#[derive(Debug, thiserror::Error)]
pub enum GitOpsError {
    /// Git itself, or the remote.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A temporary folder for the clone cannot be made.
    #[error("no temporary folder for the manifests repository: {0}; check TMPDIR and free space")]
    Scratch(#[source] std::io::Error),
    /// The repository's address cannot be used.
    #[error("repository address {url}: {problem}")]
    Address {
        /// The address, without a password.
        url: Address,
        /// What is wrong, and what to write instead.
        problem: &'static str,
    },
    /// The repository has branches, and its HEAD names none of them.
    #[error(
        "the HEAD of {url} names no branch that is there, and it has {branches}; name one with --branch or as revision in slipway.hcl, or correct the HEAD"
    )]
    DanglingHead {
        /// The remote.
        url: Address,
        /// A few of its branches.
        branches: String,
    },
    /// A path that leaves the repository.
    #[error(
        "path {path:?} is not inside the repository; write it relative to the repository's root, like manifests"
    )]
    Path {
        /// The path as given.
        path: String,
    },
    /// Text that is no image reference.
    #[error("{text:?} is not an image reference: {problem}; write it like registry.example/app:v2")]
    Image {
        /// The text.
        text: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Text that is no assignment of an image to an app.
    #[error("{text:?} is not an assignment: {problem}; write it like app-a=registry.example/app:v2")]
    Assignment {
        /// The text.
        text: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The folder of the app holds no manifests, or is not there.
    #[error("no manifests in {folder}; {hint}")]
    NoApp {
        /// The app's folder.
        folder: String,
        /// The apps that are there.
        hint: String,
    },
    /// No container fits the selection.
    #[error("{folder} has no container that fits {target}; it has {present}")]
    NoImage {
        /// The app's folder.
        folder: String,
        /// The selection.
        target: String,
        /// The containers that are there.
        present: String,
    },
    /// Several containers fit the selection.
    #[error("{target} fits several containers, {matches}; name one, like {example}=IMAGE")]
    Ambiguous {
        /// The selection.
        target: String,
        /// Each of them, with file and line.
        matches: String,
        /// A selection that would fit one.
        example: String,
    },
    /// Every app is meant, and one place only.
    #[error("* is every app, and {image} would be set in one place; add --all, or name the app")]
    EveryApp {
        /// The wanted image.
        image: String,
    },
    /// No place runs the image that is to be set wherever it is.
    #[error("nothing in {app} runs {name}; slipway image list shows what is there")]
    NobodyRuns {
        /// The app.
        app: String,
        /// The image's name.
        name: String,
    },
    /// Two assignments mean one place.
    #[error("{container} is given two images, {images}; give it one")]
    Twice {
        /// The app and its container.
        container: String,
        /// The images.
        images: String,
    },
    /// A manifest that cannot be read, or not be edited safely.
    #[error("{file}:{line}: {problem}")]
    Manifest {
        /// The file, relative to the repository's root.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong, and what to do about it.
        problem: String,
    },
    /// Manifests that would be pushed are wrong.
    #[error("{problems}")]
    Manifests {
        /// What is wrong, each with file and line.
        problems: String,
    },
    /// Manifests could not be held to a schema, and have to be.
    #[error("whether the manifests are right is not known: {problems}")]
    ManifestsNotHeld {
        /// What is not known, each with file and line, and why.
        problems: String,
    },
    /// A registry has spoken against the image.
    #[error("{problem}")]
    NotInRegistry {
        /// What is wrong with it, and the way out.
        problem: String,
    },
    /// A registry could not be asked, and has to be.
    #[error("{image} is not known to be in its registry: {problem}")]
    RegistryNotAsked {
        /// The image.
        image: String,
        /// Why not, and the way out.
        problem: String,
    },
    /// The wanted image is older than the one that is there.
    #[error("{app} is at {current}, which is newer than {wanted}; allow an older image, or roll back")]
    Older {
        /// The app.
        app: String,
        /// The image that is there.
        current: String,
        /// The image that was asked for.
        wanted: String,
    },
    /// The wanted tag is none of the versions that the policy of ages lets be set.
    #[error(
        "{app} takes versions of {range} only, and {wanted} is none of them; widen the range, or set another version"
    )]
    OutOfRange {
        /// The app.
        app: String,
        /// The image that was asked for.
        wanted: String,
        /// The range.
        range: String,
    },
    /// Someone else set another image in the meantime, and which one is newer cannot be told.
    #[error("{app} was set to {current} by someone else just now; look at it, then ask for {wanted} again")]
    Overtaken {
        /// The app.
        app: String,
        /// The image that is there now.
        current: String,
        /// The image that was asked for.
        wanted: String,
    },
    /// A rollback stands, and holds later bumps back.
    #[error(
        "{app} was rolled back from {from} by {commit} and is frozen, {since}; unfreeze it to set an image again"
    )]
    Frozen {
        /// The app.
        app: String,
        /// The image that was rolled back.
        from: String,
        /// The rollback's commit.
        commit: String,
        /// Since when, and by whom.
        since: String,
    },
    /// Somebody froze the app, or all of them.
    #[error("{app} is frozen {when}: {reason}")]
    Held {
        /// The app.
        app: String,
        /// Why.
        reason: String,
        /// Since when, until when where that was said, by whom, and in which commit.
        when: String,
        /// Whether every app is frozen.
        all: bool,
    },
    /// A window is open in which nothing is set.
    #[error("{app} is in the freeze window \"{window}\" ({place}) until {until}")]
    InWindow {
        /// The app.
        app: String,
        /// The window's name.
        window: String,
        /// Where it is written down.
        place: String,
        /// When it ends, with its time zone.
        until: String,
    },
    /// There is no bump that could be taken back.
    #[error("{app} has no bump left to roll back; set the wanted image instead")]
    NothingToRollBack {
        /// The app.
        app: String,
    },
    /// What is asked for was never there, as far as the history tells.
    #[error("{app} never ran {image}; it ran {known}: set another image instead")]
    NeverRan {
        /// The app.
        app: String,
        /// The image, or its tag.
        image: String,
        /// Some of those that it ran.
        known: String,
    },
    /// No commit of the branch is meant.
    #[error("{branch} has no commit {text}; slipway image history and slipway audit show those that count")]
    NoCommit {
        /// What was asked for.
        text: String,
        /// The branch.
        branch: String,
    },
    /// An app was not there then.
    #[error("{app} had no images {then}; name a later commit or time")]
    NotThere {
        /// The app.
        app: String,
        /// When.
        then: String,
    },
    /// The image is not the one that the last bump set.
    #[error(
        "{app} is at {current}, but its last bump {commit} set {set}; someone edited it by hand: set the wanted image instead"
    )]
    ChangedSince {
        /// The app.
        app: String,
        /// The image that is there.
        current: String,
        /// The image of the last bump.
        set: String,
        /// The last bump's commit.
        commit: String,
    },
    /// The branch takes changes by requests only.
    #[error(
        "{branch} is protected and takes no push: {message}; pass --pull-request, so that the change is proposed"
    )]
    Protected {
        /// The remote's branch.
        branch: String,
        /// What it said.
        message: String,
    },
    /// The branch of a request holds what was not written by us, and would be lost.
    #[error(
        "{branch} holds {commit} of {author}, {subject:?}, which an update would lose; merge or close its request and delete the branch, or name another one with --request-branch"
    )]
    NotOurs {
        /// The branch of the request.
        branch: String,
        /// The commit.
        commit: String,
        /// Who wrote it.
        author: String,
        /// What it says.
        subject: String,
    },
    /// What a request holds already cannot be put together with a change.
    #[error(
        "{branch} proposes other changes of {files} already, which do not go together with this one; merge or close its request first"
    )]
    Together {
        /// The branch of the request.
        branch: String,
        /// The files that both change.
        files: String,
    },
    /// An open request has a newer image than the wanted one.
    #[error(
        "{app} is to be set to {proposed} by {branch}, which is newer than {wanted}; allow an older image"
    )]
    OlderThanProposed {
        /// The app.
        app: String,
        /// The image that is proposed.
        proposed: String,
        /// The image that was asked for.
        wanted: String,
        /// The branch of the request.
        branch: String,
    },
    /// Every push lost the race.
    #[error("{url} moved {attempts} times while this change was being pushed; try again when it is quieter")]
    Busy {
        /// The remote.
        url: Address,
        /// How often the push was tried.
        attempts: u32,
    },
    /// Every push was refused as too late, and nobody else pushed.
    #[error(
        "{url} takes no push to {branch}, although nobody else pushes: {message}; a process that died there may have left a lock on the branch"
    )]
    Stuck {
        /// The remote.
        url: Address,
        /// Its branch.
        branch: String,
        /// What it said.
        message: String,
    },
    /// The user's Git signs commits, and this one could not be signed.
    #[error(
        "the commit cannot be signed, as commit.gpgSign wants it: {cause}; make the key usable here, or unset it"
    )]
    Signing {
        /// What Git said.
        cause: String,
    },
    /// The push was accepted, but the branch does not hold the commit.
    #[error(
        "commit {commit} was accepted but is not on {branch} of {url}; someone forced the branch back, or the remote moves it"
    )]
    NotOnBranch {
        /// The pushed commit.
        commit: String,
        /// The remote's branch.
        branch: String,
        /// The remote.
        url: Address,
    },
    /// An answer of git that we do not understand: a bug here.
    #[error("unexpected answer of git {command}; please report it")]
    Answer {
        /// The subcommand.
        command: &'static str,
    },
}
