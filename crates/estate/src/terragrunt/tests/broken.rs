//! What is told where a file is wrong.

use super::{Tree, told};

fn errors(unit: &str) -> String {
    Tree::new(&[("app/terragrunt.hcl", unit)]).errors("app")
}

#[track_caller]
fn assert_told(errors: &str, parts: &[&str]) {
    for part in parts {
        assert!(errors.contains(part), "not told: {part}\nin: {errors}");
    }
}

#[test]
fn locals_in_a_circle_are_shown_as_one() {
    let errors = errors("locals {\n  a = local.b\n  b = local.c\n  c = local.a\n}\n");
    assert_told(&errors, &["locals need each other in a circle: a → b → c → a", "terragrunt.hcl:"]);
}

#[test]
fn a_local_that_needs_itself_is_a_circle_too() {
    assert_told(&errors("locals {\n  a = \"${local.a}\"\n}\n"), &["in a circle: a → a"]);
}

#[test]
fn a_misspelt_attribute_is_refused_with_the_right_one() {
    assert_told(
        &errors("inptus = {}\n"),
        &["ROOT/app/terragrunt.hcl:1:1: there is no attribute \"inptus\"", "did you mean \"inputs\"?"],
    );
    assert_told(
        &errors("terraform {\n  sorce = \"x\"\n}\n"),
        &["ROOT/app/terragrunt.hcl:2:3:", "did you mean \"source\"?"],
    );
    assert_told(&errors("dependancy \"x\" {\n}\n"), &["there is no block \"dependancy\"", "\"dependency\"?"]);
}

#[test]
fn what_terragrunt_removed_is_told_with_what_stands_in_its_place() {
    assert_told(&errors("skip = true\n"), &["Terragrunt 1.0 removed it: use an `exclude` block"]);
}

#[test]
fn a_misspelt_name_is_refused_with_the_right_one() {
    assert_told(
        &errors("locals {\n  region = \"x\"\n}\ninputs = { it = local.regoin }\n"),
        &["ROOT/app/terragrunt.hcl:4:", "there is no local.regoin", "did you mean local.region?"],
    );
}

#[test]
fn a_file_that_is_not_found_above_is_told_with_where_the_search_began() {
    assert_told(
        &errors("include \"root\" {\n  path = find_in_parent_folders(\"nowhere.hcl\")\n}\n"),
        &["ROOT/app/terragrunt.hcl:2:", "there is no nowhere.hcl in any folder above ROOT/app"],
    );
}

#[test]
fn an_included_file_that_is_not_there_is_told_at_the_include() {
    assert_told(
        &errors("include \"root\" {\n  path = \"../gone.hcl\"\n}\n"),
        &["ROOT/app/terragrunt.hcl:2:", "ROOT/gone.hcl cannot be read"],
    );
}

#[test]
fn a_unit_that_includes_itself_is_refused() {
    assert_told(
        &errors("include \"me\" {\n  path = \"terragrunt.hcl\"\n}\n"),
        &["ROOT/app/terragrunt.hcl:2:", "includes itself"],
    );
}

#[test]
fn an_include_within_an_included_file_is_refused_with_both_places() {
    let tree = Tree::new(&[
        ("outer.hcl", ""),
        ("root.hcl", "include \"outer\" {\n  path = \"outer.hcl\"\n}\n"),
        ("app/terragrunt.hcl", "include \"root\" {\n  path = \"../root.hcl\"\n}\n"),
    ]);
    assert_told(
        &tree.errors("app"),
        &[
            "ROOT/root.hcl:1:1: ROOT/root.hcl is included itself, so it may include nothing",
            "via: included here at ROOT/app/terragrunt.hcl:1:1",
        ],
    );
}

#[test]
fn an_error_in_an_included_file_shows_the_way_there() {
    let tree = Tree::new(&[
        ("root.hcl", "inputs = {\n  x = nothing\n}\n"),
        ("app/terragrunt.hcl", "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\n"),
    ]);
    assert_told(
        &tree.errors("app"),
        &["ROOT/root.hcl:2:7:", "via: included here at ROOT/app/terragrunt.hcl:1:1"],
    );
}

#[test]
fn configurations_that_read_each_other_are_refused() {
    let tree = Tree::new(&[
        ("a.hcl", "locals {\n  x = read_terragrunt_config(\"b.hcl\")\n}\n"),
        ("b.hcl", "locals {\n  x = read_terragrunt_config(\"a.hcl\")\n}\n"),
        ("app/terragrunt.hcl", "locals {\n  x = read_terragrunt_config(\"../a.hcl\")\n}\n"),
    ]);
    assert_told(&tree.errors("app"), &["read each other in a circle: ROOT/a.hcl → ROOT/b.hcl → ROOT/a.hcl"]);
}

#[test]
fn a_file_that_does_not_parse_is_told_with_its_place() {
    assert_told(&errors("inputs = {\n  a = \n}\n"), &["ROOT/app/terragrunt.hcl:2:"]);
    let tree = Tree::new(&[
        ("root.hcl", "locals {\n  a = [1,\n"),
        ("app/terragrunt.hcl", "include \"root\" {\n  path = \"../root.hcl\"\n}\n"),
    ]);
    assert_told(&tree.errors("app"), &["ROOT/root.hcl:", "via: included here at ROOT/app/terragrunt.hcl:2:"]);
}

#[test]
fn outputs_are_refused_where_they_cannot_be_known_yet() {
    let dependency = "dependency \"vpc\" {\n  config_path = \"../vpc\"\n}\n";
    assert_told(
        &errors(&format!("{dependency}locals {{\n  x = dependency.vpc.outputs.id\n}}\n")),
        &["ROOT/app/terragrunt.hcl:5:", "locals are evaluated before dependencies"],
    );
    assert_told(
        &errors(&format!("{dependency}terraform {{\n  source = dependency.vpc.outputs.source\n}}\n")),
        &["ROOT/app/terragrunt.hcl:5:", "the source of a unit cannot depend on outputs of another"],
    );
    assert_told(
        &errors(&format!("{dependency}inputs = {{ x = dependency.vpc.inputs.id }}\n")),
        &["inputs of dependencies cannot be read"],
    );
}

#[test]
fn an_include_that_is_not_exposed_says_how_to_expose_it() {
    let tree = Tree::new(&[
        ("root.hcl", "locals {\n  a = 1\n}\n"),
        (
            "app/terragrunt.hcl",
            "include \"root\" {\n  path = \"../root.hcl\"\n}\ninputs = { a = include.root.locals.a }\n",
        ),
    ]);
    assert_told(&tree.errors("app"), &["include \"root\" does not show", "add `expose = true`"]);
}

#[test]
fn every_error_of_a_file_is_told_at_once() {
    let errors = errors("prevent_destroy = \"maybe\"\nbogus = 1\nlocals {\n  a = local.gone\n}\n");
    assert_told(&errors, &["true or false", "\"bogus\"", "local.gone"]);
}

#[test]
fn a_unit_is_checked_without_any_outputs() {
    let dependency = "dependency \"vpc\" {\n  config_path = \"../vpc\"\n}\n";
    let inputs =
        "inputs = { ids = [for id in dependency.vpc.outputs.ids : \"x-${id}\"], bad = local.gone }\n";
    let tree =
        Tree::new(&[("vpc/terragrunt.hcl", ""), ("app/terragrunt.hcl", &format!("{dependency}{inputs}"))]);
    let errors = told(&tree.reader("validate").validate(&tree.path("app/terragrunt.hcl")));
    assert_told(&errors, &["there is no local.gone"]);
    assert_eq!(errors.matches("terragrunt.hcl:").count(), 1, "{errors}");
}

#[test]
fn a_failed_program_is_told_with_what_it_said() {
    assert_told(
        &errors("locals {\n  x = run_cmd(\"sh\", \"-c\", \"echo no such thing >&2; exit 3\")\n}\n"),
        &["sh failed with exit code 3: no such thing"],
    );
}

#[test]
fn programs_stay_off_where_they_may_not_run() {
    let tree = Tree::new(&[(
        "app/terragrunt.hcl",
        "locals {\n  x = run_cmd(\"sh\", \"-c\", \"touch made\")\n}\nterraform {\n  source = \"./m\"\n}\n",
    )]);
    let mut options = tree.options("validate");
    options.exec = false;
    let (outline, errors) = crate::terragrunt::Reader::new(options).outline(&tree.path("app/terragrunt.hcl"));
    assert!(errors.is_empty(), "{}", told(&errors));
    assert_eq!(outline.source.unwrap().expose(), "./m");
    assert!(!tree.path("app/made").exists());
}

#[test]
fn a_pattern_that_is_none_is_told_where_it_stands_and_in_an_error_hook_it_is_a_warning() {
    let retry = |pattern: &str, attempts: i32| {
        format!(
            "errors {{\n  retry \"r\" {{\n    retryable_errors   = [\n      \".*fine.*\",\n      \"{pattern}\",\n    ]\n    \
             max_attempts       = {attempts}\n    sleep_interval_sec = -1\n  }}\n}}\n"
        )
    };
    let hook = "terraform {\n  error_hook \"h\" {\n    commands  = [\"plan\"]\n    execute   = [\"true\"]\n    \
                on_errors = [\"(\"]\n  }\n}\n";
    let tree = Tree::new(&[
        ("retry/terragrunt.hcl", &retry("!(?=ahead)", 0)),
        ("hook/terragrunt.hcl", hook),
        ("go/terragrunt.hcl", &retry(r"\\\\Qa.b\\\\E{", 1).replace("-1", "0")),
    ]);
    let errors = tree.errors("retry");
    assert!(
        errors.contains("retry/terragrunt.hcl:5:7") && errors.contains("\"!(?=ahead)\" is no regular"),
        "{errors}"
    );
    assert!(errors.contains("retry \"r\" has no attempt at all") && errors.contains("hcl:7:26"), "{errors}");
    assert!(errors.contains("retry \"r\" cannot sleep for less than no time"), "{errors}");
    let hook = tree.evaluate("hook").unwrap_or_else(|errors| panic!("{}", told(&errors)));
    let said = told(&hook.warnings);
    assert!(
        said.contains("hook/terragrunt.hcl:5:18") && said.contains("Terragrunt passes over it"),
        "{said}"
    );
    tree.evaluate("go").unwrap_or_else(|errors| panic!("{}", told(&errors)));
}

#[test]
fn a_pattern_that_terragrunt_takes_and_the_engine_cannot_is_an_error_wherever_it_stands() {
    let hook = "terraform {\n  error_hook \"e\" {\n    commands  = [\"plan\"]\n    execute   = [\"true\"]\n    on_errors = [\"ok\", \"(?P<1a>x)\"]\n  }\n}\n";
    let ignore = "errors {\n  ignore \"i\" {\n    ignorable_errors = [\"!\\\\p{Nowhere}\"]\n  }\n}\n";
    for (unit, place) in [(hook, "app/terragrunt.hcl:5:24"), (ignore, "app/terragrunt.hcl:3:25")] {
        let errors = Tree::new(&[("app/terragrunt.hcl", unit)]).errors("app");
        assert!(errors.contains(place), "{errors}");
        assert!(errors.contains("is a regular expression that cannot be used here"), "{errors}");
    }
}

#[test]
fn a_pattern_of_files_to_copy_that_is_none_is_told_where_it_stands() {
    let unit = "terraform {\n  include_in_copy   = [\"*.md\", \"[z-a].md\"]\n  exclude_from_copy = [\"[a-z]\", \"{open\"]\n}\n";
    let errors = Tree::new(&[("app/terragrunt.hcl", unit)]).errors("app");
    assert!(errors.contains("app/terragrunt.hcl:2:32"), "{errors}");
    assert!(errors.contains("\"[z-a].md\" is no pattern of files"), "{errors}");
    assert_eq!(errors.matches("is no pattern of files").count(), 1, "{errors}");
}
