//! The ways through the code that the architecture tells: each function is there, and none calls a floor above it.

use regex::Regex;

use super::floor;
use crate::support::root;

#[test]
fn the_ways_that_are_told_are_there_and_go_down_only() {
    let text = std::fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let (_, behind) = text.split_once("## Three ways through it\n").unwrap();
    let section = behind.split("\n## ").next().unwrap();
    let row = Regex::new(r"(?m)^\| (\d+) \| `(\w+)` \| `([\w/.]+)` \|").unwrap();
    let ways: Vec<&str> = section.split("\n**").skip(1).collect();
    assert_eq!(ways.len(), 3);
    for way in ways {
        let mut above = u32::MAX;
        for found in row.captures_iter(way) {
            let (told, function, file) = (found[1].parse().unwrap(), &found[2], &found[3]);
            let source = std::fs::read_to_string(root().join(file)).unwrap();
            let declared = Regex::new(&format!(r"\bfn {function}\b")).unwrap();
            assert!(declared.is_match(&source), "there is no function {function} in {file}");
            assert_eq!(floor(file), Some(told), "the floor of {file}");
            assert!(told <= above, "{function} of {file} is above what comes before it");
            above = told;
        }
        assert!(above < u32::MAX, "a way without steps:\n{way}");
    }
}
