//! A command where nothing is kept: it is sent the newest commits, and decides as one of all of the history would.

use std::path::Path;
use std::process::Command;

use slipway::gitops::{
    BackTo, BumpOptions, FreezeOptions, GitOpsError, ImageTarget, Reach, Repository, RepositorySpec, audit,
    freeze, go_back, history, holding, lift, list_images, rollback, running_at,
};

use super::kept::{PASSWORD, busy, go_on, served};
use super::remote::{Remote, deployment, spec};
use super::server::GitServer;
use super::{set, set_with};

const KNOWN: &str = "refs/slipway/holds/main/known";

async fn open(spec: RepositorySpec) -> Repository {
    Repository::open_kept(spec, None, Reach::Newest).await.unwrap()
}

/// Whether the history was not fetched as a whole.
fn is_short(repository: &Repository) -> bool {
    let state = format!("{repository:?}");
    ["data: Known(", "data: Cut"].iter().any(|horizon| state.contains(horizon))
}

async fn bump(remote: &Remote, app: &str, version: u32) {
    set(&mut open(remote.spec()).await, &format!("{app}=registry.example/{app}:v{version}")).await.unwrap();
}

async fn hold(remote: &Remote, apps: &[&str]) {
    let apps: Vec<String> = apps.iter().map(|app| (*app).to_owned()).collect();
    let options = FreezeOptions { reason: "audit".into(), ..FreezeOptions::default() };
    freeze(&mut remote.open().await, "manifests", &apps, &options).await.unwrap();
}

/// What a bump would come to, which is not pushed; and whether all of the history was fetched for it.
async fn verdict(spec: RepositorySpec, reach: Reach, app: &str) -> (String, bool) {
    let mut repository = Repository::open_kept(spec, None, reach).await.unwrap();
    repository.only_rehearse();
    let said = match set(&mut repository, &format!("{app}=registry.example/{app}:v900")).await {
        Ok(_) => "set".to_owned(),
        Err(error) => error.to_string(),
    };
    (said, is_short(&repository))
}

/// The same by the newest commits and by all, which are to agree.
async fn agreed(remote: &Remote, app: &str) -> String {
    let (all, _) = verdict(remote.spec(), Reach::All, app).await;
    let (short, is_short) = verdict(remote.spec(), Reach::Newest, app).await;
    assert!(is_short, "{app}: all of the history was fetched");
    assert_eq!(short, all, "{app}");
    short
}

/// What a mirror of everything is sent, by Git alone.
fn whole(server: &GitServer) -> usize {
    let dir = tempfile::tempdir().unwrap();
    let before = server.bytes();
    let address = format!("{}/manifests.git", server.address).replace("://", &format!("://ci:{PASSWORD}@"));
    let cloned =
        Command::new("git").args(["clone", "-q", "--bare", &address]).arg(dir.path().join("x")).status();
    assert!(cloned.unwrap().success());
    server.bytes() - before
}

#[tokio::test]
async fn a_bump_with_nothing_kept_moves_less_than_a_tenth_of_a_clone() {
    let remote = busy(500, 5000);
    remote.git(&["repack", "-adfq", "--threads=1"]);
    remote.git(&["config", "uploadpack.allowFilter", "true"]);
    let server = GitServer::start(remote.root.path(), "ci", PASSWORD);
    let whole = whole(&server);
    let mut moved = Vec::new();
    for app in ["svc-1", "svc-2", "svc-3"] {
        let before = server.bytes();
        let mut repository = open(served(&server)).await;
        let outcome = set(&mut repository, &format!("{app}=registry.example/{app}:v900")).await.unwrap();
        assert_eq!(outcome.commit, remote.tip());
        assert!(is_short(&repository), "{app}");
        moved.push(server.bytes() - before);
    }
    // The first is sent what all commits say; it leaves that for the others.
    assert!(moved[0] * 2 <= whole, "{moved:?} of {whole} bytes");
    assert!(moved[1] * 10 <= whole && moved[2] * 10 <= whole, "{moved:?} of {whole} bytes");
    assert!(
        !remote.git(&["log", "--format=%B", "main"]).contains("as of"),
        "no commit of the branch says it"
    );

    // Whoever is late draws a ticket at what the branch had, and sends none of its history for that.
    for (reach, app) in [(Reach::Newest, "svc-4"), (Reach::All, "svc-5")] {
        let mut late = Repository::open_kept(served(&server), None, reach).await.unwrap();
        go_on(&remote.bare(), 2, 1);
        let before = server.bytes();
        set(&mut late, &format!("{app}=registry.example/{app}:v900")).await.unwrap();
        let moved = server.bytes() - before;
        assert!(late.attempts() == 2 && moved * 10 <= whole, "{reach:?}: {moved} of {whole} bytes");
    }

    let before = server.bytes();
    assert_eq!(list_images(&open(served(&server)).await, "manifests").await.unwrap().images.len(), 502);
    assert!((server.bytes() - before) * 10 <= whole);
}

#[tokio::test]
async fn what_holds_an_image_is_known_as_by_all_of_the_history_however_long_ago_it_was() {
    let remote = busy(12, 24);
    remote.git(&["config", "uploadpack.allowFilter", "true"]);
    hold(&remote, &["svc-3", "svc-7", "svc-8"]).await;
    let mut one = remote.open().await;
    lift(&mut one, "manifests", "svc-8", None).await.unwrap();
    for (app, lifted) in [("svc-5", false), ("svc-6", true), ("svc-9", false)] {
        set(&mut one, &format!("{app}=registry.example/{app}:v50")).await.unwrap();
        rollback(&mut one, "manifests", &app.parse::<ImageTarget>().unwrap(), None).await.unwrap();
        let options = BumpOptions { unfreeze: lifted, allow_frozen: !lifted, ..BumpOptions::default() };
        if app != "svc-5" {
            set_with(&mut one, &format!("{app}=registry.example/{app}:v60"), &options).await.unwrap();
        }
    }
    let expected = [
        ("svc-3", "audit"),
        ("svc-7", "audit"),
        ("svc-5", "was rolled back"),
        ("svc-9", "was rolled back"),
        ("svc-2", "set"),
        ("svc-6", "set"),
        ("svc-8", "set"),
    ];
    go_on(&remote.bare(), 2, 300);
    // By the commits alone.
    for (app, says) in expected {
        let said = agreed(&remote, app).await;
        assert!(said.contains(says), "{app}: {said}");
    }
    assert_eq!(remote.git(&["for-each-ref", KNOWN]), "", "nothing was pushed");
    // By what a bump left, and what came since.
    bump(&remote, "svc-1", 400).await;
    remote.git(&["config", "uploadpack.allowFilter", "false"]);
    go_on(&remote.bare(), 2, 100);
    for (app, says) in expected {
        let said = agreed(&remote, app).await;
        assert!(said.contains(says), "{app}: {said}");
    }
    let short = open(remote.spec()).await;
    let held = holding(&short, "manifests").await.unwrap();
    assert!(is_short(&short) && held.len() == 4, "{held:?}");
    assert_eq!(held, holding(&remote.open().await, "manifests").await.unwrap());
    // By what the next leaves, which knows of that by the first, and of what came since.
    let left = remote.git(&["rev-parse", KNOWN]);
    lift(&mut remote.open().await, "manifests", "svc-7", None).await.unwrap();
    hold(&remote, &["svc-2"]).await;
    go_on(&remote.bare(), 2, 40);
    bump(&remote, "svc-1", 500).await;
    assert_ne!(remote.git(&["rev-parse", KNOWN]), left);
    let text = remote.git(&["log", "-1", "--format=%B", KNOWN]);
    assert!(text.contains("svc-3") && text.contains("svc-2") && !text.contains("manifests/svc-6"), "{text}");
    go_on(&remote.bare(), 2, 100);
    for (app, says) in
        [("svc-7", "set"), ("svc-2", "audit"), ("svc-3", "audit"), ("svc-9", "was rolled back")]
    {
        let said = agreed(&remote, app).await;
        assert!(said.contains(says), "{app}: {said}");
    }
    // What is behind by less is not written again.
    bump(&remote, "svc-1", 600).await;
    let left = remote.git(&["rev-parse", KNOWN]);
    bump(&remote, "svc-1", 700).await;
    assert_eq!(remote.git(&["rev-parse", KNOWN]), left);
}

#[tokio::test]
async fn what_cannot_be_right_is_not_believed() {
    let remote = busy(4, 8);
    hold(&remote, &["svc-3"]).await;
    go_on(&remote.bare(), 2, 200);
    bump(&remote, "svc-1", 300).await;
    let good = remote.git(&["log", "-1", "--format=%B", KNOWN]);
    let as_of = |commit: &str| {
        // Says that nothing is held.
        format!("x\n\n{{\"version\":1,\"as_of\":\"{commit}\",\"commits\":[],\"moved\":{{}},\"absent\":[]}}\n")
    };
    let commit = |tree: &str, parent: &str, message: &str| {
        let who = ["-c", "user.name=x", "-c", "user.email=x@x", "commit-tree"];
        let mut arguments = who.to_vec();
        arguments.push(tree);
        arguments.extend(if parent.is_empty() { vec![] } else { vec!["-p", parent] });
        arguments.extend(["-m", message]);
        remote.git(&arguments)
    };
    // One beside the branch, one that is nowhere, one of before what is fetched.
    let beside = commit("main^{tree}", "main~3", "beside");
    let before = remote.git(&["rev-parse", "main~205"]);
    let texts = [
        as_of(&beside),
        as_of(&"0".repeat(40)),
        as_of(&before),
        as_of("main"),
        good.replace("\"version\":1", "\"version\":2"),
        good[..good.len() / 2].to_owned(),
        "nothing".to_owned(),
    ];
    for text in texts {
        let known = commit("main^{tree}", "", &text);
        remote.git(&["update-ref", KNOWN, &known]);
        let refused = set(&mut open(remote.spec()).await, "svc-3=registry.example/svc-3:v900").await;
        assert!(matches!(refused, Err(GitOpsError::Held { .. })), "{text}: {refused:?}");
    }
    // A branch that was written anew, so that the freeze is another commit, and one that never was.
    remote.git(&["update-ref", "-d", KNOWN]);
    bump(&remote, "svc-1", 400).await;
    let frozen = remote.git(&["log", "-1", "--format=%H", "--grep=Slipway-Freezes", "main"]);
    remote.git(&["update-ref", "refs/heads/main", &format!("{frozen}~1")]);
    go_on(&remote.bare(), 2, 200);
    let (said, _) = verdict(remote.spec(), Reach::Newest, "svc-3").await;
    assert_eq!(said, "set");
    bump(&remote, "svc-1", 500).await;
    hold(&remote, &["svc-3"]).await;
    assert!(agreed(&remote, "svc-3").await.contains("audit"));
}

#[tokio::test]
async fn a_remote_that_gives_and_takes_less_is_fetched_from_as_ever() {
    // No commits alone, which is Git's default; and no references of ours.
    let remote = busy(4, 8);
    hold(&remote, &["svc-3"]).await;
    go_on(&remote.bare(), 2, 200);
    remote.hook("update", "case $1 in refs/slipway/*) echo only branches >&2; exit 1;; esac");
    bump(&remote, "svc-1", 300).await;
    assert_eq!(remote.git(&["for-each-ref", "refs/slipway"]), "");
    assert!(agreed(&remote, "svc-3").await.contains("audit"));
    // What is kept remembers it.
    let home = tempfile::tempdir().unwrap();
    let open = || Repository::open_kept(remote.spec(), Some(home.path()), Reach::Newest);
    set(&mut open().await.unwrap(), "svc-1=registry.example/svc-1:v301").await.unwrap();
    remote.git(&["config", "uploadpack.hideRefs", "refs/slipway"]);
    let mut again = open().await.unwrap();
    let refused = set(&mut again, "svc-3=registry.example/svc-3:v900").await.unwrap_err();
    assert!(matches!(refused, GitOpsError::Held { .. }) && is_short(&again), "{refused}");
    let files = std::fs::read_dir(home.path().join("repositories")).unwrap().flatten().next().unwrap();
    assert!(files.path().join("slipway-holds").exists());
    assert!(!format!("{again:?}").contains("Alone {"), "nothing more was asked for");

    // A remote that is shallow itself says so.
    let dir = tempfile::tempdir().unwrap();
    let shallow = dir.path().join("shallow.git");
    let cloned = Command::new("git")
        .args(["clone", "-q", "--bare", "--depth=150", &remote.url()])
        .arg(&shallow)
        .status();
    assert!(cloned.unwrap().success());
    let mut short = Repository::open_kept(spec(format!("file://{}", shallow.display())), None, Reach::Newest)
        .await
        .unwrap();
    let outcome = set(&mut short, "svc-1=registry.example/svc-1:v302").await.unwrap();
    assert!(outcome.left_out.iter().any(|one| one.contains("shallow clone")), "{:?}", outcome.left_out);
    assert!(short.is_shallow());
}

#[tokio::test]
async fn repositories_of_all_kinds_are_begun_short() {
    let remote = Remote::new();
    std::fs::remove_dir_all(remote.bare()).unwrap();
    let made = ["init", "-q", "--bare", "-b", "main", "--object-format=sha256", "manifests.git"];
    assert!(Command::new("git").current_dir(remote.root.path()).args(made).status().unwrap().success());
    go_on(&remote.bare(), 4, 200);
    remote.git(&["config", "uploadpack.allowFilter", "true"]);
    hold(&remote, &["svc-3"]).await;
    remote.git(&["update-ref", "-d", KNOWN]);
    go_on(&remote.bare(), 2, 200);
    for url in [remote.url(), remote.bare().display().to_string()] {
        for _ in 0..2 {
            let (said, is_short) = verdict(spec(url.clone()), Reach::Newest, "svc-3").await;
            assert!(said.contains("audit") && is_short, "{url}: {said}");
        }
        let mut repository = open(spec(url)).await;
        let version = remote.commits();
        set(&mut repository, &format!("svc-1=registry.example/svc-1:v{version}")).await.unwrap();
        assert_eq!(repository.tip(), remote.tip());
    }
    assert_eq!(remote.git(&["rev-parse", KNOWN]).len(), 64);
}

#[tokio::test]
async fn what_a_branch_of_long_ago_brings_is_seen() {
    let remote = busy(4, 20);
    let old = remote.tip();
    go_on(&remote.bare(), 2, 300);
    bump(&remote, "svc-1", 400).await;
    // Its freeze is older than what is known, and came to the branch after it.
    remote.git(&["update-ref", "refs/heads/side", &old]);
    let mut side =
        Repository::open(RepositorySpec { branch: Some("side".into()), ..remote.spec() }).await.unwrap();
    let options = FreezeOptions { reason: "audit".into(), ..FreezeOptions::default() };
    freeze(&mut side, "manifests", &["svc-3".to_owned()], &options).await.unwrap();
    let merge = ["-c", "user.name=x", "-c", "user.email=x@x", "commit-tree", "main^{tree}"];
    let merge = remote.git(&[&merge[..], &["-p", "main", "-p", "side", "-m", "merged"]].concat());
    remote.git(&["update-ref", "refs/heads/main", &merge]);
    let (all, _) = verdict(remote.spec(), Reach::All, "svc-3").await;
    assert!(all.contains("audit"), "{all}");
    assert!(agreed(&remote, "svc-3").await.contains("audit"));
}

#[tokio::test]
async fn an_app_that_was_renamed_stays_held() {
    let remote = busy(4, 8);
    let mut one = remote.open().await;
    set(&mut one, "svc-2=registry.example/svc-2:v50").await.unwrap();
    rollback(&mut one, "manifests", &"svc-2".parse::<ImageTarget>().unwrap(), None).await.unwrap();
    hold(&remote, &["svc-3"]).await;
    remote.pull();
    remote.by_colleague(&["mv", "manifests/svc-2", "manifests/web"]);
    remote.by_colleague(&["mv", "manifests/svc-3", "manifests/api"]);
    remote.commit("rename", &[]);
    go_on(&remote.bare(), 2, 200);
    bump(&remote, "svc-1", 300).await;
    let says = async |app: &str, image: &str| {
        let mut all = Vec::new();
        for reach in [Reach::All, Reach::Newest] {
            let mut repository = Repository::open_kept(remote.spec(), None, reach).await.unwrap();
            repository.only_rehearse();
            let refused = set(&mut repository, &format!("{app}=registry.example/{image}:v900")).await;
            all.push((refused.unwrap_err().to_string(), is_short(&repository)));
        }
        assert_eq!(all[0].0, all[1].0);
        all.remove(1)
    };
    let (web, is_short) = says("web", "svc-2").await;
    assert!(web.contains("was rolled back") && is_short, "{web}");
    let (api, is_short) = says("api", "svc-3").await;
    assert!(api.contains("audit") && is_short, "{api}");
    // Where it has gone since is told by all of the history.
    remote.pull();
    remote.by_colleague(&["mv", "manifests/api", "manifests/back"]);
    remote.commit("rename", &[]);
    let (back, _) = says("back", "svc-3").await;
    assert!(back.contains("audit"), "{back}");
    // And one of the old name is another one, which takes it back.
    remote.commit("again", &[("manifests/svc-2/d.yaml", &deployment("svc-2", "registry.example/svc-2:v1"))]);
    let (again, _) = says("svc-2", "svc-2").await;
    assert!(again.contains("was rolled back"), "{again}");
}

#[tokio::test]
async fn who_asks_for_more_than_the_newest_is_told_of_all() {
    let remote = busy(4, 8);
    let mut one = remote.open().await;
    for version in [50, 51] {
        set(&mut one, &format!("svc-2=registry.example/svc-2:v{version}")).await.unwrap();
    }
    let then = remote.tip();
    go_on(&remote.bare(), 2, 300);
    bump(&remote, "svc-1", 400).await;
    let all = remote.open().await;
    let told = history(&all, "manifests", "svc-2", 100).await.unwrap();
    assert!(told.len() > 2);
    assert_eq!(history(&open(remote.spec()).await, "manifests", "svc-2", 100).await.unwrap(), told);
    let records = audit(&all, "manifests").await.unwrap().records;
    assert_eq!(audit(&open(remote.spec()).await, "manifests").await.unwrap().records, records);
    let moment = running_at(&all, "manifests", 1_700_000_100).await.unwrap();
    assert_eq!(running_at(&open(remote.spec()).await, "manifests", 1_700_000_100).await.unwrap(), moment);

    // Whether a revision has a commit, wherever it is.
    let short = open(remote.spec()).await;
    let tip = remote.tip();
    assert_eq!(short.has(&then, &tip).await.unwrap(), Some(false), "it is older than what is here");
    assert_eq!(short.has(&"0".repeat(40), &tip).await.unwrap(), None);
    assert!(is_short(&short));
    assert_eq!(short.has(&tip, &then).await.unwrap(), Some(true));

    let target: ImageTarget = "svc-2".parse().unwrap();
    remote.git(&["config", "uploadpack.allowFilter", "true"]);
    let mut short = open(remote.spec()).await;
    let outcome = rollback(&mut short, "manifests", &target, None).await.unwrap();
    assert!(is_short(&short), "what commits say is enough");
    assert_eq!((outcome.image.as_str(), outcome.commit), ("registry.example/svc-2:v50", remote.tip()));
    let to = BackTo::Image("v51".into());
    let outcomes = go_back(&mut open(remote.spec()).await, "manifests", &target, &to, None).await.unwrap();
    assert_eq!(outcomes[0].image, "registry.example/svc-2:v51");
}

#[tokio::test]
async fn what_is_kept_of_the_newest_grows_to_all_of_it() {
    let remote = busy(4, 400);
    bump(&remote, "svc-1", 200).await;
    let home = tempfile::tempdir().unwrap();
    let open = |reach| Repository::open_kept(remote.spec(), Some(home.path()), reach);
    assert!(is_short(&open(Reach::Newest).await.unwrap()));
    let mut again = open(Reach::Newest).await.unwrap();
    set(&mut again, "svc-1=registry.example/svc-1:v201").await.unwrap();
    assert!(is_short(&again), "on what was kept");
    go_on(&remote.bare(), 2, 200);
    let mut again = open(Reach::Newest).await.unwrap();
    set(&mut again, "svc-1=registry.example/svc-1:v202").await.unwrap();
    drop(again);
    let all = history(&remote.open().await, "manifests", "svc-2", 1000).await.unwrap();
    assert_eq!(history(&open(Reach::All).await.unwrap(), "manifests", "svc-2", 1000).await.unwrap(), all);
    let mut whole = open(Reach::Newest).await.unwrap();
    assert!(!is_short(&whole), "from then on all of it is there");
    set(&mut whole, "svc-1=registry.example/svc-1:v203").await.unwrap();
    assert_eq!(whole.tip(), remote.tip());
    let folder: Vec<_> = std::fs::read_dir(home.path().join("repositories")).unwrap().flatten().collect();
    let checked =
        Command::new("git").current_dir(folder[0].path()).args(["fsck", "--full"]).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    assert!(Path::new(&folder[0].path()).join("slipway-holds").exists());
}
