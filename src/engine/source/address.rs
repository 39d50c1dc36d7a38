//! What a `source` means: the rules of go-getter, which Terragrunt follows, on text alone.

mod login;
mod text;

use std::path::{Path, PathBuf};

use url::Url;

pub use self::login::Login;
pub use self::text::split_module;
use self::text::{
    Parameters, bad_port, has_scheme, module_folder, parse, region_of, scp, shorthand, split_forced,
    take_login, unsupported, without_scheme,
};
use super::SourceError;
use crate::support::address::Address;
use crate::support::git::GitRemote;
use crate::support::paths::clean;
use crate::support::secret::Secret;

/// A source, understood.
#[derive(Clone, Debug)]
pub struct Source {
    /// Where to fetch it.
    pub place: Place,
    /// The folder in it that is run: what stands behind `//`.
    pub module: PathBuf,
}

/// Where something is fetched.
#[derive(Clone, Debug)]
pub enum Place {
    /// A folder, or an archive, of this machine.
    Local(PathBuf),
    /// A Git repository.
    Git(GitPlace),
    /// A module registry.
    Registry(RegistryPlace),
    /// A web server.
    Http(HttpPlace),
    /// A bucket.
    S3(S3Place),
}

/// A repository and a revision.
#[derive(Clone, Debug)]
pub struct GitPlace {
    /// The repository; its branch is `ref`.
    pub remote: GitRemote,
    /// `ref`: a branch, a tag or a commit; none is the default branch.
    pub reference: Option<String>,
    /// `sshkey`: a private key in base64.
    pub ssh_key: Option<Secret>,
}

/// A module of a registry.
#[derive(Clone, Debug)]
pub struct RegistryPlace {
    /// The host; none is the registry of the tool that is used.
    pub host: Option<String>,
    /// `namespace/name/provider`.
    pub path: String,
    /// The exact version; none is the newest that is no prerelease.
    pub version: Option<String>,
}

/// A file on a web server.
#[derive(Clone)]
pub struct HttpPlace {
    /// Without user name and password, and without go-getter's own parameters.
    pub url: Url,
    /// User name and password that stood in the address.
    pub login: Option<Login>,
    /// What `archive` and `checksum` say.
    pub file: FileOptions,
}

impl std::fmt::Debug for HttpPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HttpPlace({})", self.shown())
    }
}

/// An object, or all objects under a prefix.
#[derive(Clone, Debug)]
pub struct S3Place {
    /// The bucket.
    pub bucket: String,
    /// The key or the prefix.
    pub key: String,
    /// The region.
    pub region: String,
    /// A service that is not AWS's own.
    pub endpoint: Option<String>,
    /// A version of the object.
    pub version: Option<String>,
    /// `aws_profile`.
    pub profile: Option<String>,
    /// What `archive` and `checksum` say.
    pub file: FileOptions,
}

/// What an address says about the file that it names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileOptions {
    /// `archive`: the kind, or `false` for a file that is not unpacked.
    pub archive: Option<String>,
    /// `checksum`: `type:hex`, hex alone, or `file:URL`.
    pub checksum: Option<String>,
}

impl Place {
    /// The address for people.
    pub fn shown(&self) -> Address {
        match self {
            Self::Local(path) => path.display().to_string().into(),
            Self::Git(place) => place.shown(),
            Self::Registry(place) => {
                format!("tfr://{}/{}", place.host.as_deref().unwrap_or_default(), place.path).into()
            }
            Self::Http(place) => place.shown(),
            Self::S3(place) => format!("s3://{}/{}", place.bucket, place.key).into(),
        }
    }
}

impl GitPlace {
    /// The repository's address for people.
    pub fn shown(&self) -> Address {
        Address::new(self.remote.url())
    }
}

impl HttpPlace {
    /// The address for people.
    pub fn shown(&self) -> Address {
        Address::from(&self.url)
    }
}

impl Source {
    /// Reads a source; relative paths are seen from `base`.
    pub fn parse(text: &str, base: &Path) -> Result<Self, SourceError> {
        if let Some(found) = shorthand(without_scheme(text))? {
            return Self::parse_url(&found, base, text);
        }
        let (forced, rest) = split_forced(text);
        if has_scheme(rest) {
            return Self::parse_url(text, base, text);
        }
        let host = rest.split('/').next().unwrap_or_default();
        match forced {
            // Without a scheme it is asked for with credentials, with one it is a file that everybody may read.
            None if host.ends_with(".amazonaws.com") => {
                Self::parse_url(&format!("s3::https://{rest}"), base, text)
            }
            None => Self::local(rest, base),
            // A folder of this machine as a repository.
            Some("git") => {
                let (path, module) = split_module(rest);
                let (path, query) = path.split_once('?').unwrap_or((&path, ""));
                let url = match scp(path) {
                    Some(url) => url,
                    None => format!("file://{}", clean(&base.join(path)).display()),
                };
                Self::git(&url, query, &module, text)
            }
            Some(kind) => Err(unsupported(text, kind)),
        }
    }

    fn parse_url(source: &str, base: &Path, text: &str) -> Result<Self, SourceError> {
        let (forced, mut rest) = split_forced(source);
        // `git::ssh::…` and the like: the outermost decides.
        while let (Some(_), inner) = split_forced(rest) {
            rest = inner;
        }
        let (whole, module) = split_module(rest);
        let (address, query) = whole.split_once('?').unwrap_or((&whole, ""));
        let scheme = address.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        let scheme = scheme.unwrap_or_default();
        match forced.unwrap_or(&scheme) {
            "git" | "ssh" => Self::git(address, query, &module, text),
            "file" => {
                let path = address.strip_prefix("file://").unwrap_or(address);
                Self::local_split(path, &module, base)
            }
            "tfr" => Self::registry(address, query, &module, text),
            "s3" => Self::s3(address, query, &module, text),
            "http" | "https" => Self::http(address, query, &module, text),
            kind => Err(unsupported(text, kind)),
        }
    }

    fn local(text: &str, base: &Path) -> Result<Self, SourceError> {
        // A `//` at the very beginning belongs to the path, one behind it splits.
        let split = text.char_indices().skip(1).find_map(|(index, _)| {
            let (root, rest) = text.split_at_checked(index)?;
            Some((root, rest.strip_prefix("//")?))
        });
        let (root, module) = split.unwrap_or((text, ""));
        Self::local_split(root, module, base)
    }

    fn local_split(root: &str, module: &str, base: &Path) -> Result<Self, SourceError> {
        let module = module_folder(module, root)?;
        Ok(Self { place: Place::Local(clean(&base.join(root))), module })
    }

    fn git(address: &str, query: &str, module: &str, text: &str) -> Result<Self, SourceError> {
        let parameters = Parameters::read(query);
        if let Some(url) = address.strip_prefix("ssh://").filter(|url| bad_port(url)) {
            let url = Address::new(url);
            return Err(SourceError::Invalid {
                source_text: text.into(),
                cause: format!("{url} has no port number behind its colon; write git::{url}"),
            });
        }
        let reference = parameters.get("ref").filter(|reference| !reference.is_empty());
        if reference.as_deref().is_some_and(|reference| reference.starts_with('-')) {
            return Err(SourceError::Invalid {
                source_text: text.into(),
                cause: "a ref cannot begin with a dash".to_owned(),
            });
        }
        let ssh_key = parameters.get("sshkey").map(Secret::new);
        // `depth` only says how much history to bring along, and we bring none.
        let rest = parameters.without(&["ref", "sshkey", "depth"]);
        let url = if rest.is_empty() { address.to_owned() } else { format!("{address}?{rest}") };
        let branch = reference.clone().unwrap_or_else(|| "HEAD".to_owned());
        let remote = GitRemote::new(&url.into(), branch)
            .map_err(|cause| SourceError::Invalid { source_text: text.into(), cause: cause.to_owned() })?;
        let place = Place::Git(GitPlace { remote, reference, ssh_key });
        Ok(Self { place, module: module_folder(module, text)? })
    }

    fn registry(address: &str, query: &str, module: &str, text: &str) -> Result<Self, SourceError> {
        let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let path = path.trim_matches('/');
        let malformed =
            |cause: &str| SourceError::Invalid { source_text: text.into(), cause: cause.to_owned() };
        if path.split('/').count() != 3 || path.split('/').any(str::is_empty) {
            return Err(malformed("a registry address is tfr://HOST/NAMESPACE/NAME/PROVIDER?version=X.Y.Z"));
        }
        let parameters = Parameters::read(query);
        let versions = parameters.all("version");
        let version = match versions.as_slice() {
            [] => None,
            [version] if version.is_empty() => return Err(malformed("its version is empty")),
            [version] => Some(version.clone()),
            _ => return Err(malformed("it has more than one version")),
        };
        let exact = |version: &String| {
            version.starts_with(|first: char| first.is_ascii_digit() || first == 'v')
                && version.chars().all(|letter| letter.is_ascii_alphanumeric() || ".-+_~".contains(letter))
        };
        if version.as_ref().is_some_and(|version| !exact(version)) {
            return Err(malformed("its version has to be an exact one, not a constraint"));
        }
        let host = (!host.is_empty()).then(|| host.to_ascii_lowercase());
        let place = Place::Registry(RegistryPlace { host, path: path.to_owned(), version });
        Ok(Self { place, module: module_folder(module, text)? })
    }

    fn http(address: &str, query: &str, module: &str, text: &str) -> Result<Self, SourceError> {
        let parameters = Parameters::read(query);
        let mut url = parse(address, text)?;
        let login = take_login(&mut url);
        let file = FileOptions::of(&parameters);
        let rest = parameters.without(&["archive", "checksum"]);
        url.set_query((!rest.is_empty()).then_some(rest.as_str()));
        let place = Place::Http(HttpPlace { url, login, file });
        Ok(Self { place, module: module_folder(module, text)? })
    }

    fn s3(address: &str, query: &str, module: &str, text: &str) -> Result<Self, SourceError> {
        let invalid =
            |cause: &str| SourceError::Invalid { source_text: text.into(), cause: cause.to_owned() };
        let parameters = Parameters::read(query);
        if ["aws_access_key_id", "aws_access_key_secret", "aws_access_token"]
            .iter()
            .any(|name| parameters.get(name).is_some())
        {
            return Err(invalid("keys in a source are not read; use AWS_PROFILE or aws_profile="));
        }
        let url = parse(address, text)?;
        let host = url.host_str().unwrap_or_default();
        let path = url.path().trim_start_matches('/');
        let labels: Vec<&str> = host.split('.').collect();
        let aws = host.ends_with("amazonaws.com");
        let in_path = |region: &str| {
            let (bucket, key) =
                path.split_once('/').ok_or_else(|| invalid("it names a bucket and no key"))?;
            Ok((region.to_owned(), bucket.to_owned(), key.to_owned()))
        };
        let in_host =
            |region: &str, bucket: &str| Ok((region.to_owned(), bucket.to_owned(), path.to_owned()));
        // Both styles of AWS, with the region in its old place and in its new one.
        let (region, bucket, key) = match labels.as_slice() {
            _ if !aws => in_path(&parameters.get("region").unwrap_or_else(|| "us-east-1".to_owned())),
            [service, _, _] if region_of(service).is_some() => {
                in_path(region_of(service).unwrap_or_default())
            }
            ["s3", region, _, _] => in_path(region),
            [bucket, service, _, _] if region_of(service).is_some() => {
                in_host(region_of(service).unwrap_or_default(), bucket)
            }
            [bucket, "s3", region, _, _] => in_host(region, bucket),
            _ => Err(invalid("it is no address of S3")),
        }?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(invalid("keys in a source are not read; use AWS_PROFILE or aws_profile="));
        }
        let endpoint = (!aws).then(|| format!("{}://{}", url.scheme(), url.authority()));
        let decoded = url::form_urlencoded::parse(format!("k={}", key.replace('+', "%2B")).as_bytes())
            .next()
            .map_or_else(|| key.clone(), |(_, value)| value.into_owned());
        let place = Place::S3(S3Place {
            bucket,
            key: decoded,
            region,
            endpoint,
            version: parameters.get("version"),
            profile: parameters.get("aws_profile"),
            file: FileOptions::of(&parameters),
        });
        Ok(Self { place, module: module_folder(module, text)? })
    }
}

impl FileOptions {
    fn of(parameters: &Parameters) -> Self {
        let get = |name: &str| parameters.get(name).filter(|value| !value.is_empty());
        Self { archive: get("archive"), checksum: get("checksum") }
    }
}

#[cfg(test)]
mod tests;
