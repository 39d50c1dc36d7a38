//! The same with the wrapping engine, where Terragrunt is there.

use super::{SECRET, commit, unit};
use crate::support::estate::Estate;
use crate::support::skipped::{NO_TERRAGRUNT, skipped};
use crate::support::slipway::{Slipway, system_path};
use crate::support::{terraforms, terragrunt};

#[test]
fn terragrunt_too_applies_exactly_what_was_saved_and_only_where_nothing_has_changed() {
    let Some(terragrunt) = terragrunt() else {
        skipped(NO_TERRAGRUNT);
        return;
    };
    let programs = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(&terragrunt, programs.path().join("terragrunt")).unwrap();
    for tool in terraforms() {
        let estate = Estate::new();
        estate.unit("networking", &[]).unit("bucket", &[]);
        let login = format!(
            "variable \"password\" {{\n  default = \"{SECRET}\"\n  sensitive = true\n}}\n\
             resource \"terraform_data\" \"login\" {{\n  input = var.password\n}}\n"
        );
        unit(&estate, "login", &login);
        commit(&estate);
        let slipway = || {
            Slipway::new(estate.path(), &tool)
                .env("SLIPWAY_ENGINE", "terragrunt")
                .env("PATH", format!("{}:{}", programs.path().display(), system_path()))
        };
        let plan = slipway().run(&["plan", "--out", "saved", "--detail"]).exits(0);
        let plan = plan.says("saved the plans of 3 units").says("input  = (sensitive)");
        let plan = plan.says("input  = \"bucket\"");
        assert!(!plan.stdout.contains(SECRET) && !plan.stderr.contains(SECRET));

        let apply = || slipway().run(&["apply", "saved", "--yes"]);
        let module = estate.path().join("infra/text/main.tf");
        let text = std::fs::read_to_string(&module).unwrap();
        std::fs::write(&module, format!("{text}\n# more\n")).unwrap();
        drop(apply().exits(5).says("bucket: its source is not what it was planned with"));
        std::fs::write(&module, text).unwrap();
        let native = Slipway::new(estate.path(), &tool).run(&["apply", "saved", "--yes"]).exits(5);
        drop(native.says("made with the terragrunt engine, and this is the native engine"));
        assert_eq!(estate.applied("bucket"), None);

        apply().exits(0).says("3 as they were saved");
        assert_eq!(estate.applied("networking").as_deref(), Some("networking"));
        drop(apply().exits(5).says("bucket: its state was empty and is at serial"));
        slipway().run(&["plan", "--detailed-exitcode"]).exits(0);
    }
}
