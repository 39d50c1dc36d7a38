use super::*;

fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let git = Git::new(folder.path());
    git.ask(&["init", "-q", "-b", "main"]).unwrap();
    commit(folder.path(), "first");
    folder
}

fn commit(folder: &Path, name: &str) -> String {
    std::fs::write(folder.join(name), name).unwrap();
    let git = Git::new(folder);
    git.ask(&["add", "."]).unwrap();
    git.ask(&["-c", "user.name=T", "-c", "user.email=t@example.com", "commit", "-qm", name]).unwrap();
    head_commit(folder).unwrap()
}

#[test]
fn the_root_is_found_from_a_folder_inside() {
    let repository = repository();
    let inner = repository.path().join("a/b");
    std::fs::create_dir_all(&inner).unwrap();
    assert_eq!(repo_root(&inner).unwrap(), repository.path().canonicalize().unwrap());
}

#[test]
fn a_folder_outside_any_repository_is_an_error_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let error = repo_root(folder.path()).unwrap_err().to_string();
    assert!(error.contains("not a git repository"), "{error}");
}

#[test]
fn an_untracked_file_makes_a_work_tree_dirty() {
    let repository = repository();
    assert!(!is_dirty(repository.path()).unwrap());
    std::fs::write(repository.path().join("new"), "").unwrap();
    assert!(is_dirty(repository.path()).unwrap());
}

#[test]
fn an_ancestor_is_told_from_a_descendant_and_from_a_commit_that_is_not_there() {
    let repository = repository();
    let first = head_commit(repository.path()).unwrap();
    let second = commit(repository.path(), "second");
    let git = Git::new(repository.path());
    assert!(is_ancestor(&git, &first, &second).unwrap());
    assert!(is_ancestor(&git, &first, &first).unwrap());
    assert!(!is_ancestor(&git, &second, &first).unwrap());
    is_ancestor(&git, &"0".repeat(40), &second).unwrap_err();
}

fn remote(address: &str, branch: &str) -> GitRemote {
    GitRemote::new(&Address::new(address), branch).unwrap()
}

#[test]
fn credentials_are_in_no_argument_and_in_no_debug_output() {
    let git = Git::new(".").with_remote(remote("https://ci:hunter2@git.example.com/m.git", "main"));
    let command = git.command(&["fetch", "origin"]);
    assert!(command.get_args().all(|argument| !argument.to_string_lossy().contains("hunter2")));
    assert!(!format!("{git:?}").contains("hunter2"));
}

#[test]
fn only_what_speaks_to_the_remote_gets_credentials() {
    let git = Git::new(".").with_remote(remote("https://ci:hunter2@git.example.com/m.git", "main"));
    let has =
        |command: &Command, name: &str| command.get_envs().any(|(key, value)| key == name && value.is_some());
    assert!(has(&git.command(&["fetch", "origin"]), environment::GIT_PASSWORD));
    for local in ["init", "commit-tree", "rev-parse", "cat-file"] {
        assert!(!has(&git.command(&[local]), environment::GIT_PASSWORD), "{local}");
    }
}

#[test]
fn a_user_name_is_told_to_git_in_no_argument_either() {
    let git = Git::new(".").with_remote(remote("https://token@git.example.com/m.git", "main"));
    let command = git.command(&["fetch", "--", git.remote.as_ref().unwrap().url()]);
    assert!(command.get_args().all(|argument| !argument.to_string_lossy().contains("token")));
    assert!(command.get_envs().any(|(_, value)| value.is_some_and(|value| value == "token")));
}

#[test]
fn ssh_addresses_are_told_from_others() {
    let speaks_ssh = |url: &str| remote(url, "main").speaks_ssh();
    assert!(speaks_ssh("git@github.com:org/m.git"));
    assert!(speaks_ssh("ssh://git@host/m.git"));
    assert!(!speaks_ssh("https://host:8443/m.git"));
    assert!(!speaks_ssh("/srv/m.git"));
}

#[tokio::test]
async fn a_token_serves_its_own_repository_and_no_other_on_the_host() {
    let folder = tempfile::tempdir().unwrap();
    let git =
        Git::new(folder.path()).with_remote(remote("https://ci:hunter2@git.example.com/team/m.git", "main"));
    let fill = |host: &str, path: &str| format!("protocol=https\nhost={host}\npath={path}\n\n").into_bytes();
    let own = git.run(&["credential", "fill"], &fill("git.example.com", "team/m.git")).await.unwrap();
    assert!(lossy(&own).contains("username=ci\npassword=hunter2\n"), "{}", lossy(&own));
    for (host, path) in [("git.example.com", "team/other.git"), ("evil.example.com", "team/m.git")] {
        let other = git.run(&["credential", "fill"], &fill(host, path)).await;
        assert!(!other.is_ok_and(|answer| lossy(&answer).contains("hunter2")), "{host}/{path}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_a_dropped_command_started_ends_with_it() {
    let repository = repository();
    let alive = repository.path().join("alive");
    let alias = format!("alias.wait=!sh -c 'echo $$ > {}; sleep 60; true'", alive.display());
    let git = Git::new(repository.path());
    let arguments = ["-c", &alias, "wait"];
    let started = async {
        while std::fs::read_to_string(&alive).unwrap_or_default().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        result = git.run(&arguments, &[]) => panic!("ended by itself: {result:?}"),
        () = started => {}
    }
    let child: i32 = std::fs::read_to_string(&alive).unwrap().trim().parse().unwrap();
    for _ in 0..200 {
        // A process that ended, but that nobody has waited for yet, has an empty command line.
        if std::fs::read(format!("/proc/{child}/cmdline")).unwrap_or_default().is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{child} still runs");
}

fn change(path: &str, kind: changes::ChangeKind) -> changes::FileChange {
    changes::FileChange { path: PathBuf::from(path), kind }
}

#[test]
fn a_file_that_moved_is_gone_at_one_place_and_new_at_another() {
    use changes::ChangeKind::{Added, Changed, Removed};

    let repository = repository();
    let first = head_commit(repository.path()).unwrap();
    commit(repository.path(), "with space");
    std::fs::rename(repository.path().join("first"), repository.path().join("moved")).unwrap();
    std::fs::write(repository.path().join("with space"), "other").unwrap();
    let last = commit(repository.path(), "last");
    let found = changes::between(repository.path(), &first, &last).unwrap();
    let with_space = change("with space", Added);
    assert_eq!(found, [change("first", Removed), change("last", Added), change("moved", Added), with_space]);

    std::fs::write(repository.path().join("new\nline"), "").unwrap();
    std::fs::write(repository.path().join("last"), "other").unwrap();
    let found = changes::since(repository.path(), "HEAD").unwrap();
    assert_eq!(found, [change("last", Changed), change("new\nline", Added)]);
}

#[test]
fn a_commit_that_is_not_there_is_named() {
    let repository = repository();
    let error = changes::commit_of(repository.path(), "--upload-pack").unwrap_err().to_string();
    assert!(error.contains("there is no commit \"--upload-pack\""), "{error}");
}

#[test]
fn the_main_branch_is_the_one_of_the_remote_or_main() {
    let repository = repository();
    assert_eq!(changes::main_branch(repository.path()).as_deref(), Some("main"));
    let git = Git::new(repository.path());
    git.ask(&["update-ref", "refs/remotes/origin/trunk", "HEAD"]).unwrap();
    git.ask(&["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk"]).unwrap();
    assert_eq!(changes::main_branch(repository.path()).as_deref(), Some("origin/trunk"));
}

#[test]
fn the_files_of_a_commit_are_laid_out_and_taken_away_again() {
    let repository = repository();
    std::fs::create_dir(repository.path().join("a b")).unwrap();
    std::fs::write(repository.path().join("a b/text"), "one").unwrap();
    std::os::unix::fs::symlink("a b/text", repository.path().join("link")).unwrap();
    std::fs::write(repository.path().join("large"), vec![b'x'; 5 << 20]).unwrap();
    let old = commit(repository.path(), "second");
    std::fs::write(repository.path().join("a b/text"), "two").unwrap();
    commit(repository.path(), "third");

    let snapshot = snapshot::Snapshot::of(repository.path(), &old).unwrap();
    let folder = snapshot.path().to_path_buf();
    assert_eq!(std::fs::read_to_string(folder.join("link")).unwrap(), "one");
    assert_eq!(std::fs::read_to_string(folder.join("large")).unwrap(), "");
    assert!(!folder.join("third").exists());
    assert_eq!(repo_root(&folder.join("a b")).unwrap(), folder.canonicalize().unwrap());
    drop(snapshot);
    assert!(!folder.exists());
}

/// A program that leaves a file behind, named by every setting of a repository that could start one.
fn trap(repository: &Path) -> PathBuf {
    let ran = repository.join(".git/ran");
    let script = repository.join(".git/trap");
    let text = format!("#!/bin/sh\necho \"$0 $*\" >> '{}'\ncat\n", ran.display());
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let script = script.display().to_string();
    let git = |key: &str, value: &str| {
        let set = Command::new("git").current_dir(repository).args(["config", key, value]).status();
        assert!(set.unwrap().success(), "{key}");
    };
    for key in [
        "core.fsmonitor",
        "core.sshCommand",
        "core.askPass",
        "core.editor",
        "core.pager",
        "core.gitProxy",
        "core.alternateRefsCommand",
        "credential.helper",
        "diff.external",
        "diff.evil.command",
        "diff.evil.textconv",
        "filter.evil.clean",
        "filter.evil.smudge",
        "gpg.program",
        "gpg.ssh.program",
        "merge.evil.driver",
        "remote.origin.uploadpack",
        "trailer.evil.command",
        "uploadpack.packObjectsHook",
        "pager.log",
        "pager.diff",
    ] {
        git(key, &script);
    }
    git("core.hooksPath", &repository.join(".git/traps").display().to_string());
    std::fs::create_dir_all(repository.join(".git/traps")).unwrap();
    for hook in ["post-index-change", "reference-transaction", "post-checkout", "pre-auto-gc"] {
        std::fs::copy(&script, repository.join(".git/traps").join(hook)).unwrap();
    }
    git("filter.evil.required", "true");
    git("log.showSignature", "true");
    git("diff.trustExitCode", "true");
    git("protocol.ext.allow", "always");
    git("remote.origin.url", &format!("ext::{script}"));
    git("remote.origin.promisor", "true");
    git("alias.status", &format!("!{script}"));
    ran
}

#[test]
fn no_question_starts_what_a_repository_or_one_of_its_submodules_names() {
    let repository = repository();
    let root = repository.path();
    let first = head_commit(root).unwrap();
    std::fs::write(root.join(".gitattributes"), "* filter=evil diff=evil merge=evil\n").unwrap();
    let inner = root.join("inner");
    std::fs::create_dir(&inner).unwrap();
    Git::new(&inner).ask(&["init", "-q", "-b", "main"]).unwrap();
    commit(&inner, "inside");
    let second = commit(root, "second");
    let (ran, inside) = (trap(root), trap(&inner));
    for path in [root.join("first"), inner.join("inside")] {
        std::fs::write(path, "other").unwrap();
    }
    // The trap works: Git by itself walks into it.
    drop(Command::new("git").current_dir(root).args(["status"]).output().unwrap());
    assert!(ran.exists());
    std::fs::remove_file(&ran).unwrap();
    let _none = std::fs::remove_file(&inside);

    // Settings are asked for once a folder, and those of this one were when it was made.
    let elsewhere = tempfile::tempdir().unwrap();
    let link = elsewhere.path().join("repository");
    std::os::unix::fs::symlink(root, &link).unwrap();
    let root = link.as_path();
    repo_root(root).unwrap();
    head_commit(root).unwrap();
    assert!(is_dirty(root).unwrap());
    assert!(is_ancestor(&Git::new(root), &first, &second).unwrap());
    assert_eq!(changes::since(root, "HEAD").unwrap(), [change("first", changes::ChangeKind::Changed)]);
    assert_eq!(changes::between(root, &first, &second).unwrap().len(), 3);
    changes::merge_base(root, &first, &second).unwrap();
    changes::main_branch(root).unwrap();
    changes::commit_of(root, "main").unwrap();
    drop(snapshot::Snapshot::of(root, &second).unwrap());
    removed::removed(root, Path::new(""), &["first"], Some(10)).unwrap();
    // An object that is not here would be fetched from where the repository says.
    changes::commit_of(root, &"1".repeat(40)).unwrap_err();
    for ran in [ran, inside] {
        assert!(!ran.exists(), "{}", std::fs::read_to_string(&ran).unwrap());
    }
}

#[test]
fn a_folder_of_the_tree_that_looks_like_a_bare_repository_is_none() {
    let repository = repository();
    let bare = repository.path().join("unit");
    std::fs::create_dir(&bare).unwrap();
    Git::scratch(&bare).ask(&["init", "-q", "--bare", "."]).unwrap();
    let error = head_commit(&bare).unwrap_err().to_string();
    assert!(error.contains("bare repository"), "{error}");
}
