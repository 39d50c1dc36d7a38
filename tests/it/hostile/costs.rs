//! What a few lines, or a few bytes, could cost without end: memory, time, the stack.
//!
//! Memory is what the command itself has had at the most. Time is counted in steps, which do not depend on the machine;
//! every command here has two minutes and some hundred MiB, and comes nowhere near.

use std::io::Write as _;

use super::world::World;

/// What an archive may take while it is unpacked, in KiB, program and all.
const LITTLE: u64 = 200 * 1024;
const BLOCK: usize = 512;

fn header(kind: tar::EntryType, name: &str, size: u64) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_path(name).unwrap();
    header.set_size(size);
    header.set_mode(0o644);
    header.set_cksum();
    header.as_bytes().to_vec()
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The same bytes so many times, of which only the first are compressed.
fn packed_again_and_again(bytes: &[u8], times: usize) -> Vec<u8> {
    packed(bytes).repeat(times)
}

/// A unit whose module is an archive.
fn with_archive(name: &str, bytes: &[u8]) -> World {
    let world = World::new();
    std::fs::create_dir_all(world.path("dist")).unwrap();
    std::fs::write(world.path("dist").join(name), bytes).unwrap();
    world.unit("app", &format!("${{get_repo_root()}}/dist/{name}"), "");
    world
}

#[test]
fn a_name_of_a_gibibyte_is_refused_and_never_held() {
    // A tar header says that a name of 1 GiB follows, and it does.
    let mut bytes = packed(&header(tar::EntryType::GNULongName, "././@LongLink", 1 << 30));
    bytes.extend(packed_again_and_again(&vec![b'a'; 1 << 20], 1 << 10));
    bytes.extend(packed(&header(tar::EntryType::Regular, "main.tf", 0)));
    bytes.extend(packed(&[0; 2 * BLOCK]));
    assert!(bytes.len() < 5 << 20);
    let world = with_archive("module.tar.gz", &bytes);
    let said = world.run(&["plan", "live"]).exits(1).says("it has a name of 1073741824 bytes");
    assert!(said.memory < LITTLE, "{} KiB", said.memory);
}

#[test]
fn headers_without_end_are_refused_before_they_fill_anything() {
    // Ten thousand times something is said of the next entry, each time a MiB of it, and no entry comes.
    let mut said = b"1048576 comment=".to_vec();
    said.resize((1 << 20) - 1, b'x');
    said.push(b'\n');
    let pair = [header(tar::EntryType::XHeader, "pax", 1 << 20), said].concat();
    let world = with_archive("module.tar.gz", &packed_again_and_again(&pair, 10_000));
    let said = world.run(&["plan", "live"]).exits(1).says("it unpacks to more than");
    assert!(said.memory < LITTLE, "{} KiB", said.memory);
}

#[test]
fn a_zip_that_says_to_hold_a_billion_files_is_refused_and_not_believed() {
    // Nothing but an end, in the large form.
    let mut bytes = vec![0; 4 << 20];
    let end = bytes.len() as u64;
    let mut record = b"PK\x06\x06".to_vec();
    record.extend(44_u64.to_le_bytes());
    record.extend([0; 12]);
    for number in [1_000_000_u64, 1_000_000, 46_000_000, 0] {
        record.extend(number.to_le_bytes());
    }
    record.extend(b"PK\x06\x07\0\0\0\0");
    record.extend(end.to_le_bytes());
    record.extend(1_u32.to_le_bytes());
    record.extend(b"PK\x05\x06\0\0\0\0");
    record.extend([0xff; 12]);
    record.extend([0; 2]);
    bytes.extend(record);
    let world = with_archive("module.zip", &bytes);
    let said =
        world.run(&["plan", "live"]).exits(1).says("is not unpacked: its directory begins before the file");
    assert!(said.memory < LITTLE, "{} KiB", said.memory);
}

#[test]
fn a_link_through_a_later_one_reads_nothing_outside() {
    let world = World::new();
    let secret = world.outside().join("main.tf");
    let mut builder = tar::Builder::new(Vec::new());
    let mut link = |name: &str, to: &str| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        builder.append_link(&mut header, name, to).unwrap();
    };
    // By its own text it stays inside; by the link that comes after it, it climbs to the root.
    let up = "d/../".repeat(30);
    link("main.tf", &format!("{up}{}", secret.strip_prefix("/").unwrap().display()));
    link("d", ".");
    let bytes = builder.into_inner().unwrap();
    std::fs::create_dir_all(world.path("dist")).unwrap();
    std::fs::write(world.path("dist/module.tar"), bytes).unwrap();
    world.unit("app", "${get_repo_root()}/dist/module.tar", "");
    world.run(&["plan", "live"]).exits(1).says("its entry \"main.tf\" is a link that leads out of it");
    world.is_untouched();
}

/// What evaluation says of a unit, with a part of the usual budget where that is enough to see it.
fn evaluated(unit: &str, budget: &str) -> super::world::Said {
    let world = World::new();
    world.unit("app", "", unit);
    world.run(&["--evaluation-budget", budget, "render", "live/app"])
}

/// One line for each number.
fn lines(numbers: std::ops::Range<usize>, line: impl Fn(usize) -> String) -> String {
    numbers.map(line).collect::<Vec<_>>().concat()
}

#[test]
fn texts_that_double_are_counted_together_and_the_place_is_told() {
    // Each text is within its own limit; a thousand of them would be 32 GB.
    let doubled = lines(1..22, |round| {
        let last = round - 1;
        format!("  b{round} = \"${{local.b{last}}}${{local.b{last}}}\"\n")
    });
    let copied = lines(0..1_000, |number| format!("  c{number} = \"{number}${{local.b21}}\"\n"));
    let used = lines(0..1_000, |number| format!("    length(local.c{number}),\n"));
    let unit = format!(
        "locals {{\n  b0 = \"0123456789abcdef\"\n{doubled}{copied}}}\ninputs = {{\n  sizes = [\n{used}  ]\n}}\n"
    );
    assert!(unit.len() < 66 << 10);
    evaluated(&unit, "1")
        .exits(3)
        .says("error[hcl::budget]: the evaluation of")
        .says("live/app/terragrunt.hcl makes more than 256 MiB of values")
        .says("live/app/terragrunt.hcl:")
        .says("SLIPWAY_EVALUATION_BUDGET=2 allows twice as much");
}

#[test]
fn lists_that_double_are_counted_together_too() {
    for (what, more) in [
        ("concat", "concat(local.LAST, local.LAST)"),
        ("for", "[for x in concat(local.LAST, local.LAST): { x = x }]"),
        ("flatten", "flatten([local.LAST, local.LAST])"),
    ] {
        let doubled = lines(1..10, |round| {
            format!("  b{round} = {}\n", more.replace("LAST", &format!("b{}", round - 1)))
        });
        let copied = lines(0..200, |number| format!("  c{number} = concat(local.b9, [{number}])\n"));
        let used = lines(0..200, |number| format!("length(local.c{number}), "));
        let unit = format!(
            "locals {{\n  b0 = range(1000)\n{doubled}{copied}}}\ninputs = {{\n  sizes = [{used}]\n}}\n"
        );
        let said = evaluated(&unit, "1").exits(3);
        assert!(
            said.text.contains("hcl::budget") || said.text.contains("hcl::limit"),
            "{what}: {}",
            said.text
        );
    }
}

#[test]
fn a_try_does_not_go_on_where_the_budget_is_spent() {
    let long = "length([for a in local.r: length([for b in local.r: b if length([for c in local.r: c if false]) > 0])])";
    let unit = format!(
        "locals {{\n  r = range(1000)\n}}\ninputs = {{\n  a = try({long}, {long}, \"kept\")\n  b = can({long})\n}}\n"
    );
    evaluated(&unit, "0.05").exits(3).says("error[hcl::budget]").says("takes more than 1,000,000 steps");
}

#[test]
fn a_pattern_of_twenty_thousand_folders_up_finds_nothing_and_takes_no_stack() {
    let (up, down) = ("../".repeat(20_000), "**/".repeat(20_000));
    let here = "${get_terragrunt_dir()}";
    let unit = format!(
        "inputs = {{\n  up   = length(fileset(\"/tmp\", \"{up}x\"))\n  down = length(fileset(\"{here}\", \"{down}*.hcl\"))\n}}\n"
    );
    evaluated(&unit, "1").exits(0).says("up = 0").says("down = 1");
}

#[test]
fn passwords_hashed_within_each_other_count_by_their_cost() {
    let nested = format!("{}\"x\"{}", "bcrypt(".repeat(40), ", 14)".repeat(40));
    // The first one alone is more than a twentieth of what there is.
    evaluated(&format!("inputs = {{\n  x = {nested}\n}}\n"), "0.05")
        .exits(3)
        .says("takes more than 1,000,000 steps")
        .says("live/app/terragrunt.hcl:5:");
}

#[test]
fn patterns_over_the_whole_disk_come_to_an_end() {
    for pattern in ["**/**/**/no such file", "**/*/**/*/no such file"] {
        evaluated(&format!("inputs = {{\n  x = fileset(\"/\", \"{pattern}\")\n}}\n"), "0.05")
            .exits(3)
            .says("takes more than 1,000,000 steps")
            .says("patterns over many folders");
    }
}

#[test]
fn files_that_read_each_other_twice_come_to_an_end() {
    let world = World::new();
    // Each reads the next one twice, and each answer is of its own unit only, so that nothing is known before.
    for number in 0..60 {
        let next = format!("${{get_original_terragrunt_dir()}}/../chain/{}.hcl", number + 1);
        let text = format!(
            "locals {{\n  a = read_terragrunt_config(\"{next}\")\n  b = read_terragrunt_config(\"{next}\", {{}})\n}}\n"
        );
        world.estate.write(&format!("live/chain/{number}.hcl"), &text);
    }
    world.estate.write("live/chain/60.hcl", "locals {\n  who = get_original_terragrunt_dir()\n}\n");
    world.unit("app", "", "locals {\n  x = read_terragrunt_config(\"../chain/0.hcl\")\n}\n");
    for command in [&["render", "live/app"][..], &["find", "live"], &["validate", "live"], &["plan", "live"]]
    {
        let arguments = [&["--evaluation-budget", "0.1"][..], command].concat();
        world
            .run(&arguments)
            .exits(3)
            .says("the evaluation of")
            .says("live/app/terragrunt.hcl makes more than 25 MiB of values")
            .says("in the call of `read_terragrunt_config`");
    }
}

#[test]
fn stacks_that_generate_two_of_the_next_come_to_an_end() {
    let world = World::new();
    let block = |kind: &str, name: &str, source: &str| {
        format!("{kind} \"{name}\" {{\n  source = \"{source}\"\n  path = \"{name}\"\n}}\n")
    };
    for level in 0..40 {
        let next = format!("${{get_repo_root()}}/stacks/{}", level + 1);
        let text = block("stack", "a", &next) + &block("stack", "b", &next);
        world.estate.write(&format!("stacks/{level}/terragrunt.stack.hcl"), &text);
    }
    let unit = block("unit", "u", "${get_repo_root()}/modules/app");
    world.estate.write("stacks/40/terragrunt.stack.hcl", &unit);
    world.estate.write("live/all/terragrunt.stack.hcl", &block("stack", "s", "${get_repo_root()}/stacks/0"));
    for command in [&["plan", "live"][..], &["stack", "generate", "live"], &["validate", "live"]] {
        let arguments = [&["--evaluation-budget", "0.02"][..], command].concat();
        let said = world.run(&arguments).exits(3).says("SLIPWAY_EVALUATION_BUDGET=2 allows twice as");
        let bounded = said.text.contains("stack::too_many") || said.text.contains("hcl::budget");
        assert!(bounded && said.text.contains("terragrunt.stack.hcl:"), "{}", said.text);
    }
}

#[test]
fn a_program_that_prints_without_end_is_ended() {
    evaluated("inputs = {\n  x = run_cmd(\"sh\", \"-c\", \"yes; true\")\n}\n", "1")
        .exits(3)
        .says("sh prints more than 64 MiB, so it was ended");
}

#[test]
fn two_hundred_thousand_inputs_are_looked_up_and_not_searched() {
    let world = World::new();
    let inputs = lines(0..200_000, |number| format!("  input_{number} = {number}\n"));
    world.unit("app", "${get_repo_root()}/modules//app", &format!("inputs = {{\n{inputs}}}\n"));
    // Where each is searched among all others, this does not end in the time that a command has.
    world.run(&["validate", "live"]).exits(0).says("200000 warnings");
}

#[test]
fn a_part_of_a_text_takes_no_more_memory_than_the_text() {
    let long = "join(\"\", [for a in range(1000): join(\"\", [for b in range(1000): \"01234567\"])])";
    let unit = format!(
        "locals {{\n  long = {long}\n}}\ninputs = {{\n  part = substr(local.long, 11, 3)\n  cut = length(trim(local.long, local.long))\n}}\n"
    );
    let said = evaluated(&unit, "1").exits(0).says("part = \"345\"").says("cut = 0");
    assert!(said.memory < 120 * 1024, "{} KiB", said.memory);
}

/// Locals that double, up to a text of 16 MiB or a list of 131,072 elements.
fn doubling(first: &str, more: &str, rounds: usize) -> String {
    let doubled = lines(1..rounds, |round| {
        format!("  v{round} = {}\n", more.replace("LAST", &format!("local.v{}", round - 1)))
    });
    format!("  v0 = {first}\n{doubled}")
}

#[test]
fn what_is_written_out_again_and_again_counts_each_time() {
    let long = doubling("\"0123456789abcdef0123456789abcdef\"", "\"${LAST}${LAST}\"", 20);
    let files = lines(0..300, |number| {
        format!(
            "generate \"g{number}\" {{\n  path = \"g{number}.tf\"\n  if_exists = \"overwrite\"\n  contents = local.v19\n}}\n"
        )
    });
    let list = doubling("[1]", "concat(LAST, LAST)", 18);
    let same = lines(0..600, |number| format!("  c{number} = local.v17\n"));
    for (unit, part) in [
        (
            format!("locals {{\n{long}}}\n{files}"),
            "the unit is too large to be written out: the value holds more than 256 MiB of text",
        ),
        (
            format!("locals {{\n{list}{same}}}\n"),
            "the unit is too large to be written out: the value holds more than 2000000 values",
        ),
    ] {
        let said = evaluated(&unit, "1").exits(3).says(part);
        assert!(said.memory < 300 * 1024, "{} KiB", said.memory);
    }
}

#[test]
fn lists_that_includes_add_to_each_other_are_counted() {
    let world = World::new();
    let list = doubling("[1]", "concat(LAST, LAST)", 18);
    world.estate.write("live/long.hcl", &format!("locals {{\n{list}}}\ninputs = {{\n  x = local.v17\n}}\n"));
    let includes = lines(0..300, |number| {
        format!("include \"i{number}\" {{\n  path = \"../long.hcl\"\n  merge_strategy = \"deep\"\n}}\n")
    });
    world.unit("app", "", &includes);
    for command in ["render", "validate"] {
        world.run(&[command, "live/app"]).exits(3).says("makes more than 256 MiB of values");
    }
}
