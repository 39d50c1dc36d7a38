//! The files a module runs with: generated ones, those that are copied, the lock file.

use serde_json::json;

use super::{each, output, unit};
use crate::support::estate::Estate;

/// Puts out the text of a file beside it, and whether another is there.
const READER: &str = r#"
output "value" {
  value = fileexists("${path.module}/note.txt") ? element(split("\n", trimspace(file("${path.module}/note.txt"))), -1) : "nothing"
}
output "hidden" {
  value = fileexists("${path.module}/.hidden/x") ? "there" : "gone"
}
output "left" {
  value = fileexists("${path.module}/left-out.txt") ? "there" : "gone"
}
output "sibling" {
  value = module.sibling.value
}
module "sibling" {
  source = "../sibling"
}
"#;

fn estate(own: Option<&str>, terraform: &str, rest: &str) -> Estate {
    let estate = Estate::new();
    estate.write("infra/reader/main.tf", READER);
    estate.write("infra/sibling/main.tf", "output \"value\" {\n  value = \"beside\"\n}\n");
    if let Some(text) = own {
        estate.write("infra/reader/note.txt", text);
    }
    unit(&estate, "a", "reader", terraform, rest);
    estate
}

fn generate(more: &str) -> String {
    format!("generate \"note\" {{\n  path = \"note.txt\"\n  contents = \"generated\"\n{more}}}\n")
}

#[test]
fn a_generated_file_comes_or_stays_away_as_if_exists_says() {
    // With what the module has of its own: the policy, and what is there in the end; none is a failure.
    let cases = [
        (None, "overwrite", Some("generated")),
        (None, "error", Some("generated")),
        (None, "skip", Some("generated")),
        (Some("own"), "overwrite", Some("generated")),
        (Some("own"), "skip", Some("own")),
        (Some("own"), "error", None),
        (Some("own"), "overwrite_terragrunt", None),
    ];
    each(|driver| {
        for (own, policy, expected) in cases {
            let estate = estate(own, "", &generate(&format!("  if_exists = \"{policy}\"\n")));
            let ended = driver.run(&estate, &["apply", "--yes"]);
            match expected {
                Some(text) => {
                    ended.exits(0).says("applied");
                    assert_eq!(output(&estate, "a", "value"), json!(text), "{own:?} {policy}");
                    // And once more over what the first run has left; there `error` makes Terragrunt trip over its
                    // own file, and the native engine does not.
                    if policy != "error" {
                        driver.run(&estate, &["apply", "--yes"]).exits(0).says("nothing to change");
                    }
                }
                None => drop(ended.exits(1).says("note.txt")),
            }
        }
    });
}

#[test]
fn the_file_of_a_disabled_block_goes_or_stays_as_if_disabled_says() {
    let cases = [
        ("remove", Some("nothing")),
        ("skip", Some("own")),
        // What it did not generate it does not remove.
        ("remove_terragrunt", None),
    ];
    each(|driver| {
        for (policy, expected) in cases {
            let rest = generate(&format!(
                "  if_exists = \"overwrite\"\n  disable = true\n  if_disabled = \"{policy}\"\n"
            ));
            let estate = estate(Some("own"), "", &rest);
            let ended = driver.run(&estate, &["apply", "--yes"]);
            match expected {
                Some(text) => {
                    ended.exits(0).says("applied");
                    assert_eq!(output(&estate, "a", "value"), json!(text), "{policy}");
                }
                None => drop(ended.exits(1).says("note.txt")),
            }
        }
    });
}

#[test]
fn generated_code_is_part_of_the_module() {
    each(|driver| {
        let code = r#"generate "more" {
  path      = "more.tf"
  if_exists = "overwrite_terragrunt"
  contents  = <<-EOT
    output "more" {
      value = "${basename(get_terragrunt_dir())}"
    }
  EOT
}"#;
        let estate = estate(None, "", code);
        driver.run(&estate, &["apply", "--yes"]).exits(0).says("applied");
        assert_eq!(output(&estate, "a", "more"), json!("a"));
        // It is changed where the unit changes.
        let text = std::fs::read_to_string(estate.path().join("live/a/terragrunt.hcl")).unwrap();
        estate.write("live/a/terragrunt.hcl", &text.replace("${basename(get_terragrunt_dir())}", "new"));
        driver.run(&estate, &["apply", "--yes"]).exits(0).says("applied");
        assert_eq!(output(&estate, "a", "more"), json!("new"));
    });
}

#[test]
fn the_module_comes_with_its_siblings_and_the_units_own_files() {
    each(|driver| {
        let copies = "  include_in_copy   = [\".hidden/*\"]\n  exclude_from_copy = [\"left-out.txt\"]\n";
        for (terraform, hidden, left) in [("", "gone", "there"), (copies, "there", "gone")] {
            let estate = estate(None, terraform, "");
            estate.write("live/a/note.txt", "of the unit\n");
            estate.write("live/a/.hidden/x", "");
            estate.write("live/a/left-out.txt", "");
            driver.run(&estate, &["apply", "--yes"]).exits(0).says("applied");
            assert_eq!(output(&estate, "a", "value"), json!("of the unit"));
            assert_eq!(output(&estate, "a", "sibling"), json!("beside"));
            assert_eq!(output(&estate, "a", "hidden"), json!(hidden));
            assert_eq!(output(&estate, "a", "left"), json!(left));
        }
    });
}

#[test]
fn a_unit_without_a_source_is_its_own_module() {
    each(|driver| {
        let estate = Estate::new();
        estate.write(
            "live/a/terragrunt.hcl",
            "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n}\n",
        );
        estate.write("live/a/main.tf", "output \"value\" {\n  value = \"own\"\n}\n");
        driver.run(&estate, &["apply", "--yes"]).exits(0).says("applied");
        assert_eq!(output(&estate, "a", "value"), json!("own"));
    });
}

#[test]
fn a_link_to_a_hidden_folder_comes_along_where_it_is_included() {
    each(|driver| {
        let estate = Estate::new();
        let shows = "output \"value\" {\n  value = join(\" \", [for f in [\".linked/stuff\", \".linked/.deep/.x\"] : f if \
                     fileexists(\"${path.module}/${f}\")])\n}\n";
        estate.write("infra/linking/main.tf", shows);
        estate.write("elsewhere/stuff", "");
        estate.write("elsewhere/.deep/.x", "");
        std::os::unix::fs::symlink("../../elsewhere", estate.path().join("infra/linking/.linked")).unwrap();
        for (pattern, found) in [
            // Patterns begin at the root of the source.
            ("linking/.linked", ".linked/stuff .linked/.deep/.x"),
            ("**/.linked", ".linked/stuff .linked/.deep/.x"),
            ("linking/.linked/s*", ".linked/stuff"),
            ("linking/.linked/.deep", ".linked/.deep/.x"),
            ("**/stuff", ""),
        ] {
            unit(&estate, "a", "linking", &format!("  include_in_copy = [\"{pattern}\"]"), "");
            let _ = std::fs::remove_dir_all(estate.path().join("live/a/.terragrunt-cache"));
            driver.run(&estate, &["apply", "--yes"]).exits(0).says("a ");
            assert_eq!(output(&estate, "a", "value"), json!(found), "{pattern}");
        }
        // What has left the folder leaves the copy.
        unit(&estate, "a", "linking", "  include_in_copy = [\"linking/.linked\"]", "");
        std::fs::remove_file(estate.path().join("elsewhere/stuff")).unwrap();
        driver.run(&estate, &["apply", "--yes"]).exits(0).says("a ");
        assert_eq!(output(&estate, "a", "value"), json!(".linked/.deep/.x"));
    });
}
