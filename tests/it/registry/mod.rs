//! Images looked for in real registries, before they are set.

mod asked;
mod elsewhere;
mod faults;
mod listed;
mod set;

use std::path::{Path, PathBuf};

use slipway::gitops::ImageReference;
use slipway::registry::{Found, Logins, Question, Registries, RegistryError};
use tempfile::TempDir;

use crate::support::manifests::{bare, deployment, head};
use crate::support::slipway::{Ended, Slipway};

fn image(text: &str) -> ImageReference {
    text.parse().unwrap()
}

/// Logins of a folder that `DOCKER_CONFIG` would name; none without.
fn logins(folder: Option<&Path>) -> Logins {
    let folder = folder.map(|folder| folder.display().to_string());
    Logins::named_by(|name| folder.clone().filter(|_| name == "DOCKER_CONFIG"))
}

async fn look(text: &str, folder: Option<&Path>, platforms: &[&str]) -> Result<Found, RegistryError> {
    let platforms = platforms.iter().map(|platform| platform.parse().unwrap()).collect();
    let question = Question { platforms, ..Question::default() };
    Registries::new(logins(folder)).look(&image(text), &question).await
}

/// A manifests repository with `app` at an image, and the program beside it.
struct Shop {
    folder: TempDir,
    bare: PathBuf,
}

impl Shop {
    fn new(image: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file =
            |app: &str| (format!("manifests/{app}/deployment.yaml"), deployment(app, &[("web", image)]));
        let files = ["app", "other"].map(file);
        let files = files.each_ref().map(|(path, text)| (path.as_str(), text.clone()));
        let bare = bare(folder.path(), &files);
        Self { folder, bare }
    }

    fn slipway(&self) -> Slipway {
        Slipway::new(self.folder.path(), Path::new("/nowhere/terraform"))
            .env("SLIPWAY_MANIFESTS_URL", &self.bare)
            .env_remove("SLIPWAY_CHECK_IMAGE")
    }

    fn set(&self, arguments: &[&str]) -> Ended {
        self.slipway().run(&[&["image", "set"], arguments].concat())
    }

    fn head(&self) -> String {
        head(&self.bare)
    }

    /// The line of the branch with the image.
    fn written(&self) -> String {
        let output = std::process::Command::new("git")
            .arg("-C")
            .arg(&self.bare)
            .args(["show", "main:manifests/app/deployment.yaml"])
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().find_map(|line| line.trim().strip_prefix("image: ")).unwrap().to_owned()
    }
}
