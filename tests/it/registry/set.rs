//! The commands: what is committed, what is refused, and what is said where nobody could be asked.

use super::Shop;
use crate::support::registry::Registry;

#[test]
fn an_image_is_committed_when_its_registry_has_it_and_refused_when_not() {
    let folder = tempfile::tempdir().unwrap();
    let registry = Registry::open(folder.path());
    registry.push("app", "v2", "linux/amd64");
    let shop = Shop::new(&format!("{}/app:v1", registry.address));
    let wanted = |tag: &str| format!("app={}/app:{tag}", registry.address);
    let before = shop.head();
    let refused = shop.set(&[&wanted("v3")]).exits(5).says("is not in its registry").says("MANIFEST_UNKNOWN");
    assert!(refused.stderr.contains("--check-image off"), "{}", refused.stderr);
    // What would be refused is refused by a rehearsal as well.
    shop.set(&[&wanted("v3"), "--dry-run"]).exits(5);
    assert_eq!(shop.head(), before);
    let set = shop.set(&[&wanted("v2")]).exits(0);
    assert!(!set.stderr.contains("warning"), "{}", set.stderr);
    assert_eq!(shop.written(), format!("{}/app:v2", registry.address));
    shop.set(&[&wanted("v3"), "--check-image", "off"]).exits(0);
    assert_eq!(shop.written(), format!("{}/app:v3", registry.address));
}

#[test]
fn several_images_are_set_together_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let registry = Registry::open(folder.path());
    registry.push("app", "v2", "linux/amd64");
    let shop = Shop::new(&format!("{}/app:v1", registry.address));
    let before = shop.head();
    let wanted = |app: &str, tag: &str| format!("{app}={}/app:{tag}", registry.address);
    shop.set(&[&wanted("app", "v2"), &wanted("other", "v9")]).exits(5).says("app:v9 is not in its registry");
    // What is refused by itself is refused without asking.
    shop.set(&[&wanted("app", "v9"), &wanted("app", "v10")]).exits(64).says("two images");
    assert_eq!(shop.head(), before);
    shop.set(&[&wanted("app", "v2"), &wanted("other", "v2")]).exits(0);
}

#[test]
fn a_registry_that_cannot_be_asked_is_a_warning_or_a_failure() {
    // Nobody listens there any more.
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let shop = Shop::new(&format!("{gone}/app:v1"));
    let before = shop.head();
    let wanted = format!("app={gone}/app:v2");
    let required = shop.set(&[&wanted, "--check-image", "require"]).exits(1);
    let _ = required.says("is not known to be in its registry").says("was not reached");
    shop.set(&[&wanted, "--pin"]).exits(1).says("--check-image warn, without --pin");
    assert_eq!(shop.head(), before);
    shop.set(&[&wanted]).exits(0).says("warning:").says("is not known to be in its registry");
    assert_eq!(shop.written(), format!("{gone}/app:v2"));
}

#[test]
fn a_pinned_image_has_the_digest_of_its_index() {
    let folder = tempfile::tempdir().unwrap();
    let registry = Registry::open(folder.path());
    registry.push_index("app", "v2", &["linux/amd64", "linux/arm64"]);
    let shop = Shop::new(&format!("{}/app:v1", registry.address));
    let wanted = format!("app={}/app:v2", registry.address);
    shop.set(&[&wanted, "--pin"]).exits(0);
    let digest = registry.digest_by_crane("app:v2");
    assert_eq!(shop.written(), format!("{}/app:v2@{digest}", registry.address));
    let after = shop.head();
    shop.set(&[&wanted, "--pin"]).exits(0).says("is there already");
    assert_eq!(shop.head(), after);
    // A tag that was moved since is another image.
    let moved = registry.push("app", "v2", "linux/amd64");
    shop.set(&[&wanted, "--pin"]).exits(0);
    assert_eq!(shop.written(), format!("{}/app:v2@{moved}", registry.address));
    shop.set(&[&wanted, "--pin", "--check-image", "off"]).exits(64).says("its registry not to be asked");
}

#[test]
fn slipway_hcl_says_how_images_are_held() {
    let folder = tempfile::tempdir().unwrap();
    let registry = Registry::open(folder.path());
    registry.push_index("app", "v2", &["linux/amd64", "linux/arm64"]);
    registry.push("app", "v3", "linux/amd64");
    let shop = Shop::new(&format!("{}/app:v1", registry.address));
    let wanted = |tag: &str| format!("app={}/app:{tag}", registry.address);
    let apps =
        |text: &str| std::fs::write(shop.folder.path().join("slipway.hcl"), format!("apps {{\n{text}\n}}\n"));
    apps("  platforms = [\"linux/amd64\", \"linux/arm64\"]\n  pin = true\n  check_image = \"require\"")
        .unwrap();
    shop.set(&[&wanted("v3")]).exits(5).says("is not built for linux/arm64, only for linux/amd64");
    shop.set(&[&wanted("v3"), "--platform", "linux/amd64", "--dry-run"]).exits(0);
    shop.set(&[&wanted("v2")]).exits(0);
    assert!(shop.written().contains(":v2@sha256:"), "{}", shop.written());
    apps("  check_image = \"maybe\"").unwrap();
    shop.set(&[&wanted("v2")]).exits(3).says("it is warn, require or off").says("slipway.hcl:1");
    apps("  platforms = [\"amd64\"]").unwrap();
    shop.set(&[&wanted("v2")]).exits(3).says("\"amd64\" is no platform");
}

#[test]
fn what_was_built_before_is_older_whatever_its_tag_says() {
    let folder = tempfile::tempdir().unwrap();
    let registry = Registry::open(folder.path());
    for (tag, built) in
        [("4f1c", "2026-01-05T10:00:00Z"), ("09ab", "2026-01-07T10:00:00Z"), ("e3d0", "2026-01-03T10:00:00Z")]
    {
        registry.push_built("app", tag, "linux/amd64", built);
    }
    let image = |tag: &str| format!("{}/app:{tag}", registry.address);
    let shop = Shop::new(&image("4f1c"));
    let set = |tag: &str, more: &[&str]| {
        shop.set(&[&[format!("app={}", image(tag)).as_str(), "--age", "created"], more].concat())
    };
    let before = shop.head();
    set("e3d0", &[]).exits(5).says("which is newer than");
    assert_eq!(shop.head(), before);
    set("09ab", &[]).exits(0);
    set("4f1c", &["--allow-older"]).exits(0);
    // Of what nobody can say when it was built, the later command wins, and says so.
    let gone = shop.set(&["app=127.0.0.1:1/app:0001", "--age", "created"]).exits(0);
    drop(gone.says("when 127.0.0.1:1/app:0001 was built is not known"));
}
