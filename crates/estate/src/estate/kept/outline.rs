//! Outlines as they are kept, and back.

use std::cell::LazyCell;
use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::record::{KeptDependency, KeptExclude, KeptOutline, Place, Record, Span};
use crate::terragrunt::config::Exclude;
use crate::terragrunt::{OrderOnly, Outline, OutlineDependency, paths};
use slipway_hcl::source::{self, Location, SourceFile};
use slipway_support::address::Address;

/// The folders and files of a record by their paths.
pub(super) struct Table<'a> {
    /// The files, by their indices.
    pub files: Vec<&'a Path>,
    places: HashMap<&'a OsStr, u32>,
    folders: HashMap<&'a OsStr, u32>,
}

impl<'a> Table<'a> {
    /// Of these folders, and of the files that outlines rest on.
    pub fn of(folders: &[&'a Path], outlines: &[&'a Outline]) -> Self {
        let folders = (0..).zip(folders).map(|(index, folder)| (folder.as_os_str(), index)).collect();
        let mut table = Self { files: Vec::new(), places: HashMap::new(), folders };
        for file in outlines.iter().filter_map(|outline| outline.rests_on.as_ref()).flatten() {
            let next = u32::try_from(table.files.len()).unwrap_or(u32::MAX);
            table.places.entry(file.as_os_str()).or_insert_with(|| {
                table.files.push(file);
                next
            });
        }
        table
    }

    /// The index of a folder.
    pub fn folder(&self, path: &Path) -> Option<u32> {
        self.folders.get(path.as_os_str()).copied()
    }

    /// Whether a path is that of a folder or a file.
    pub fn holds(&self, path: &Path) -> bool {
        self.folder(path).is_some() || self.file(path).is_some()
    }

    fn file(&self, path: &Path) -> Option<u32> {
        self.places.get(path.as_os_str()).copied()
    }

    fn span(&self, location: &Location) -> Option<Span> {
        let file = self.file(location.file.path())?;
        Some(Span { file, start: location.span.start, end: location.span.end })
    }

    fn place<'p>(&self, path: &'p Path) -> Option<Place<'p>> {
        self.folder(path).map(Place::Folder).or_else(|| path.to_str().map(Place::Path))
    }

    /// An outline as it is kept; none where it is not to be kept.
    pub fn kept<'o>(&self, outline: &'o Outline, is_walked: bool) -> Option<KeptOutline<'o>> {
        let read: HashSet<&OsStr> = outline.files_read.iter().map(|file| file.as_os_str()).collect();
        // What was read may have been looked for first.
        let only_looked_at =
            outline.rests_on.as_ref()?.iter().filter(|file| !read.contains(file.as_os_str()));
        let rests_on = outline.files_read.iter().map(|file| (file, true));
        let rests_on = rests_on.chain(only_looked_at.map(|file| (file, false)));
        let rests_on = rests_on.map(|(file, is_read)| Some((self.file(file)?, is_read)));
        let dependencies = outline.dependencies.iter().map(|block| {
            Some(KeptDependency {
                name: &block.name,
                place: self.place(&block.config_path)?,
                written: &block.written,
                enabled: block.enabled,
                skip_outputs: block.skip_outputs,
                span: self.span(&block.location)?,
            })
        });
        let order_only = outline.order_only.iter();
        let order_only = order_only
            .map(|only| Some((self.place(&only.path)?, &*only.written, self.span(&only.location)?)));
        let includes = outline.includes.iter().map(|(label, path)| Some((&**label, path.to_str()?)));
        Some(KeptOutline {
            file: self.file(&outline.file)?,
            is_walked,
            dependencies: dependencies.collect::<Option<_>>()?,
            order_only: order_only.collect::<Option<_>>()?,
            includes: includes.collect::<Option<_>>()?,
            source: outline.source.as_ref().map(Address::expose),
            exclude: outline.exclude.as_ref().map(|exclude| KeptExclude {
                condition: exclude.condition,
                actions: exclude.actions.iter().map(String::as_str).collect(),
                exclude_dependencies: exclude.exclude_dependencies,
                no_run: exclude.no_run,
            }),
            prevent_destroy: outline.prevent_destroy,
            rests_on: rests_on.collect::<Option<_>>()?,
        })
    }
}

/// Makes outlines of what a record holds.
pub(super) struct Outlines<'r, 'a> {
    record: &'r Record<'a>,
    files: Vec<Arc<Path>>,
    /// Whether they will be kept once more.
    are_kept_again: bool,
}

impl<'r, 'a> Outlines<'r, 'a> {
    pub fn of(record: &'r Record<'a>, are_kept_again: bool) -> Self {
        let files = record.files.iter().map(|file| Arc::from(Path::new(file.path))).collect();
        Self { record, files, are_kept_again }
    }

    fn file(&self, index: u32) -> Option<&Arc<Path>> {
        self.files.get(index as usize)
    }

    fn place(&self, place: &Place<'_>) -> Option<PathBuf> {
        match place {
            Place::Folder(index) => Some(self.record.folders.get(*index as usize)?.path.into()),
            Place::Path(path) => Some((*path).into()),
        }
    }

    /// An outline as it was; none where the record does not fit itself.
    pub fn outline(&self, kept: &KeptOutline<'_>) -> Option<Outline> {
        let own = self.file(kept.file)?;
        let own_source = LazyCell::new(|| SourceFile::unread(Arc::clone(own)));
        let location = |span: &Span| {
            let other = || self.file(span.file).map(|file| SourceFile::unread(Arc::clone(file)));
            let file = if span.file == kept.file { Some(Arc::clone(&own_source)) } else { other() };
            Some(Location { file: file?, span: source::Span { start: span.start, end: span.end } })
        };
        let dependencies = kept.dependencies.iter().map(|block| {
            Some(OutlineDependency {
                name: block.name.to_owned(),
                config_path: self.place(&block.place)?,
                written: block.written.to_owned(),
                enabled: block.enabled,
                skip_outputs: block.skip_outputs,
                location: location(&block.span)?,
            })
        });
        let order_only = kept.order_only.iter().map(|(place, written, span)| {
            let (path, location) = (self.place(place)?, location(span)?);
            Some(OrderOnly { path, written: (*written).to_owned(), location })
        });
        let files = |counts: fn(bool) -> bool| {
            let files = kept.rests_on.iter().filter(move |(_, is_read)| counts(*is_read));
            files.map(|(index, _)| self.file(*index).cloned()).collect::<Option<Vec<_>>>()
        };
        let includes = kept.includes.iter().map(|(label, path)| ((*label).to_owned(), path.into()));
        Some(Outline {
            dir: paths::folder(own).to_path_buf(),
            file: own.to_path_buf(),
            dependencies: dependencies.collect::<Option<_>>()?,
            order_only: order_only.collect::<Option<_>>()?,
            includes: includes.collect(),
            source: kept.source.map(Address::new),
            exclude: kept.exclude.as_ref().map(|exclude| Exclude {
                condition: exclude.condition,
                actions: exclude.actions.iter().map(|action| (*action).to_owned()).collect(),
                exclude_dependencies: exclude.exclude_dependencies,
                no_run: exclude.no_run,
            }),
            prevent_destroy: kept.prevent_destroy,
            files_read: files(|is_read| is_read)?,
            rests_on: if self.are_kept_again { Some(files(|_| true)?) } else { None },
        })
    }
}
