//! The files of a commit, and where its links lead.

use std::collections::BTreeMap;

use super::error::GitOpsError;
use super::layout::{is_kustomization, is_override};

/// What Git and the kernel give up at.
const MOST_LINKS: usize = 40;

/// Every file of a commit, by its path.
#[derive(Debug, Default)]
pub(super) struct Tree {
    entries: BTreeMap<String, Entry>,
    /// Manifests whose names are no UTF-8, as they are shown.
    nameless: Vec<String>,
}

/// A file or a link.
#[derive(Debug)]
struct Entry {
    /// Git's file mode.
    mode: String,
    /// Its object.
    id: String,
    /// Where a link leads, as it is written.
    target: Option<String>,
}

/// A manifest to be read.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    /// Its path.
    pub path: String,
    /// Git's file mode.
    pub mode: String,
    /// Its object.
    pub id: String,
    /// The link by which it belongs to the folder, where it does not lie in it.
    pub link: Option<String>,
}

impl Tree {
    /// Reads what `git ls-tree -r -z` lists.
    pub fn of(listing: &[u8]) -> Result<Self, GitOpsError> {
        let mut tree = Self::default();
        let strange = || GitOpsError::Answer { command: "ls-tree" };
        for entry in listing.split(|&byte| byte == 0).filter(|entry| !entry.is_empty()) {
            let tab = entry.iter().position(|&byte| byte == b'\t').ok_or_else(strange)?;
            let (attributes, path) = entry.split_at_checked(tab).ok_or_else(strange)?;
            let path = path.get(1..).unwrap_or_default();
            let attributes = std::str::from_utf8(attributes).map_err(|_| strange())?;
            let mut attributes = attributes.split(' ');
            let (Some(mode), Some(kind), Some(id)) =
                (attributes.next(), attributes.next(), attributes.next())
            else {
                return Err(strange());
            };
            // A submodule is another repository.
            if kind != "blob" {
                continue;
            }
            match std::str::from_utf8(path) {
                Ok(path) => {
                    let entry = Entry { mode: mode.to_owned(), id: id.to_owned(), target: None };
                    tree.entries.insert(path.to_owned(), entry);
                }
                Err(_) => tree.nameless.push(String::from_utf8_lossy(path).into_owned()),
            }
        }
        tree.nameless.retain(|path| is_manifest(path));
        Ok(tree)
    }

    /// The objects of its links, whose content says where they lead.
    pub fn links(&self) -> Vec<String> {
        self.entries.values().filter(|entry| entry.is_link()).map(|entry| entry.id.clone()).collect()
    }

    /// Takes what the links say, in the order of [`Tree::links`].
    pub fn follow(&mut self, targets: Vec<Vec<u8>>) {
        let links = self.entries.values_mut().filter(|entry| entry.is_link());
        for (link, target) in links.zip(targets) {
            link.target = String::from_utf8(target).ok();
        }
    }

    /// The manifests of a folder: those in it, and those that a link in it leads to. And what is left out.
    pub fn manifests(&self, folder: &str) -> (Vec<Listed>, Vec<GitOpsError>) {
        let (mut listed, mut left_out) = (Vec::new(), Vec::new());
        let real = self.resolve(folder).unwrap_or_else(|| folder.to_owned());
        for (path, entry) in self.within(&real) {
            if !entry.is_link() {
                if is_manifest(path) {
                    listed.push(entry.listed(path, None));
                }
                continue;
            }
            let left = |problem: &str| GitOpsError::Manifest {
                file: path.clone(),
                line: 1,
                problem: problem.to_owned(),
            };
            let target = self.resolve(path);
            match target.as_ref().and_then(|target| Some((target, self.entries.get(target)?))) {
                Some((target, file)) if is_manifest(path) => listed.push(file.listed(target, Some(path))),
                None if target
                    .as_ref()
                    .is_some_and(|target| self.within(target).any(|(path, _)| is_manifest(path))) =>
                {
                    left_out.push(left("a link to a folder, which Argo CD does not look into"));
                }
                None if is_manifest(path) => {
                    left_out.push(left("a link that leads to no file of the repository"));
                }
                _ => {}
            }
        }
        let inside = |path: &&String| super::layout::within(path, folder);
        let nameless = self.nameless.iter().filter(inside).map(|path| GitOpsError::Manifest {
            file: path.clone(),
            line: 1,
            problem: "its name is not UTF-8; rename it".to_owned(),
        });
        left_out.extend(nameless);
        (listed, left_out)
    }

    /// Files of these paths, as far as they are there.
    pub fn listed<'a>(&self, paths: impl IntoIterator<Item = &'a String>) -> Vec<Listed> {
        let file = |path: &String| {
            let real = self.resolve(path)?;
            self.entries.get(&real).filter(|entry| !entry.is_link()).map(|entry| entry.listed(path, None))
        };
        paths.into_iter().filter_map(file).collect()
    }

    /// Every kustomization, and what overrides one in Argo CD.
    pub fn kustomizations(&self) -> Vec<Listed> {
        let files = self
            .entries
            .iter()
            .filter(|(path, entry)| !entry.is_link() && (is_kustomization(path) || is_override(path)));
        files.map(|(path, entry)| entry.listed(path, None)).collect()
    }

    /// A link outside of a folder that leads to a file.
    pub fn link_from_elsewhere(&self, file: &str, folder: &str) -> Option<&str> {
        let mut links = self.entries.iter().filter(|(_, entry)| entry.is_link());
        let link = links.find(|(path, _)| {
            !super::layout::within(path, folder) && self.resolve(path).is_some_and(|target| target == file)
        });
        link.map(|(path, _)| path.as_str())
    }

    /// Where a file or folder really is; as it is called where a link on its way leads out of the repository, or nowhere.
    pub fn real(&self, path: &str) -> String {
        self.resolve(path).unwrap_or_else(|| path.to_owned())
    }

    /// What a folder is called: where it really is, and then by each link that leads to it, or to a folder above it.
    pub fn names_of(&self, folder: &str) -> Vec<String> {
        let links: Vec<(&String, String)> = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.is_link())
            .filter_map(|(path, _)| Some((path, self.resolve(path)?)))
            .collect();
        let mut names = vec![self.real(folder)];
        let mut next = 0;
        // A link may lead to a folder in which there is a link.
        while let Some(name) = names.get(next).cloned().filter(|_| next < MOST_LINKS) {
            for (link, target) in &links {
                let rest =
                    name.strip_prefix(target.as_str()).filter(|_| super::layout::within(&name, target));
                // One in the folder itself goes round in it.
                let is_around = !super::layout::within(link, &name);
                if let Some(rest) = rest.filter(|_| is_around) {
                    let rest = rest.trim_start_matches('/');
                    let other = if rest.is_empty() { (*link).clone() } else { format!("{link}/{rest}") };
                    if !names.contains(&other) {
                        names.push(other);
                    }
                }
            }
            next += 1;
        }
        names
    }

    fn within<'a>(&'a self, folder: &str) -> impl Iterator<Item = (&'a String, &'a Entry)> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        self.entries.range(prefix.clone()..).take_while(move |(path, _)| path.starts_with(&prefix))
    }

    /// Where a path is, behind all links; none where one leads out, nowhere, or in a circle.
    fn resolve(&self, path: &str) -> Option<String> {
        let mut path = path.to_owned();
        for _ in 0..MOST_LINKS {
            let link = path.match_indices('/').map(|(at, _)| at).chain([path.len()]).find_map(|end| {
                let (start, rest) = path.split_at_checked(end)?;
                Some((start, rest, self.entries.get(start).filter(|entry| entry.is_link())?))
            });
            let Some((start, rest, link)) = link else { return Some(path) };
            let target = super::layout::join(super::layout::folder_of(start), link.target.as_ref()?)?;
            path = format!("{target}{rest}");
        }
        None
    }
}

impl Entry {
    fn is_link(&self) -> bool {
        self.mode == "120000"
    }

    fn listed(&self, path: &str, link: Option<&str>) -> Listed {
        let (mode, id) = (self.mode.clone(), self.id.clone());
        Listed { path: path.to_owned(), mode, id, link: link.map(str::to_owned) }
    }
}

/// What Argo CD reads in a folder: manifests, the file by which Kustomize knows its own, and what it sets itself.
pub(super) fn is_manifest(path: &str) -> bool {
    is_kustomization(path)
        || is_override(path)
        || path.rsplit_once('.').is_some_and(|(_, extension)| matches!(extension, "yaml" | "yml" | "json"))
}
