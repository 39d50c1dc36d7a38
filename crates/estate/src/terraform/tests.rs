use std::path::Path;

use super::files::{is_automatic_variable_file, is_module_file, is_override};
use super::{Module, ModuleTree, ProviderRequirement, ToolKind, Written};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let file = folder.path().join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        Self(folder)
    }

    fn module(&self, tool: Option<ToolKind>) -> Module {
        Module::read(self.0.path(), tool, |_| None)
    }

    /// The files of the module in a folder and of those that it calls, seen from here.
    fn files_of(&self, folder: &str, tool: ToolKind) -> Vec<String> {
        let tree = ModuleTree::read(&self.0.path().join(folder), tool).unwrap();
        let below = |path: &Path| path.strip_prefix(self.0.path()).unwrap().display().to_string();
        let mut files: Vec<String> = tree.files().map(|file| below(file.path())).collect();
        files.sort();
        files
    }
}

fn of(name: &str, text: &str) -> Module {
    let mut module = Module::default();
    module.add(Path::new(name), text);
    module
}

#[test]
fn hidden_files_and_what_editors_leave_are_no_part_of_a_module() {
    for name in ["main.tf", "a.b.tf.json", "x.tofu", "x.tofu.json", "#x.tf", "x~.tf"] {
        assert!(is_module_file(name), "{name}");
    }
    for name in
        [".x.tf", ".tf", ".#main.tf", "main.tf~", "#main.tf#", "x.tfvars", "x.tftest.hcl", "x.json", "tf"]
    {
        assert!(!is_module_file(name), "{name}");
    }
}

#[test]
fn override_files_are_those_whose_whole_name_before_the_ending_says_so() {
    for name in ["override.tf", "x_override.tf.json", "a.b_override.tf", "_override.tofu"] {
        assert!(is_override(name), "{name}");
    }
    for name in ["x_override.y.tf", "myoverride.tf", "override.x.tf", "override.txt"] {
        assert!(!is_override(name), "{name}");
    }
}

#[test]
fn variable_files_that_are_read_by_themselves_may_be_hidden() {
    for name in ["terraform.tfvars", "terraform.tfvars.json", "x.auto.tfvars", ".x.auto.tfvars.json"] {
        assert!(is_automatic_variable_file(name), "{name}");
    }
    for name in ["x.tfvars", "xterraform.tfvars", "auto.tfvars", "x.auto.tf"] {
        assert!(!is_automatic_variable_file(name), "{name}");
    }
}

#[test]
fn each_tool_reads_the_files_that_are_its_own() {
    let folder = Folder::new(&[
        ("a.tf", "variable \"a_of_tf\" {}"),
        ("a.tofu", "variable \"a_of_tofu\" {}"),
        ("b.tf", "variable \"b\" {}"),
        ("c.tofu.json", r#"{"variable": {"c": {}}}"#),
    ]);
    let names = |tool| folder.module(tool).variables.into_keys().collect::<Vec<_>>();
    assert_eq!(names(Some(ToolKind::Terraform)), ["a_of_tf", "b"]);
    assert_eq!(names(Some(ToolKind::OpenTofu)), ["a_of_tofu", "b", "c"]);
    assert_eq!(names(None), ["a_of_tf", "a_of_tofu", "b", "c"], "nothing that either would read is missed");
}

#[test]
fn a_folder_or_a_link_into_nowhere_by_the_name_of_a_file_is_passed_over() {
    let folder = Folder::new(&[("main.tf", "variable \"a\" {}"), ("folder.tf/x", "")]);
    std::os::unix::fs::symlink("folder.tf", folder.0.path().join("linked.tf")).unwrap();
    std::os::unix::fs::symlink("nowhere", folder.0.path().join("gone.tf")).unwrap();
    assert_eq!(folder.files_of("", ToolKind::Terraform), ["main.tf"]);
    let module = folder.module(None);
    assert_eq!(module.diagnostics.len(), 1, "{:?}", module.diagnostics);
    assert!(module.diagnostics[0].message.contains("gone.tf cannot be read"));
}

#[test]
fn what_never_ends_is_refused_in_the_place_of_a_file() {
    let folder = Folder::new(&[("main.tf", "")]);
    std::os::unix::fs::symlink("/dev/zero", folder.0.path().join("zero.tf")).unwrap();
    let error = ModuleTree::read(folder.0.path(), ToolKind::OpenTofu).unwrap_err();
    assert!(error.to_string().contains("zero.tf"), "{error}");
}

#[test]
fn what_an_override_file_says_goes_before_what_others_say_attribute_by_attribute() {
    let folder = Folder::new(&[
        (
            "z.tf",
            "variable \"a\" {\n  type      = string\n  sensitive = true\n}\nmodule \"m\" {\n  source  = \"../one\"\n  version = \"1\"\n}\n\
             terraform {\n  required_version = \">= 1\"\n}\n",
        ),
        ("versions.tf", "terraform {\n  required_version = \"< 9\"\n}\n"),
        (
            "a_override.tf",
            "variable \"a\" {\n  default   = 1\n  sensitive = false\n}\nmodule \"m\" {\n  source = \"../two\"\n}\n\
             terraform {\n  required_version = \"2\"\n}\n",
        ),
    ]);
    let module = folder.module(Some(ToolKind::Terraform));
    let variable = &module.variables["a"];
    assert!(
        variable.has_default
            && !variable.is_hidden()
            && variable.constraint == Some(super::Constraint::String)
    );
    assert!(variable.location.file.path().ends_with("z.tf"));
    assert_eq!(module.calls["m"].path(), Some("../two"));
    assert_eq!(module.calls["m"].version, Some(Written::Literal("1".to_owned())));
    assert_eq!(module.required_versions.into_iter().collect::<Vec<_>>(), ["2"]);
}

#[test]
fn both_syntaxes_declare_the_same() {
    let native = r#"
        terraform {
          required_version = ">= 1.5"
          backend "s3" {}
          cloud {}
          required_providers {
            aws  = { source = "hashicorp/aws", version = "~> 5" }
            null = "3"
          }
        }
        provider "aws" { version = "5" }
        variable "size" { type = map(number) }
        variable "key" {
          default   = null
          nullable  = false
          ephemeral = true
        }
        resource "null_resource" "a" { provider = aws.west }
        data "http" "b" {}
        module "m" { source = "org/m/aws" }
        output "o" { value = 1 }
    "#;
    let json = r#"{
        "//": "a comment",
        "terraform": {
          "required_version": ">= 1.5", "backend": {"s3": {}}, "cloud": {},
          "required_providers": {"aws": {"source": "hashicorp/aws", "version": "~> 5"}, "null": "3"}
        },
        "provider": [{"aws": {"version": "5"}}],
        "variable": {"size": {"type": "map(number)"}, "key": [{"default": null, "nullable": false, "ephemeral": true}]},
        "resource": {"null_resource": {"a": {"provider": "aws.west"}}},
        "data": {"http": {"b": {}}},
        "module": {"m": {"source": "org/m/aws"}},
        "output": [{"o": {"value": 1}}]
    }"#;
    for module in [of("main.tf", native), of("main.tf.json", json)] {
        assert!(module.diagnostics.is_empty(), "{:?}", module.diagnostics);
        assert_eq!(module.required_versions.iter().collect::<Vec<_>>(), [">= 1.5"]);
        let kinds: Vec<_> = module.backends.iter().map(|backend| backend.kind.as_deref()).collect();
        assert_eq!(kinds, [Some("s3"), None]);
        let aws = ProviderRequirement {
            source: Some("hashicorp/aws".to_owned()),
            version: Some("~> 5".to_owned()),
        };
        assert_eq!(module.providers.required["aws"], aws);
        assert_eq!(module.providers.required["null"].version.as_deref(), Some("3"));
        assert_eq!(module.providers.used.iter().collect::<Vec<_>>(), ["aws", "http"]);
        assert_eq!(module.providers.versions.len(), 1);
        assert_eq!(module.calls["m"].source, Some(Written::Literal("org/m/aws".to_owned())));
        assert_eq!(module.outputs.iter().collect::<Vec<_>>(), ["o"]);
        let (size, key) = (&module.variables["size"], &module.variables["key"]);
        assert_eq!(size.constraint, Some(super::Constraint::Map(Box::new(super::Constraint::Number))));
        assert!(!size.has_default && size.nullable && !size.is_hidden());
        assert!(key.has_default && !key.nullable && key.is_hidden());
    }
}

#[test]
fn a_mistake_in_json_is_told_with_its_place_and_hides_nothing_else() {
    let module = of("main.tf.json", "{\n  \"variable\": {\"a\": {}},\n  \"output\": 1\n}");
    let [mistake] = module.diagnostics.as_slice() else { panic!("{:?}", module.diagnostics) };
    assert_eq!(mistake.location.as_ref().map(|place| place.position().line), Some(3));
    assert!(module.variables.contains_key("a"));
    assert_eq!(of("main.tf.json", "{ \"variable\": ").diagnostics.len(), 1);
}

#[test]
fn sources_that_are_no_literals_are_kept_as_they_are_written() {
    let module = of("main.tf", "module \"m\" {\n  source = \"../${var.x}\"\n}\n");
    assert_eq!(module.calls["m"].source, Some(Written::Expression("\"../${var.x}\"".to_owned())));
    assert_eq!(module.calls["m"].path(), None);
}

#[test]
fn modules_that_are_called_count_wherever_they_lie_and_others_do_not() {
    let folder = Folder::new(&[
        ("app/main.tf", "module \"a\" {\n  source = \"../a\"\n}\n# source = \"../other\"\n"),
        ("app/more.tf.json", "{\"module\": {\"d\": {\"source\": \"./nested/d\"}}}"),
        ("app/nested/d/main.tf", "module \"app\" {\n  source=\"../../\"\n}\n"),
        ("app/.old.tf", "module \"o\" {\n  source = \"../other\"\n}\n"),
        ("a/main.tf", "module \"b\" {\n  source = \"../b\"\n}\nmodule \"r\" {\n  source = \"org/x/y\"\n}\n"),
        ("b/main.tofu", "module \"gone\" {\n  source = \"../gone\"\n}\n"),
        ("other/main.tf", ""),
        ("app/notes.txt", "source = \"../other\""),
    ]);
    std::os::unix::fs::symlink("..", folder.0.path().join("app/up")).unwrap();
    let expected = ["a/main.tf", "app/main.tf", "app/more.tf.json", "app/nested/d/main.tf", "b/main.tofu"];
    assert_eq!(folder.files_of("app", ToolKind::OpenTofu), expected);
    // What is called and not there may have been there.
    let root = folder.0.path();
    let found =
        super::LocalModules::of(&root.join("app"), &|folder| Module::read(folder, None, |_| None).into());
    let names: Vec<_> =
        found.folders.iter().map(|folder| folder.strip_prefix(root).unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["a", "app", "app/nested/d", "b", "gone"]);
}

#[test]
fn what_expressions_read_is_known_as_far_as_their_paths_are() {
    let text = r#"
locals {
  base   = "${path.module}/../policies"
  folder = local.base
  turns  = local.around
  around = local.turns
}
resource "x" "y" {
  a = file("${path.module}/../a.json")
  b = jsondecode(templatefile("${local.folder}/b.json", { n = file("c.txt") }))
  c = fileset("${path.root}/../set", "**")
  d = filemd5("${path.module}/../by-name/${var.name}-x.json")
  e = file(var.unknown)
  f = file(local.turns)
  g = filebase64(join("/", [path.cwd, "g", "h"]))
  h = file(abspath("/etc/one"))
  i = "${path.module}/../handed/on"
  j = "no path of ${path.module}"
  k = core::fileexists("~never")
}
"#;
    let module = of("main.tf", text);
    let (folder, root) = (Path::new("/m/one"), Path::new("/m/root"));
    let paths = module.reads.paths(folder, root);
    let paths: Vec<&str> = paths.iter().map(|path| path.to_str().unwrap()).collect();
    assert_eq!(
        paths,
        [
            "/etc/one",
            "/m/a.json",
            "/m/by-name",
            "/m/handed/on",
            "/m/policies",
            "/m/policies/b.json",
            "/m/root/c.txt",
            "/m/root/g/h",
            "/m/root/~never",
            "/m/set",
        ]
    );
}

#[test]
fn json_syntax_reads_as_the_native_one_does() {
    let text = r#"{"locals": {"a": "${file(\"${path.module}/../a.txt\")}", "b": ["${filemd5(\"b\")}"]}}"#;
    let module = of("main.tf.json", text);
    let read = module.reads.paths(Path::new("/m/one"), Path::new("/m/root"));
    assert_eq!(read.len(), 2, "{read:?}");
}
