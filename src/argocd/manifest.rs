//! Argo CD's install manifest of a pinned version: from a file, from an address, or from the cache.

use std::path::{Path, PathBuf};
use std::time::Duration;

use kube::core::DynamicObject;

use super::ArgoCdError;
use crate::project::Flavor;
use crate::support::address::Address;
use crate::support::confined::{PRIVATE, PRIVATE_FOLDER, Root};
use crate::support::digest::sha256;
use crate::support::fs::{FileError, read_text};
use crate::support::web::{Asking, Limits, Web};

/// How long a download may take.
const DOWNLOAD: Duration = Duration::from_mins(1);
/// The largest of the releases' own is 2 MiB.
const MOST_MANIFEST: usize = 32 << 20;

/// Which manifest is wanted.
#[derive(Clone, Debug)]
pub struct ManifestSpec {
    /// The release, such as `v3.6.1`.
    pub version: String,
    /// Which of its manifests.
    pub flavor: Flavor,
    /// A file or an address instead of the release's own.
    pub location: Option<Address>,
    /// Its SHA-256 in hexadecimal.
    pub sha256: Option<String>,
    /// The folder where downloads are kept.
    pub cache: PathBuf,
}

/// A manifest, read.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// Where it came from.
    pub origin: Address,
    /// Its SHA-256 in hexadecimal.
    pub sha256: String,
    /// Its objects, in order.
    pub objects: Vec<DynamicObject>,
}

impl Manifest {
    /// Reads it, and downloads it where it is neither a file nor in the cache.
    pub async fn load(spec: &ManifestSpec) -> Result<Self, ArgoCdError> {
        let origin = spec.location.clone().unwrap_or_else(|| release(spec).into());
        let fail = |cause: String| ArgoCdError::Manifest { origin: origin.clone(), cause };
        let address = origin.expose();
        let text = if address.starts_with("https://") || address.starts_with("http://") {
            let had = cached(&spec.cache, address).await;
            had.map_err(|cause| fail(origin.redact(&cause).into_owned()))?
        } else {
            let path = address.strip_prefix("file://").unwrap_or(address);
            read_text(Path::new(path)).map_err(|error| fail(error.to_string()))?
        };
        let found = sha256(text.as_bytes());
        if let Some(wanted) = spec.sha256.as_ref().filter(|wanted| !wanted.eq_ignore_ascii_case(&found)) {
            return Err(ArgoCdError::Checksum { origin, found, wanted: wanted.clone() });
        }
        let objects = parse(&text).map_err(fail)?;
        Ok(Self { origin, sha256: found, objects })
    }
}

/// The release's own manifest, where Argo CD's documentation says it is.
fn release(spec: &ManifestSpec) -> String {
    let file = match spec.flavor {
        Flavor::Core => "core-install.yaml",
        Flavor::Standard => "install.yaml",
        Flavor::Ha => "ha/install.yaml",
    };
    format!("https://raw.githubusercontent.com/argoproj/argo-cd/{}/manifests/{file}", spec.version)
}

async fn cached(cache: &Path, address: &str) -> Result<String, String> {
    let name = format!("{}.yaml", sha256(address.as_bytes()));
    if let Ok(text) = read_text(&cache.join(&name)) {
        return Ok(text);
    }
    if !is_trustworthy(address) {
        return Err("http is allowed on this machine only, use https".to_owned());
    }
    let text = download(address).await?;
    // Only what parses is kept: an error page in the cache would stay there.
    parse(&text)?;
    let keep = || in_our_folder(cache)?.write(Path::new(&name), text.as_bytes(), PRIVATE);
    keep().map_err(|error| error.to_string())?;
    Ok(text)
}

/// The cache's folder, to write in; it lies in our own.
fn in_our_folder(cache: &Path) -> Result<Root, FileError> {
    let (Some(home), Some(name)) = (cache.parent(), cache.file_name()) else { return Root::own(cache) };
    Root::own(home)?.folder(Path::new(name), PRIVATE_FOLDER)
}

/// What is installed as the cluster's administrator must not be changed on its way.
fn is_trustworthy(address: &str) -> bool {
    url::Url::parse(address).is_ok_and(|url| {
        let local = match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        url.scheme() == "https" || local
    })
}

async fn download(address: &str) -> Result<String, String> {
    let url = url::Url::parse(address).map_err(|error| error.to_string())?;
    let web = Web::with_limits(Limits { whole: DOWNLOAD, ..Limits::default() });
    let text = async { web.get(&url, Asking::default()).await?.successful()?.text(MOST_MANIFEST).await };
    text.await.map_err(|error| error.to_string())
}

fn parse(text: &str) -> Result<Vec<DynamicObject>, String> {
    let documents: Vec<serde_json::Value> =
        serde_saphyr::from_multiple(text).map_err(|error| error.to_string())?;
    let objects = documents.into_iter().filter(|document| !document.is_null()).map(serde_json::from_value);
    let objects: Vec<DynamicObject> = objects.collect::<Result<_, _>>().map_err(|error| error.to_string())?;
    if objects.iter().any(|object| object.types.is_none() || object.metadata.name.is_none()) {
        return Err("one of its documents has no apiVersion, kind or name".to_owned());
    }
    if objects.is_empty() { Err("it holds no object".to_owned()) } else { Ok(objects) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: b\n";

    fn spec(location: &str, sha256: Option<&str>) -> ManifestSpec {
        ManifestSpec {
            version: "v3.6.1".to_owned(),
            flavor: Flavor::Core,
            location: Some(location.into()),
            sha256: sha256.map(str::to_owned),
            cache: PathBuf::from("/nowhere"),
        }
    }

    #[tokio::test]
    async fn a_file_is_read_and_its_checksum_holds_or_refuses() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("install.yaml");
        std::fs::write(&file, TEXT).unwrap();
        let location = file.to_str().unwrap();
        let manifest = Manifest::load(&spec(location, None)).await.unwrap();
        assert_eq!(manifest.objects.len(), 2);
        assert!(Manifest::load(&spec(location, Some(&manifest.sha256))).await.is_ok());
        let wrong = Manifest::load(&spec(location, Some("00"))).await.unwrap_err();
        assert!(matches!(wrong, ArgoCdError::Checksum { .. }), "{wrong}");
    }

    #[tokio::test]
    async fn what_is_downloaded_is_kept_and_an_error_or_another_page_is_not() {
        use wiremock::matchers::path;
        use wiremock::{Mock, MockServer, ResponseTemplate};
        let server = MockServer::start().await;
        let answers = |place: &str, answer: ResponseTemplate| Mock::given(path(place)).respond_with(answer);
        answers("/install.yaml", ResponseTemplate::new(200).set_body_string(TEXT))
            .expect(1)
            .mount(&server)
            .await;
        answers("/page", ResponseTemplate::new(200).set_body_string("<html>log in")).mount(&server).await;
        answers("/gone", ResponseTemplate::new(404)).mount(&server).await;
        let home = tempfile::tempdir().unwrap();
        let cache = home.path().join("argocd");
        let at = |place: &str| ManifestSpec {
            cache: cache.clone(),
            ..spec(&format!("{}{place}?token=canary-manifest", server.uri()), None)
        };
        for _ in 0..2 {
            assert_eq!(Manifest::load(&at("/install.yaml")).await.unwrap().objects.len(), 2);
        }
        for (place, why) in [("/gone", "answered with status 404"), ("/page", "")] {
            let error = Manifest::load(&at(place)).await.unwrap_err().to_string();
            assert!(error.contains(why) && !error.contains("canary"), "{error}");
        }
        assert_eq!(std::fs::read_dir(&cache).unwrap().count(), 1);
    }

    #[test]
    fn a_manifest_comes_by_https_or_from_this_machine() {
        assert!(is_trustworthy("https://example.com/install.yaml"));
        assert!(is_trustworthy("http://127.0.0.1:8080/install.yaml"));
        assert!(is_trustworthy("http://localhost/install.yaml"));
        assert!(!is_trustworthy("http://example.com/install.yaml"));
        assert!(!is_trustworthy("http://127.0.0.1.example.com/install.yaml"));
    }

    #[tokio::test]
    async fn what_is_no_manifest_is_refused() {
        assert!(parse("just text").is_err());
        assert!(parse("kind: X\n").is_err());
        assert!(Manifest::load(&spec("/nowhere/install.yaml", None)).await.is_err());
    }
}
