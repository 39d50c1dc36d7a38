use super::*;
use crate::report::fixture::{HOSTILE, Run, failed, mixed};

fn log(node: &str) -> Option<String> {
    (node == "dev/db").then(|| "line one\n``` @team <b>\n".to_owned())
}

#[test]
fn what_goes_and_what_failed_stand_before_the_table() {
    let text = markdown(&mixed(), log);
    let place = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what:?} is not in\n{text}"));
    assert!(
        text.starts_with("<!-- slipway apply -->\n## ❌ slipway apply: 2 failed, 1 not done\n"),
        "{text}"
    );
    place(
        "**+1 ~0 -0 ±1** · `32.50 USD more a month` · 5 units · 31s · native engine · commit `0123456789ab`",
    );
    let caution = place("> [!CAUTION]");
    let row = place("> - `dev/db`: `aws_db_instance.old`");
    place("<code>aws&#95;subnet.a&#91;&#34;eu&#124;1&#34;&#93;</code> (replaced)");
    let warning = place("> **1 plan is provisional**");
    let policies = place("### Policies");
    place(": `tags` **warns**: `no owner`; `no team`\n");
    assert_eq!(text.matches("**denies**").count(), 1);
    assert!(!text.contains("sizes"), "what passes is not worth a line: {text}");
    place("applied, `32.50 USD more a month` |");
    let failed = place("### Failed");
    let table = place("| | Unit | Add | Change | Replace | Destroy |");
    assert!(caution < row && row < warning && warning < policies && policies < failed && failed < table);
    place("no bucket\nsecond line\n```");
    place("Attempt 1 failed before: `ThrottlingException: rate exceeded`");
    place("look at `the | bucket`");
    place("```sh\ntofu force-unlock 7\n```");
    place("````\nline one\n``` @team <b>\n````");
    place("skipped: `dev/db` did not succeed");
    place("*provisional*: mocks of `dev/vpc`");
    place("- aws_db_instance.old");
    assert_eq!(text.matches("\n|").count(), 2 + 5);
}

#[test]
fn nothing_from_outside_is_markdown_html_or_a_mention() {
    let text = markdown(&mixed(), |_| Some(format!("{HOSTILE}\n```\n</details>")));
    // Without its code there is nothing left that a unit or a tool said.
    let mut prose = String::new();
    let mut fence = None;
    for line in text.lines() {
        let ticks = line.chars().take_while(|character| *character == '`').count();
        match fence {
            None if ticks >= 3 => fence = Some(ticks),
            Some(open) if ticks >= open && line.len() == ticks => fence = None,
            None => prose = format!("{prose}{line}\n"),
            Some(_) => {}
        }
    }
    assert_eq!(fence, None, "a block stays open:\n{text}");
    let code = regex::Regex::new("`[^`\n]*`|<code>[^<]*</code>").unwrap();
    let prose = code.replace_all(&prose, "");
    for foreign in ["@", "script", "everyone", "\u{1b}", "\u{202e}", "{{"] {
        assert!(!prose.contains(foreign), "{foreign:?} is in\n{prose}");
    }
    assert_eq!(prose.matches("<details>").count(), prose.matches("</details>").count());
    // Every row of the table has its eight cells.
    for row in text.lines().filter(|line| line.starts_with('|')) {
        assert_eq!(row.matches('|').count(), 9, "{row}");
    }
}

#[test]
fn it_fits_whatever_there_is_to_tell_and_says_what_was_left_out() {
    let names: Vec<String> = (0..2_000).map(|unit| format!("{}/unit-{unit}", "ä|`".repeat(60))).collect();
    let nodes: Vec<(&str, &[&str])> = names.iter().map(|name| (name.as_str(), [].as_slice())).collect();
    let mut run = Run::of("apply", &nodes);
    let address = "x|`".repeat(300);
    let changes: Vec<(Action, &str)> = vec![(Action::Delete, address.as_str()); 40];
    for (place, name) in names.iter().enumerate() {
        run = run.starts(0, name).planned(1, name, &changes);
        let outcome = if place % 2 == 0 { failed(&"`|\n".repeat(3_000)) } else { Outcome::Applied };
        run = run.ends(2, name, outcome, 1.0);
    }
    let text = markdown(&run.finished(9), |_| Some("@`\n".repeat(9_000)));
    assert!(text.len() <= LIMIT, "{} bytes", text.len());
    assert!(text.len() > 40_000, "only {} bytes are used", text.len());
    for told in [" destroys", " failures", " rows of the table", " details"] {
        let line = text.lines().find(|line| line.starts_with("**Left out")).unwrap();
        assert!(line.contains(told), "{line}");
    }
    assert!(text.contains("`slipway runs show 20261124-150000-abcdef`"));
    assert!(text.contains("1000 failed"));
}

#[test]
fn a_plan_without_changes_is_short() {
    let run = Run::of("plan", &[("vpc", &[])]).starts(0, "vpc").planned(1, "vpc", &[]);
    let text = markdown(&run.ends(1, "vpc", Outcome::Planned, 1.0).finished(1), |_| None);
    insta::assert_snapshot!(text, @r"
    <!-- slipway plan -->
    ## ✅ slipway plan: nothing to change

    **+0 ~0 -0 ±0** · 1 unit · 1.0s · native engine · commit `0123456789ab` · by `ada`

    | | Unit | Add | Change | Replace | Destroy | Time | Result |
    |:-:|:--|--:|--:|--:|--:|--:|:--|
    |  | `vpc` |  |  |  |  | 1.0s | no changes |


    <sub>The whole of it, on the machine that ran it: `slipway runs show 20261124-150000-abcdef`</sub>
    ");
}
