//! The manifests repository: an app of apps, plain or with an overlay an environment.

use askama::Template;

use super::Scaffold;
use super::estate::is_protected;
use super::forge::{Forge, PINS, Pins, Slipway};
use super::names::{Branch, Domain, GitAddress, ImageName, Label, Owner};

/// The port that containers listen on.
const PORT: u16 = 8080;
/// The tag of an image that was named without one.
const FIRST_TAG: &str = "v1";

/// What a manifests repository is made of.
#[derive(Clone, Debug)]
pub struct Manifests {
    /// Its own address, which the Applications name.
    pub url: GitAddress,
    /// The branch that is followed.
    pub branch: Branch,
    /// What it deploys.
    pub apps: Vec<App>,
    /// With some, an app is a base and an overlay for each; without, it is one folder.
    pub environments: Vec<Label>,
    /// What makes an Application of each app.
    pub followed: Followed,
    /// Under which applications are reached.
    pub domain: Domain,
    /// Which controller serves them.
    pub ingress_class: Label,
    /// Who owns its files.
    pub owner: Option<Owner>,
    /// Whose pipeline is written, if any.
    pub forge: Option<Forge>,
    /// Where the pipeline takes Slipway from.
    pub slipway: Slipway,
}

/// What makes an Application of each app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Followed {
    /// A file for each.
    One,
    /// One `ApplicationSet`, of whatever folders there are.
    Set,
}

/// An application.
#[derive(Clone, Debug)]
pub struct App {
    /// Its name: of the folder, the Application, the namespace and the workload.
    pub name: Label,
    /// What it runs; made up of the name where nobody said.
    pub image: Option<ImageName>,
}

/// An app as templates need it.
struct Shown {
    name: String,
    repository: String,
    tag: String,
    image: String,
}

impl From<&App> for Shown {
    fn from(app: &App) -> Self {
        let name = app.name.to_string();
        let image = app.image.as_ref();
        let repository =
            image.map_or_else(|| format!("registry.example/{name}"), |image| image.repository.clone());
        let tag = image.and_then(|image| image.tag.clone()).unwrap_or_else(|| FIRST_TAG.to_owned());
        Self { image: format!("{repository}:{tag}"), name, repository, tag }
    }
}

#[derive(Template)]
#[template(path = "init/manifests/deployment.yaml", syntax = "scaffold", escape = "none")]
struct Deployment<'a> {
    app: &'a Shown,
    overlays: bool,
    port: u16,
}

#[derive(Template)]
#[template(path = "init/manifests/service.yaml", syntax = "scaffold", escape = "none")]
struct Service<'a> {
    app: &'a Shown,
}

#[derive(Template)]
#[template(path = "init/manifests/ingress.yaml", syntax = "scaffold", escape = "none")]
struct Ingress<'a> {
    app: &'a Shown,
    class: &'a str,
    domain: &'a Domain,
}

#[derive(Template)]
#[template(path = "init/manifests/overlay.yaml", syntax = "scaffold", escape = "none")]
struct Overlay<'a> {
    app: &'a Shown,
    environment: &'a Label,
    domain: &'a Domain,
    is_protected: bool,
}

#[derive(Template)]
#[template(path = "init/manifests/application.yaml", syntax = "scaffold", escape = "none")]
struct Application<'a> {
    app: &'a Shown,
    url: &'a GitAddress,
    branch: &'a Branch,
    path: String,
}

#[derive(Template)]
#[template(path = "init/manifests/applicationset.yaml", syntax = "scaffold", escape = "none")]
struct ApplicationSet<'a> {
    url: &'a GitAddress,
    branch: &'a Branch,
    folder: &'a str,
}

#[derive(Template)]
#[template(path = "init/manifests/README.md", syntax = "scaffold", escape = "none")]
struct Readme<'a> {
    overlays: bool,
    is_set: bool,
    first_root: String,
    url: &'a GitAddress,
    flag: String,
    first: &'a str,
    first_image: String,
    port: u16,
    ingress_class: &'a str,
}

#[derive(Template)]
#[template(path = "init/manifests/github.yml", syntax = "scaffold", escape = "none")]
struct GitHub<'a> {
    branch: &'a Branch,
    action: &'a str,
    pins: Pins,
}

#[derive(Template)]
#[template(path = "init/manifests/gitlab.yml", syntax = "scaffold", escape = "none")]
struct GitLab<'a> {
    slipway: &'a Slipway,
}

#[derive(Template)]
#[template(path = "init/manifests/CODEOWNERS", syntax = "scaffold", escape = "none")]
struct Owners<'a> {
    owner: &'a Owner,
}

impl Manifests {
    /// Its files.
    pub fn scaffold(&self) -> Scaffold {
        let mut made = Scaffold::default();
        for app in self.apps.iter().map(Shown::from) {
            let overlays = !self.environments.is_empty();
            let place = if overlays { format!("manifests/base/{}", app.name) } else { folder(&app) };
            let deployment = Deployment { app: &app, overlays, port: PORT };
            made.fill(format!("{place}/deployment.yaml"), &deployment);
            made.fill(format!("{place}/service.yaml"), &Service { app: &app });
            let ingress = Ingress { app: &app, class: self.ingress_class.as_str(), domain: &self.domain };
            made.fill(format!("{place}/ingress.yaml"), &ingress);
            if overlays {
                made.add(
                    format!("{place}/kustomization.yaml"),
                    include_str!("../../templates/init/manifests/base.yaml"),
                );
                self.overlays(&app, &mut made);
            } else {
                self.application(&app, "apps", folder(&app), &mut made);
            }
        }
        if self.followed == Followed::Set {
            self.sets(&mut made);
        }
        if let Some(owner) = &self.owner {
            made.fill("CODEOWNERS", &Owners { owner });
        }
        match self.forge {
            None => {}
            Some(Forge::GitHub) => {
                let (branch, action) = (&self.branch, self.slipway.action());
                made.fill(".github/workflows/manifests.yml", &GitHub { branch, action, pins: PINS });
            }
            Some(Forge::GitLab) => made.fill(".gitlab-ci.yml", &GitLab { slipway: &self.slipway }),
        }
        self.told(&mut made);
        made.finished()
    }

    fn overlays(&self, app: &Shown, made: &mut Scaffold) {
        for environment in &self.environments {
            let is_protected = is_protected(environment);
            let place = format!("manifests/{environment}/{}", app.name);
            let overlay = Overlay { app, environment, domain: &self.domain, is_protected };
            made.fill(format!("{place}/kustomization.yaml"), &overlay);
            self.application(app, &format!("apps/{environment}"), place, made);
        }
    }

    /// One for what each cluster's root reads, and that is an environment where there are some.
    fn sets(&self, made: &mut Scaffold) {
        let places: Vec<(String, String)> = if self.environments.is_empty() {
            vec![("apps".to_owned(), "manifests".to_owned())]
        } else {
            let of = |name: &Label| (format!("apps/{name}"), format!("manifests/{name}"));
            self.environments.iter().map(of).collect()
        };
        for (above, folder) in places {
            let set = ApplicationSet { url: &self.url, branch: &self.branch, folder: &folder };
            made.fill(format!("{above}/applications.yaml"), &set);
        }
    }

    fn application(&self, app: &Shown, above: &str, path: String, made: &mut Scaffold) {
        if self.followed == Followed::Set {
            return;
        }
        let application = Application { app, url: &self.url, branch: &self.branch, path };
        made.fill(format!("{above}/{}.yaml", app.name), &application);
    }

    fn told(&self, made: &mut Scaffold) {
        let first = self.environments.first();
        let flag = first.map(|first| format!(" --manifests manifests/{first}")).unwrap_or_default();
        let first_root = first.map_or_else(|| "apps".to_owned(), |first| format!("apps/{first}"));
        let apps: Vec<Shown> = self.apps.iter().map(Shown::from).collect();
        if let Some(app) = apps.first() {
            let readme = Readme {
                overlays: first.is_some(),
                is_set: self.followed == Followed::Set,
                first_root: first_root.clone(),
                url: &self.url,
                flag,
                first: &app.name,
                first_image: format!("{}:v2", app.repository),
                port: PORT,
                ingress_class: self.ingress_class.as_str(),
            };
            made.fill("README.md", &readme);
        }
        let invented = self.apps.iter().filter(|app| app.image.is_none());
        let invented: Vec<&str> = invented.map(|app| app.name.as_str()).collect();
        if !invented.is_empty() {
            made.next
                .push(format!("say which image {} runs: it is registry.example/… now", invented.join(", ")));
        }
        made.next.extend(self.forge.and_then(|_| self.slipway.next()));
        made.next.push(format!("push it to {}, branch {}", self.url, self.branch));
        made.next.push(format!("have Argo CD follow it: root {{ path = \"{first_root}\" }} in slipway.hcl"));
    }
}

fn folder(app: &Shown) -> String {
    format!("manifests/{}", app.name)
}
