//! Images by their parts, as a cluster and a chart may each say less of them.

/// An image.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Image<'a> {
    /// Its name; that of Docker Hub's own without what may be left out.
    pub name: &'a str,
    pub tag: Option<&'a str>,
    pub digest: Option<&'a str>,
}

impl<'a> Image<'a> {
    /// Reads one.
    pub fn of(text: &'a str) -> Self {
        let (rest, digest) = text.split_once('@').map_or((text, None), |(rest, digest)| (rest, Some(digest)));
        let path = rest.rfind('/').map_or(0, |slash| slash + 1);
        let colon = rest.get(path..).and_then(|last| last.find(':'));
        let (name, tag) = colon.and_then(|colon| rest.split_at_checked(path + colon)).unwrap_or((rest, ""));
        let short = ["index.docker.io/", "docker.io/"]
            .iter()
            .find_map(|host| name.strip_prefix(host))
            .unwrap_or(name);
        let name = short.strip_prefix("library/").unwrap_or(short);
        Self { name, tag: tag.strip_prefix(':'), digest }
    }

    /// Whether all that it says of its version is so of a wanted one. A chart may write the tag only, or the digest.
    pub fn has_version_of(&self, wanted: &Self) -> bool {
        let fits = |own: Option<&str>, of_wanted: Option<&str>| own.is_none() || own == of_wanted;
        (self.tag.is_some() || self.digest.is_some())
            && fits(self.tag, wanted.tag)
            && fits(self.digest, wanted.digest)
    }
}
