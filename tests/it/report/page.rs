//! The page of a run, in a real browser.

use serde_json::{Value, json};

use super::journal::{HOSTILE, large, mixed, page, run};
use crate::support::browser::Browser;

fn texts(browser: &mut Browser, selector: &str) -> Vec<String> {
    let found =
        browser.evaluate(&format!("[...document.querySelectorAll({selector:?})].map((e) => e.innerText)"));
    found.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

fn state(browser: &mut Browser) -> Value {
    browser.evaluate("slipwayReport.state()")
}

/// Where a unit is in the window.
fn place(browser: &mut Browser, unit: &str) -> (f64, f64) {
    let place = browser.evaluate(&format!(
        "(() => {{ const canvas = document.getElementById('canvas'); canvas.scrollIntoView({{ block: 'center' }}); \
         const box = canvas.getBoundingClientRect(); const at = slipwayReport.where({unit:?}); \
         return [at.x + box.left, at.y + box.top]; }})()"
    ));
    (place[0].as_f64().unwrap(), place[1].as_f64().unwrap())
}

/// The colour of a unit's edge on the graph: red, green and blue.
fn edge(browser: &mut Browser, unit: &str) -> (u64, u64, u64) {
    let color = browser.evaluate(&format!(
        "(() => {{ const at = slipwayReport.where({unit:?}); const scale = slipwayReport.state().scale; \
         const pen = document.getElementById('canvas').getContext('2d'); \
         let best = [0, 0, 0, -1]; const top = Math.round(at.y - 15 * scale); \
         for (let y = top - 2; y <= top + 2; y += 1) {{ const [r, g, b] = pen.getImageData(Math.round(at.x), y, 1, 1).data; \
         const spread = Math.max(r, g, b) - Math.min(r, g, b); if (spread > best[3]) best = [r, g, b, spread]; }} \
         return best; }})()"
    ));
    let part = |place: usize| color[place].as_u64().unwrap();
    (part(0), part(1), part(2))
}

fn sideways(browser: &mut Browser) -> i64 {
    browser
        .evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        .as_i64()
        .unwrap()
}

#[test]
fn the_page_tells_the_whole_run_and_complains_about_nothing() {
    let folder = mixed().keep();
    std::fs::write(run(folder.path()).join("logs/dev_-eu-west-1_-ingress.log"), "--- apply\n</script>boom\n")
        .unwrap();
    let page = page(&folder);
    for (scheme, width) in [("light", 1280), ("dark", 1280), ("light", 400)] {
        let Some(mut browser) = Browser::start(width, 900) else { return };
        browser.prefer(scheme);
        browser.open(&page, "");
        assert_eq!(browser.complaints(), [""; 0]);
        assert_eq!(browser.requests(), [""; 0]);
        assert_eq!(browser.evaluate("document.documentElement.dataset.theme"), scheme);
        assert_eq!(sideways(&mut browser), 0, "the page can be moved sideways at {width}");
        assert_eq!(texts(&mut browser, "h1"), ["slipway apply: 1 failed, 1 not done"]);
        // What was done, in words, and the same in numbers.
        assert_eq!(
            texts(&mut browser, "#words"),
            ["applied: 3 added, 2 changed, 1 replaced, 1 destroyed (4 units) · 1 failed, 1 not done"]
        );
        let totals = texts(&mut browser, "#totals li").join(" ").replace('\n', " ");
        assert_eq!(totals, "3 added 2 changed 1 replaced 1 destroyed");
        // Failures first, with cause, way out and log.
        let failures = texts(&mut browser, "#failures .card");
        assert_eq!(failures.len(), 1);
        for told in
            ["dev/eu-west-1/ingress", "ValidationError", "name a subnet in two zones", "</script>boom"]
        {
            assert!(failures[0].contains(told), "{told:?} is not in {failures:?}");
        }
        let losses = texts(&mut browser, "#losses").join("\n");
        for told in [
            "2 resources are destroyed or replaced",
            "aws_db_instance.old",
            "aws_subnet.private[\"a\"] (replaced)",
        ] {
            assert!(losses.contains(told), "{told:?} is not in {losses:?}");
        }
        assert_eq!(texts(&mut browser, "#units tr.unit").len(), 8);
        // Everything opened is no wider either.
        browser.evaluate("document.querySelectorAll('.toggle').forEach((button) => button.click())");
        assert_eq!(state(&mut browser)["open"], 8);
        assert_eq!(sideways(&mut browser), 0, "opened, the page can be moved sideways at {width}");
        assert_eq!(browser.complaints(), [""; 0]);
    }
}

#[test]
fn the_timeline_shows_when_each_unit_ran_and_what_it_waited_for() {
    let Some(mut browser) = Browser::start(1280, 900) else { return };
    browser.prefer("light");
    browser.open(&page(&mixed().keep()), "");
    let rows = texts(&mut browser, "#timeline .label");
    assert_eq!(rows.len(), 7, "one never began: {rows:?}");
    let bars = browser.evaluate(
        "Object.fromEntries([...document.querySelectorAll('#timeline .row')].map((row) => { \
         const track = row.querySelector('.track').getBoundingClientRect(); \
         const part = (box) => [(box.left - track.left) / track.width, box.width / track.width]; \
         const wait = row.querySelector('.wait'); const ran = row.querySelector('.ran'); \
         return [row.querySelector('.label').innerText, { ran: part(ran.getBoundingClientRect()), \
           wait: wait && part(wait.getBoundingClientRect()), steps: ran.querySelectorAll('i').length, title: ran.title }]; }))",
    );
    let near = |value: &Value, wanted: f64| (value.as_f64().unwrap() - wanted).abs() < 0.01;
    let cluster = &bars["dev/eu-west-1/cluster"];
    assert!(near(&cluster["ran"][0], 18.1 / 71.2) && near(&cluster["ran"][1], 39.9 / 71.2), "{cluster}");
    assert_eq!(cluster["steps"], 3);
    assert!(cluster["title"].as_str().unwrap().contains("after dev/eu-west-1/networking"), "{cluster}");
    // It could have begun with the others, and waited for a place until one of them had ended.
    let cache = &bars["dev/eu-west-1/cache"];
    assert!(near(&cache["wait"][0], 18.0 / 71.2) && near(&cache["wait"][1], 26.1 / 71.2), "{cache}");
    assert_eq!(bars["dev/eu-west-1/networking"]["wait"], Value::Null);
    browser.evaluate("document.querySelectorAll('#timeline .label')[3].click()");
    assert_eq!(state(&mut browser)["open"], 1);
    assert_eq!(browser.evaluate("document.activeElement.getAttribute('aria-expanded')"), "true");
}

#[test]
fn the_graph_is_coloured_by_result_and_leads_to_the_details() {
    let Some(mut browser) = Browser::start(1280, 900) else { return };
    browser.prefer("light");
    browser.open(&page(&mixed().keep()), "");
    let (red, green, blue) = edge(&mut browser, "dev/eu-west-1/ingress");
    assert!(red > 150 && red > 2 * green && red > 2 * blue, "a failure is ({red}, {green}, {blue})");
    let (red, green, blue) = edge(&mut browser, "dev/eu-west-1/networking");
    assert!(green > red + 40 && green > blue, "what is applied is ({red}, {green}, {blue})");
    let (red, green, blue) = edge(&mut browser, "dev/eu-west-1/app");
    assert!(red > green && green > blue, "what is skipped is ({red}, {green}, {blue})");

    let (x, y) = place(&mut browser, "dev/eu-west-1/database");
    browser.point(x, y);
    let tip = texts(&mut browser, "#tip");
    assert_eq!(tip, ["dev/eu-west-1/database: applied in 26s (+0 ~1 ±0 -1)"]);
    browser.click(x, y);
    let detail = texts(&mut browser, "tr.detail").join("\n");
    for told in [
        "Attempt 1 failed at 30s, the next came 5.0s later: ThrottlingException",
        "aws_db_instance.old",
        "init 3.9s",
        "trying again in 5 s 5.0s",
        "dev/eu-west-1/app",
    ] {
        assert!(detail.contains(told), "{told:?} is not in {detail:?}");
    }
}

#[test]
fn a_plan_is_shown_attribute_by_attribute_where_it_is_known() {
    let Some(mut browser) = Browser::start(1280, 900) else { return };
    let detail = json!({
        "resources": [{
            "address": "aws_db_instance.main", "action": "update",
            "attributes": [
                { "path": "engine_version", "before": { "value": "15.3" }, "after": { "value": "16.1" } },
                { "path": "password", "before": "sensitive", "after": "known_after_apply", "forces_replacement": true },
            ],
        }],
        "outputs": [], "drift": [],
    });
    let event = json!({ "detailed": { "node": "dev/eu-west-1/database", "detail": detail } });
    let folder = mixed().then(71.3, event).keep();
    browser.prefer("light");
    browser.open(&page(&folder), "");
    browser.evaluate("document.querySelectorAll('#units .toggle')[3].click()");
    let shown = texts(&mut browser, ".attributes div");
    assert_eq!(
        shown,
        [
            "engine_version = \"15.3\" → \"16.1\"",
            "password = (sensitive) → (known after apply) forces replacement"
        ]
    );
}

#[test]
fn a_search_and_a_filter_narrow_everything() {
    let Some(mut browser) = Browser::start(1280, 900) else { return };
    browser.prefer("dark");
    browser.open(&page(&mixed().keep()), "");
    browser.key("/");
    browser.evaluate("document.getElementById('search').focus()");
    browser.write("db_instance");
    assert_eq!(texts(&mut browser, "#units tr.unit .toggle"), ["dev/eu-west-1/database"]);
    assert_eq!(texts(&mut browser, "#timeline .label"), ["dev/eu-west-1/database"]);
    assert_eq!(texts(&mut browser, "#matches"), ["1 of 8"]);
    browser.key("Escape");
    assert_eq!(state(&mut browser)["found"], 8);
    browser.evaluate("document.querySelector('#filters .held').click()");
    assert_eq!(texts(&mut browser, "#units tr.unit .toggle"), ["dev/eu-west-1/app"]);
    assert_eq!(browser.evaluate("document.querySelector('#filters .held').ariaPressed"), "true");
    browser.evaluate("document.querySelector('#filters .held').click()");
    assert_eq!(state(&mut browser)["found"], 8);
}

#[test]
fn nothing_that_a_unit_is_called_becomes_a_part_of_the_page() {
    let Some(mut browser) = Browser::start(1280, 900) else { return };
    browser.prefer("light");
    let folder = mixed().keep();
    let page = page(&folder);
    let source = std::fs::read_to_string(&page).unwrap();
    assert!(!source.contains("<img") && !source.contains('\u{202e}'));
    browser.open(&page, "");
    assert_eq!(browser.evaluate("document.images.length"), 0);
    let names = texts(&mut browser, "#units tr.unit .toggle");
    let shown = HOSTILE.replace('\u{202e}', "\\u{202e}");
    assert!(names.contains(&shown), "{names:?}");
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
fn two_thousand_units_are_shown_a_part_at_a_time_and_found_all() {
    let Some(mut browser) = Browser::start(1280, 900) else { return };
    browser.prefer("light");
    browser.open(&page(&large(2_000).keep()), "");
    assert_eq!(state(&mut browser)["nodes"], 2_000);
    let elements = browser.evaluate("document.querySelectorAll('*').length").as_u64().unwrap();
    assert!(elements < 8_000, "{elements} elements");
    assert_eq!(texts(&mut browser, "#units .more"), ["Show 200 more of 2,000"]);
    assert_eq!(sideways(&mut browser), 0);
    browser.evaluate("document.getElementById('search').focus()");
    let before = std::time::Instant::now();
    browser.write("unit-1234");
    assert!(before.elapsed().as_secs() < 10);
    assert_eq!(state(&mut browser)["found"], 1);
    assert_eq!(texts(&mut browser, "#units tr.unit .toggle"), ["team-34/region-1/unit-1234"]);
    browser.evaluate("document.querySelector('#units .toggle').click()");
    assert!(texts(&mut browser, "tr.detail").join("").contains("aws_thing.number[1234]"));
    assert_eq!(browser.complaints(), [""; 0]);
}
