//! Image references, and assignments of them to an app's container.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use super::age::AgePolicy;
use super::error::GitOpsError;
use super::path::ImagePath;

/// A container image: `[registry[:port]/]repository[:tag][@digest]`, in the grammar of the
/// [distribution project](https://pkg.go.dev/github.com/distribution/reference).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageReference {
    /// Registry and repository, as written.
    pub name: String,
    /// The tag, without the colon.
    pub tag: Option<String>,
    /// The digest, with its algorithm: `sha256:…`.
    pub digest: Option<String>,
}

impl ImageReference {
    /// Tells whether this image is older (`Less`) or newer (`Greater`) than `other` by their tags, read as versions. None
    /// where that is not certain, or the images are not the same.
    pub fn compare_age(&self, other: &Self) -> Option<Ordering> {
        self.compare_age_by(other, &AgePolicy::Auto)
    }

    /// Which of two versions is newer, by a policy.
    pub fn compare_age_by(&self, other: &Self, policy: &AgePolicy) -> Option<Ordering> {
        if self.name != other.name {
            return None;
        }
        policy.compare(self.tag.as_deref()?, other.tag.as_deref()?)
    }

    /// Whether it has a tag or a digest: one without names whatever is newest when a node pulls it.
    pub fn is_pinned(&self) -> bool {
        self.tag.is_some() || self.digest.is_some()
    }

    /// The part behind the name, as in `v2@sha256:…`; `latest` where there is none, as a registry reads it.
    pub fn version_text(&self) -> String {
        let digest = self.digest.as_ref().map(|digest| format!("@{digest}"));
        match (&self.tag, digest) {
            (Some(tag), digest) => format!("{tag}{}", digest.unwrap_or_default()),
            (None, Some(digest)) => digest,
            (None, None) => "latest".to_owned(),
        }
    }
}

impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl FromStr for ImageReference {
    type Err = GitOpsError;

    fn from_str(text: &str) -> Result<Self, GitOpsError> {
        let refuse = |problem| GitOpsError::Image { text: text.to_owned(), problem };
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (text, None),
        };
        // A colon before the last slash is the registry's port.
        let path_at = rest.rfind('/').map_or(0, |slash| slash + 1);
        let (path, last) = rest.split_at(path_at);
        let (name, tag) = match last.find(':').map(|colon| rest.split_at(path.len() + colon)) {
            Some((name, tag)) => (name, tag.strip_prefix(':')),
            None => (rest, None),
        };
        if name.is_empty() {
            return Err(refuse("the name is missing"));
        }
        if !is_name(name) {
            return Err(refuse(
                "the name may hold lower-case letters, digits, and single . _ - between them",
            ));
        }
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(refuse("a tag is up to 128 letters, digits, and . _ -"));
        }
        if digest.is_some_and(|digest| !is_digest(digest)) {
            return Err(refuse("a digest is sha256: and 64 hexadecimal digits"));
        }
        Ok(Self { name: name.to_owned(), tag: tag.map(str::to_owned), digest: digest.map(str::to_owned) })
    }
}

/// Which container's image is meant: an app, and as much of namespace, kind, workload and container as it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageTarget {
    /// The app's folder under the root of the manifests; `*` is every one, and `.` the root itself.
    pub app: String,
    /// The workload's namespace, as its manifest says it.
    pub namespace: Option<String>,
    /// The workload's kind, in any case: `deployment`.
    pub kind: Option<String>,
    /// The workload's name.
    pub workload: Option<String>,
    /// The container's name; an init container counts.
    pub container: Option<String>,
    /// Where it stands, for what has the same names as another.
    pub place: Option<FilePlace>,
    /// The way to it in its object, for what is an image by that only.
    pub path: Option<ImagePath>,
}

/// A manifest, and a line of it where that takes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePlace {
    /// The file, relative to the app's folder or to the repository's root.
    pub file: String,
    /// The line of the image, from 1.
    pub line: Option<usize>,
}

impl FilePlace {
    /// `a.yaml`, `base/a.yaml:12`; none of what names no manifest.
    pub fn of(text: &str) -> Option<Self> {
        let (file, line) = match text.rsplit_once(':').map(|(file, line)| (file, line.parse())) {
            Some((file, Ok(line))) => (file, Some(line)),
            _ => (text, None),
        };
        let (_, extension) = file.rsplit_once('.')?;
        let is_inside = file.split('/').all(|part| !matches!(part, "" | "." | ".."));
        (matches!(extension, "yaml" | "yml" | "json") && is_inside)
            .then(|| Self { file: file.to_owned(), line })
    }
}

impl fmt::Display for ImageTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.app)?;
        let parts = [&self.namespace, &self.kind, &self.workload, &self.container];
        for part in parts.into_iter().skip_while(|part| part.is_none()) {
            write!(f, "/{}", part.as_deref().unwrap_or(ANY))?;
        }
        if let Some(FilePlace { file, line }) = &self.place {
            write!(f, "@{file}")?;
            line.map_or(Ok(()), |line| write!(f, ":{line}"))?;
        }
        self.path.as_ref().map_or(Ok(()), |path| write!(f, "#{path}"))
    }
}

impl ImageTarget {
    /// An app, and nothing more of it.
    pub(super) fn of_app(app: &str) -> Self {
        Self {
            app: app.to_owned(),
            namespace: None,
            kind: None,
            workload: None,
            container: None,
            place: None,
            path: None,
        }
    }
}

/// In the place of a part: whatever it is.
const ANY: &str = "*";

impl FromStr for ImageTarget {
    type Err = GitOpsError;

    /// `app`, `app/container`, `app/workload/container`, `app/kind/workload/container` or with the namespace before that, each
    /// part of them `*` or not; with `@file` or `@file:line` behind it or not, and `#path` behind that.
    fn from_str(text: &str) -> Result<Self, GitOpsError> {
        let refuse = |problem| GitOpsError::Assignment { text: text.to_owned(), problem };
        let (rest, path) = match text.split_once('#') {
            Some((rest, path)) => (rest, Some(path.parse().map_err(refuse)?)),
            None => (text, None),
        };
        let ats = rest.match_indices('@').filter_map(|(at, _)| rest.split_at_checked(at));
        let placed = ats.filter_map(|(names, at)| Some((names, FilePlace::of(at.strip_prefix('@')?)?)));
        let (names, place) = placed.map(|(names, place)| (names, Some(place))).next().unwrap_or((rest, None));
        let parts: Vec<&str> = names.split('/').collect();
        let is_root = parts.first() == Some(&".");
        if parts.iter().skip(usize::from(is_root)).any(|part| part.is_empty() || matches!(*part, "." | ".."))
        {
            return Err(refuse("a part of the target is empty"));
        }
        let (app, namespace, kind, workload, container) = match parts[..] {
            [app] => (app, None, None, None, None),
            [app, container] => (app, None, None, None, Some(container)),
            [app, workload, container] => (app, None, None, Some(workload), Some(container)),
            [app, kind, workload, container] => (app, None, Some(kind), Some(workload), Some(container)),
            [app, namespace, kind, workload, container] => {
                (app, Some(namespace), Some(kind), Some(workload), Some(container))
            }
            _ => {
                let form = "the target is APP[/[[[NAMESPACE/]KIND/]WORKLOAD/]CONTAINER][@FILE[:LINE]][#PATH]";
                return Err(refuse(form));
            }
        };
        let owned = |part: Option<&str>| part.filter(|part| *part != ANY).map(str::to_owned);
        Ok(Self {
            app: app.to_owned(),
            namespace: owned(namespace),
            kind: owned(kind),
            workload: owned(workload),
            container: owned(container),
            place,
            path,
        })
    }
}

/// What `slipway image set` is told: a target and its image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageAssignment {
    /// The container.
    pub target: ImageTarget,
    /// The image it shall run.
    pub image: ImageReference,
}

impl FromStr for ImageAssignment {
    type Err = GitOpsError;

    /// `app-a=registry.example/app:v2`, or with more of the target before the `=`. A tag or a digest is required:
    /// an image without either names whatever is newest when a node pulls it.
    fn from_str(text: &str) -> Result<Self, GitOpsError> {
        let refuse = |problem| GitOpsError::Assignment { text: text.to_owned(), problem };
        // No image has the sign in it, while a file may.
        let (target, image) = text.rsplit_once('=').ok_or_else(|| refuse("there is no = in it"))?;
        let image: ImageReference = image.parse()?;
        if !image.is_pinned() {
            return Err(refuse("the image has neither a tag nor a digest"));
        }
        Ok(Self { target: target.parse()?, image })
    }
}

fn is_name(name: &str) -> bool {
    let mut parts = name.split('/').peekable();
    let first = parts.peek().copied().unwrap_or_default();
    // As Docker reads it: the first part is a registry where it looks like a host.
    let has_host = name.contains('/') && (first.contains(['.', ':']) || first == "localhost");
    if has_host {
        let (host, port) = first.split_once(':').map_or((first, None), |(host, port)| (host, Some(port)));
        let label = |label: &str| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        let port_is_fine =
            port.is_none_or(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()));
        if !host.split('.').all(label) || !port_is_fine {
            return false;
        }
        parts.next();
    }
    name.len() <= 255 && parts.all(is_path_component)
}

/// Lower-case letters and digits, with one `.`, one or two `_`, or any number of `-` between them.
fn is_path_component(part: &str) -> bool {
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = part.as_bytes();
    if !bytes.first().is_some_and(|&byte| alphanumeric(byte))
        || !bytes.last().is_some_and(|&byte| alphanumeric(byte))
    {
        return false;
    }
    bytes.split(|&byte| alphanumeric(byte)).all(|separator| {
        matches!(separator, b"" | b"." | b"_" | b"__") || separator.iter().all(|&byte| byte == b'-')
    })
}

fn is_tag(tag: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    tag.len() <= 128
        && tag.bytes().next().is_some_and(word)
        && tag.bytes().all(|byte| word(byte) || byte == b'.' || byte == b'-')
}

fn is_digest(digest: &str) -> bool {
    let hexadecimal =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    match digest.split_once(':') {
        Some(("sha256", sum)) => sum.len() == 64 && hexadecimal(sum),
        Some(("sha512", sum)) => sum.len() == 128 && hexadecimal(sum),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(text: &str) -> ImageReference {
        text.parse().unwrap()
    }

    #[test]
    fn a_port_is_not_a_tag() {
        let parsed = image("registry.example:5000/team/app");
        assert_eq!((parsed.name.as_str(), parsed.tag), ("registry.example:5000/team/app", None));
        assert_eq!(image("registry.example:5000/app:v1").tag.as_deref(), Some("v1"));
    }

    #[test]
    fn a_reference_prints_as_it_was_written() {
        let digest = format!("sha256:{}", "a1".repeat(32));
        for text in
            ["nginx", "nginx:1.27", "localhost/x", "r.io/a/b_c/d--e:V1.x", &format!("r.io/a:v1@{digest}")]
        {
            assert_eq!(image(text).to_string(), text);
        }
        let both = image(&format!("r.io/a:v1@{digest}"));
        assert_eq!(both.digest.as_deref(), Some(digest.as_str()));
    }

    #[test]
    fn what_is_no_image_is_refused() {
        for text in [
            "",
            ":v1",
            "App:v1",
            "a b:v1",
            "a:v1:v2",
            "a:",
            "a@sha256:12",
            "{{ .image }}",
            "a/../b:v1",
            "-a:v1",
            "a//b",
            "r.io/:v1",
            "a:v1\n",
            "${IMAGE}",
            "https://r.io/a:v1",
        ] {
            assert!(text.parse::<ImageReference>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn only_versions_of_one_image_have_an_age() {
        let age = |a: &str, b: &str| image(a).compare_age(&image(b));
        assert_eq!(age("x:v1", "x:v2"), Some(Ordering::Less));
        assert_eq!(age("x:v1", "y:v2"), None);
        assert_eq!(age("x", "x:v2"), None);
    }

    #[test]
    fn an_assignment_names_as_much_of_the_container_as_it_takes() {
        let target = |text: &str| text.parse::<ImageAssignment>().unwrap().target;
        assert_eq!(target("app-a=r.io/x:v2").container, None);
        assert_eq!(target("app-a/web=r.io/x:v2").container.as_deref(), Some("web"));
        let full = target("app-a/deployment/api/web=r.io/x:v2");
        assert_eq!(
            (full.kind.as_deref(), full.workload.as_deref(), full.container.as_deref()),
            (Some("deployment"), Some("api"), Some("web"))
        );
        assert_eq!(full.to_string(), "app-a/deployment/api/web");
        let placed = target("app-a/web@base/a=b.yaml:12=r.io/x:v2");
        assert_eq!(placed.place, Some(FilePlace { file: "base/a=b.yaml".to_owned(), line: Some(12) }));
        assert_eq!(placed.to_string(), "app-a/web@base/a=b.yaml:12");
        assert_eq!(target("app-a@x.json=r.io/x:v2").place.unwrap().line, None);
        let named = target("app/eu/*/api/*@a.yaml#spec.list[name=a].image=r.io/x:v2");
        assert_eq!((named.namespace.as_deref(), named.kind.as_deref()), (Some("eu"), None));
        assert_eq!((named.workload.as_deref(), named.container.as_deref()), (Some("api"), None));
        assert_eq!(named.to_string(), "app/eu/*/api/*@a.yaml#spec.list[name=a].image");
        assert_eq!(target(".=r.io/x:v2").app, ".");
        let folder = target("app@v1/web=r.io/x:v2");
        assert_eq!((folder.app.as_str(), folder.place), ("app@v1", None));
    }

    #[test]
    fn an_assignment_without_a_tag_or_with_a_way_out_of_the_folder_is_refused() {
        for text in [
            "app-a",
            "app-a=r.io/x",
            "=x:v1",
            "../app=x:v1",
            "a//b=x:v1",
            "a/b/c/d/e/f=x:v1",
            "a/./b=x:v1",
            "a#=x:v1",
            "a#x[=x:v1",
            "a@../b.yaml=x:v1:",
        ] {
            assert!(text.parse::<ImageAssignment>().is_err(), "{text:?}");
        }
    }
}
