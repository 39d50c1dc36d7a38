//! The page of `slipway graph --format html`, in a real browser.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::browser::Browser;
use crate::support::slipway::Slipway;

/// A chain in each of several folders, `width` units long, with a shared unit that all begin with.
fn estate(folders: usize, length: usize) -> TempDir {
    let tree = tempfile::Builder::new().prefix("slipway-page-").tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let file = tree.path().join(path).join("terragrunt.hcl");
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    };
    write("shared/base", "");
    for folder in 0..folders {
        for unit in 0..length {
            let before = match unit {
                0 => "../../shared/base".to_owned(),
                _ => format!("../unit-{}", unit - 1),
            };
            let source = if unit == 1 {
                "terraform {\n  source = \"git::https://git.example.com/special.git\"\n}\n"
            } else {
                ""
            };
            let text = format!("{source}dependency \"before\" {{\n  config_path = \"{before}\"\n}}\n");
            write(&format!("team-{folder}/unit-{unit}"), &text);
        }
    }
    tree
}

fn page_of(tree: &TempDir) -> PathBuf {
    let ended = Slipway::new(tree.path(), Path::new("tofu")).run(&[
        "graph",
        "--format",
        "html",
        "--output",
        "graph.html",
    ]);
    assert_eq!((ended.code, ended.stdout.as_str()), (0, ""), "{}", ended.stderr);
    tree.path().join("graph.html")
}

fn state(browser: &mut Browser) -> Value {
    browser.evaluate("slipwayGraph.state()")
}

fn place(browser: &mut Browser, unit: &str) -> (f64, f64) {
    let place = browser.evaluate(&format!("slipwayGraph.where({unit:?})"));
    (place["x"].as_f64().unwrap(), place["y"].as_f64().unwrap())
}

fn texts(browser: &mut Browser, selector: &str) -> Vec<String> {
    let found =
        browser.evaluate(&format!("[...document.querySelectorAll({selector:?})].map((e) => e.innerText)"));
    found.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// How many different colours a part of the window has.
fn colours(browser: &mut Browser) -> u64 {
    let count = "(() => { const c = document.getElementById('canvas'); \
                 const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; const seen = new Set(); \
                 for (let i = 0; i < d.length; i += 4) seen.add(d[i] << 16 | d[i + 1] << 8 | d[i + 2]); \
                 return seen.size; })()";
    browser.evaluate(count).as_u64().unwrap()
}

#[test]
fn the_page_shows_every_unit_and_complains_about_nothing() {
    let Some(mut browser) = Browser::start(1280, 800) else { return };
    let tree = estate(3, 4);
    let page = page_of(&tree);
    for scheme in ["light", "dark"] {
        browser.prefer(scheme);
        browser.open(&page, "");
        assert_eq!(browser.complaints(), [""; 0]);
        assert_eq!(browser.requests(), [""; 0]);
        let state = state(&mut browser);
        assert_eq!((state["units"].as_u64(), state["links"].as_u64()), (Some(13), Some(12)));
        assert_eq!(browser.evaluate("document.documentElement.dataset.theme"), scheme);
        assert!(colours(&mut browser) > 20, "the canvas is nearly empty");
        assert_eq!(texts(&mut browser, ".summary"), ["13 units, 12 dependencies, 5 waves"]);
        // A picture of one colour packs to next to nothing.
        assert!(browser.screenshot().len() > 10_000);
    }
}

#[test]
fn gates_are_on_the_page_with_what_they_make_sure_of() {
    let Some(mut browser) = Browser::start(1280, 800) else { return };
    let tree = estate(2, 4);
    let cluster = "cluster \"dev\" {\n  unit = \"team-1/unit-1\"\n  name = \"dev\"\n  argocd {\n    version = \"v3.6.1\"\n  }\n}\n";
    std::fs::write(tree.path().join("slipway.hcl"), format!("estate {{\n  root = \".\"\n}}\n{cluster}"))
        .unwrap();
    let page = page_of(&tree);
    let legend = "getComputedStyle(document.querySelector('#legend [data-mark=gate]')).display !== 'none'";
    for scheme in ["light", "dark"] {
        browser.prefer(scheme);
        browser.open(&page, "");
        assert_eq!(browser.complaints(), [""; 0]);
        assert_eq!(texts(&mut browser, ".summary"), ["9 units, 8 dependencies, 5 waves, 3 gates"]);
        assert_eq!(browser.evaluate(legend), true);
    }
    let (x, y) = place(&mut browser, "verify dev");
    browser.click(x, y);
    assert_eq!(state(&mut browser)["dependencies"], serde_json::json!(["team-1/unit-1"]));
    assert_eq!(state(&mut browser)["dependents"], serde_json::json!(["argocd dev", "team-1/unit-2"]));
    let details = texts(&mut browser, "#details").join("\n");
    for told in ["gate of slipway up", "the cluster is usable", "Waits for 1", "Is waited for by 2"] {
        assert!(details.contains(told), "{told:?} is not in {details:?}");
    }
    // Without gates nothing is said of any.
    std::fs::remove_file(tree.path().join("slipway.hcl")).unwrap();
    browser.open(&page_of(&tree), "");
    assert_eq!(browser.evaluate(legend), false);
}

#[test]
fn a_hovered_unit_lights_its_neighbours_and_a_clicked_one_keeps_them() {
    let Some(mut browser) = Browser::start(1280, 800) else { return };
    let tree = estate(3, 4);
    browser.prefer("light");
    browser.open(&page_of(&tree), "");
    let unlit = colours(&mut browser);
    let (x, y) = place(&mut browser, "team-1/unit-1");
    browser.point(x, y);
    let lit = state(&mut browser);
    assert_eq!(lit["hovered"], "team-1/unit-1");
    assert_eq!(lit["dependencies"], serde_json::json!(["team-1/unit-0"]));
    assert_eq!(lit["dependents"], serde_json::json!(["team-1/unit-2"]));
    assert_eq!(texts(&mut browser, "#tip"), ["team-1/unit-1"]);
    assert_ne!(colours(&mut browser), unlit);
    // The two directions have colours of their own.
    let edge = |unit: &str| {
        format!(
            "(() => {{ const at = slipwayGraph.where({unit:?}); const c = document.getElementById('canvas'); \
             const b = c.getBoundingClientRect(); const s = slipwayGraph.state().scale; \
             const d = c.getContext('2d').getImageData(at.x - b.left, at.y - b.top - 15 * s - 2, 1, 5).data; \
             let best = null; for (let i = 0; i < d.length; i += 4) {{ const spread = Math.max(d[i], d[i+1], d[i+2]) - \
             Math.min(d[i], d[i+1], d[i+2]); if (!best || spread > best[0]) best = [spread, d[i] > d[i + 2]]; }} \
             return best; }})()"
        )
    };
    let before = browser.evaluate(&edge("team-1/unit-0"));
    let behind = browser.evaluate(&edge("team-1/unit-2"));
    assert!(before[0].as_u64() > Some(60) && before[1] == false, "no blue edge: {before}");
    assert!(behind[0].as_u64() > Some(60) && behind[1] == true, "no orange edge: {behind}");

    browser.point(x, y + 200.0 * lit["scale"].as_f64().unwrap());
    browser.point(2.0, 300.0);
    assert_eq!(state(&mut browser)["dependencies"], serde_json::json!([]));

    let (x, y) = place(&mut browser, "team-1/unit-1");
    browser.click(x, y);
    browser.point(2.0, 300.0);
    let kept = state(&mut browser);
    assert_eq!(kept["selected"], "team-1/unit-1");
    assert_eq!(kept["dependents"], serde_json::json!(["team-1/unit-2"]));
    let details = texts(&mut browser, "#details").join("\n");
    for told in
        ["team-1/unit-1", "3 of 5", "git::https://git.example.com/special.git", "Depends on 1, 2 in all"]
    {
        assert!(details.contains(told), "{told:?} is not in {details:?}");
    }
    assert_eq!(browser.evaluate("location.hash"), "#unit=team-1%2Funit-1");
}

#[test]
fn arrow_keys_walk_along_dependencies_and_escape_lets_go() {
    let Some(mut browser) = Browser::start(1280, 800) else { return };
    let tree = estate(2, 3);
    browser.prefer("dark");
    browser.open(&page_of(&tree), "#unit=team-0%2Funit-1");
    assert_eq!(state(&mut browser)["selected"], "team-0/unit-1");
    browser.evaluate("document.getElementById('canvas').focus()");
    for (key, unit) in [
        ("ArrowRight", "team-0/unit-2"),
        ("ArrowLeft", "team-0/unit-1"),
        ("ArrowLeft", "team-0/unit-0"),
        ("ArrowLeft", "shared/base"),
    ] {
        browser.key(key);
        assert_eq!(state(&mut browser)["selected"], unit, "{key}");
    }
    assert!(texts(&mut browser, "#told")[0].starts_with("shared/base: wave 1, depends on 0, is needed by 2"));
    browser.key("Escape");
    assert_eq!(state(&mut browser)["selected"], Value::Null);
    assert_eq!(browser.evaluate("location.hash"), "");
}

#[test]
fn two_thousand_units_are_searched_zoomed_and_lit_with_little_work() {
    let Some(mut browser) = Browser::start(1280, 800) else { return };
    let tree = estate(80, 25);
    browser.prefer("light");
    browser.open(&page_of(&tree), "");
    let all = state(&mut browser);
    assert_eq!((all["units"].as_u64(), all["links"].as_u64()), (Some(2001), Some(2000)));

    // What costs time in a browser: elements, changes to them, and frames.
    let elements = browser.evaluate("document.querySelectorAll('*').length").as_u64().unwrap();
    assert!(elements < 1_500, "{elements} elements");
    browser.evaluate(
        "window.changes = 0; new MutationObserver((list) => { window.changes += list.length; }) \
         .observe(document, { subtree: true, childList: true, attributes: true, characterData: true }); 0",
    );
    let frames = |browser: &mut Browser| state(browser)["frames"].as_u64().unwrap();
    let before = frames(&mut browser);
    let (x, y) = place(&mut browser, "team-7/unit-9");
    browser.point(x, y);
    let lit = state(&mut browser);
    assert_eq!(lit["dependencies"], serde_json::json!(["team-7/unit-8"]));
    assert_eq!(lit["dependents"], serde_json::json!(["team-7/unit-10"]));
    let changes = browser.evaluate("window.changes").as_u64().unwrap();
    assert!(changes <= 8, "{changes} changes for one hover");
    let drawn = frames(&mut browser) - before;
    assert!((1..=3).contains(&drawn), "{drawn} frames for one hover");

    browser.evaluate("document.getElementById('search').focus()");
    browser.write("team-42/ special");
    assert_eq!(state(&mut browser)["found"], 1);
    assert_eq!(texts(&mut browser, "#matches"), ["1 of 2,001"]);
    assert_eq!(browser.evaluate("document.querySelectorAll('#list li').length"), 1);
    browser.key("Enter");
    let found = state(&mut browser);
    assert_eq!(found["selected"], "team-42/unit-1");
    // It was gone to: near enough to be read, with less to draw.
    assert!(found["scale"].as_f64() > all["scale"].as_f64());
    assert!(found["units"].as_u64() < Some(1_000), "{found}");

    let (x, y) = place(&mut browser, "team-42/unit-1");
    browser.wheel(x, y, -240.0);
    let near = state(&mut browser);
    assert!(near["scale"].as_f64() > found["scale"].as_f64());
    let (still_x, still_y) = place(&mut browser, "team-42/unit-1");
    assert!((x - still_x).abs() < 1.0 && (y - still_y).abs() < 1.0, "the unit under the pointer moved");
    browser.evaluate("document.getElementById('fit').click()");
    browser.settle();
    assert_eq!(state(&mut browser)["units"], 2001);
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
fn what_is_broken_is_drawn_and_the_exit_code_says_so() {
    let tree = estate(1, 2);
    let circle = "dependencies {\n  paths = [\"../b\"]\n}\n";
    for (unit, other) in [("a", "b"), ("b", "a")] {
        std::fs::create_dir(tree.path().join(unit)).unwrap();
        std::fs::write(
            tree.path().join(unit).join("terragrunt.hcl"),
            circle.replace("../b", &format!("../{other}")),
        )
        .unwrap();
    }
    let graph =
        |format: &str| Slipway::new(tree.path(), Path::new("tofu")).run(&["graph", "--format", format]);
    for (format, unit) in [("svg", "<g class=\"unit"), ("html", "\"path\":"), ("mermaid", "[\"")] {
        let drawn = graph(format).exits(3).says("in a circle");
        let units = drawn.stdout.matches(unit).count();
        assert_eq!(units, 5, "{format}");
    }
    // Without an order there are no waves.
    assert_eq!(graph("text").exits(3).stdout, "");
    assert_eq!(graph("json").exits(3).stdout, "");
}

#[test]
fn a_format_that_a_command_does_not_know_is_refused() {
    let tree = estate(1, 1);
    let find = Slipway::new(tree.path(), Path::new("tofu")).run(&["find", "--format", "svg"]).exits(64);
    assert_eq!(find.stdout, "");
    assert!(
        find.stderr.contains("does not write svg") && find.stderr.contains("text, json"),
        "{}",
        find.stderr
    );
}
