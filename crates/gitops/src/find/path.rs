//! Images that somebody names by a path: values of an environment, arguments, fields of kinds that nobody knows.

use super::{Finder, Images, Level, Role, helm, is_values, object};
use crate::image::ImageReference;
use crate::manifest::{Files, Node};
use crate::path::{ImagePath, Reached};
use crate::rules::Rules;
use crate::written::Written;

/// What a path leads to in the objects and values of some files.
pub(crate) fn reached_by(files: &Files, path: &ImagePath) -> Images {
    let (mut images, rules) = (Images::default(), Rules::default());
    let charts = helm::charts(files);
    for (index, file) in files.pairs() {
        let Ok(documents) = file.documents() else { continue };
        let is_values = is_values(&charts, &file.path, &documents);
        let mut finder = Finder::of(index, file, &rules, &charts, &mut images);
        for document in &documents {
            if is_values {
                finder.reach_in_values(document, path);
            } else {
                object::each(document, &mut |object, of| finder.reach_in_object(object, of, path));
            }
        }
    }
    images
}

impl Finder<'_> {
    fn reach_in_values(&mut self, document: &Node, path: &ImagePath) {
        let stem = self.stem();
        for way in path.follow(document) {
            match way {
                Ok(way) => {
                    if let Some(written) = self.written(&way) {
                        let role = Role::Value { paths: vec![way.pointer.join(".")], level: Level::File };
                        self.add(("Values", &stem), path.to_string(), written, role);
                    }
                }
                Err((line, problem)) => self.hinder(("Values", &stem), line, problem),
            }
        }
    }

    /// How an image is written at the end of a way: as it stands there, behind the `=` of an argument, or in parts.
    pub(super) fn written(&self, way: &Reached<'_>) -> Option<Written> {
        let node = way.node()?;
        let Some(text) = node.text() else {
            let inside = self.values(node).into_iter().find(|value| !value.name.contains('.'));
            return inside.map(|value| value.parts.written());
        };
        if text.parse::<ImageReference>().is_ok_and(|image| image.is_pinned()) {
            return Some(Written::Whole { spot: self.spot(node), before: String::new() });
        }
        let (flag, image) = text.split_once('=')?;
        image.parse::<ImageReference>().ok().filter(ImageReference::is_pinned)?;
        Some(Written::Whole { spot: self.spot(node), before: format!("{flag}=") })
    }

    pub(super) fn stem(&self) -> String {
        let name = self.file.path.rsplit('/').next().unwrap_or_default();
        name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned()
    }
}
