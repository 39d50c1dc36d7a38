//! What registries say of an image: the index of its platforms, the manifest of one, its configuration.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use super::Platform;
use crate::support::digest::{hex, sha256};

/// Everything that an image may be, the newer names first.
pub(super) const ACCEPTED: &str = "application/vnd.oci.image.index.v1+json, \
                                   application/vnd.docker.distribution.manifest.list.v2+json, \
                                   application/vnd.oci.image.manifest.v1+json, \
                                   application/vnd.docker.distribution.manifest.v2+json";

/// When it was built, where somebody says so.
const CREATED: &str = "org.opencontainers.image.created";
/// What is no image but tells of one: signatures, attestations.
const BESIDE: &str = "vnd.docker.reference.type";
/// Builds that can be repeated say that they were made on a day on which none was: in 1970, or in 1980.
const FIRST_TRUE: i64 = 315_619_200;

/// An answer to the question for a manifest.
#[derive(Debug)]
pub(super) enum Manifest {
    /// One for each platform.
    Index(Index),
    /// One for one.
    Image(Image),
}

#[derive(Debug)]
pub(super) struct Index {
    pub entries: Vec<Entry>,
    pub created: Option<Timestamp>,
}

/// A manifest of an index.
#[derive(Debug)]
pub(super) struct Entry {
    pub digest: String,
    /// None where the index does not say it.
    pub platform: Option<Platform>,
}

#[derive(Debug)]
pub(super) struct Image {
    /// The digest of its configuration.
    pub config: String,
    pub created: Option<Timestamp>,
}

/// What is known of a manifest that was not read.
#[derive(Debug)]
pub(super) struct Glance {
    /// Its digest, as the registry says.
    pub digest: String,
    /// Whether it is one of several platforms.
    pub is_index: bool,
}

/// What a configuration says of an image.
#[derive(Debug)]
pub(super) struct Configuration {
    pub platform: Option<Platform>,
    pub created: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    #[serde(default)]
    schema_version: u64,
    manifests: Option<Vec<WireEntry>>,
    config: Option<WireEntry>,
    #[serde(default)]
    annotations: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct WireEntry {
    #[serde(default)]
    digest: String,
    platform: Option<WirePlatform>,
    #[serde(default)]
    annotations: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct WirePlatform {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    variant: Option<String>,
}

#[derive(Deserialize)]
struct WireConfiguration {
    #[serde(flatten)]
    platform: WirePlatform,
    created: Option<String>,
}

#[derive(Deserialize)]
struct WireErrors {
    errors: Vec<WireError>,
}

#[derive(Deserialize)]
struct WireError {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: Option<String>,
}

impl Glance {
    /// Reads what is said of a manifest beside its bytes; none of what does not say clearly that an image is there.
    pub fn of(reference: &str, kind: &str, digest: &str) -> Option<Self> {
        let kind = kind.split(';').next().unwrap_or_default().trim();
        let is_image = ACCEPTED.split(", ").any(|known| known == kind);
        let is_digest = digest.split_once(':').is_some_and(|(algorithm, sum)| {
            let length = match algorithm {
                "sha256" => 64,
                "sha512" => 128,
                _ => return false,
            };
            sum.len() == length && sum.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        });
        // What was asked for by its digest has that.
        let is_it = !reference.contains(':') || reference == digest;
        let is_index = kind.contains("index") || kind.contains("manifest.list");
        (is_image && is_digest && is_it).then(|| Self { digest: digest.to_owned(), is_index })
    }
}

impl Manifest {
    /// Reads one; says why not where it is none.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let wire: Wire = serde_json::from_slice(bytes)
            .map_err(|_| "what it sent is no manifest of an image".to_owned())?;
        let created = created_of(wire.annotations.as_ref());
        match (wire.manifests, wire.config) {
            (Some(_), Some(_)) => Err("what it sent is an index and an image at once".to_owned()),
            (Some(manifests), None) => {
                let entries = manifests.into_iter().filter_map(WireEntry::read);
                Ok(Self::Index(Index { entries: entries.collect(), created }))
            }
            (None, Some(config)) => Ok(Self::Image(Image { config: config.digest, created })),
            (None, None) if wire.schema_version == 1 => {
                Err("it has the image in Docker's first format, which nothing runs any more; push it anew"
                    .to_owned())
            }
            (None, None) => Err("what it sent is no manifest of an image".to_owned()),
        }
    }
}

impl WireEntry {
    fn read(self) -> Option<Entry> {
        let is_beside = self.annotations.is_some_and(|annotations| annotations.contains_key(BESIDE));
        let is_unknown = self.platform.as_ref().is_some_and(|platform| platform.os == "unknown");
        let platform = self.platform.and_then(WirePlatform::read);
        (!is_beside && !is_unknown).then_some(Entry { digest: self.digest, platform })
    }
}

impl WirePlatform {
    fn read(self) -> Option<Platform> {
        let is_said = !self.os.is_empty() && !self.architecture.is_empty();
        is_said.then(|| Platform::new(&self.os, &self.architecture, self.variant.as_deref()))
    }
}

impl Configuration {
    /// Reads one; what it does not say stays open.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let wire: WireConfiguration = serde_json::from_slice(bytes)
            .map_err(|_| "what it sent is no configuration of an image".to_owned())?;
        Ok(Self { platform: wire.platform.read(), created: wire.created.as_deref().and_then(time) })
    }
}

fn created_of(annotations: Option<&BTreeMap<String, String>>) -> Option<Timestamp> {
    annotations?.get(CREATED).and_then(|text| time(text))
}

/// A time at which an image may have been built.
fn time(text: &str) -> Option<Timestamp> {
    text.parse().ok().filter(|time: &Timestamp| time.as_second() > FIRST_TRUE)
}

/// What a registry says is wrong, in its words; none of what says nothing of the kind, as a page does.
pub(super) fn complaint(bytes: &[u8]) -> Option<String> {
    let wire: WireErrors = serde_json::from_slice(bytes).ok()?;
    let first = wire.errors.into_iter().next()?;
    let message = first.message.filter(|message| !message.is_empty());
    match (first.code.is_empty(), message) {
        (false, Some(message)) => Some(format!("{}: {message}", first.code)),
        (false, None) => Some(first.code),
        (true, message) => message,
    }
}

/// The digest of some bytes by the algorithm of another one; SHA-256 where that is not known here.
pub(super) fn digest_like(other: &str, bytes: &[u8]) -> String {
    use sha2::Digest as _;
    if other.starts_with("sha512:") {
        format!("sha512:{}", hex(&sha2::Sha512::digest(bytes)))
    } else {
        format!("sha256:{}", sha256(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_manifest_counts_where_it_is_clear() {
        let (digest, other) = (format!("sha256:{}", "0a".repeat(32)), format!("sha256:{}", "0b".repeat(32)));
        let image = "application/vnd.oci.image.manifest.v1+json";
        let index = "application/vnd.docker.distribution.manifest.list.v2+json";
        assert!(!Glance::of("v1", image, &digest).unwrap().is_index);
        assert!(Glance::of(&digest, &format!("{index}; charset=utf-8"), &digest).unwrap().is_index);
        for (reference, kind, said) in [
            ("v1", "text/html", digest.as_str()),
            ("v1", "", &digest),
            ("v1", image, ""),
            ("v1", image, "sha256:0a"),
            ("v1", image, &digest.to_uppercase()),
            (&other, image, &digest),
        ] {
            assert!(Glance::of(reference, kind, said).is_none(), "{reference} {kind} {said}");
        }
    }

    #[test]
    fn an_index_tells_its_platforms_and_not_what_lies_beside_them() {
        let index = br#"{"schemaVersion": 2, "manifests": [
            {"digest": "sha256:aa", "platform": {"os": "linux", "architecture": "amd64"}},
            {"digest": "sha256:bb", "platform": {"os": "linux", "architecture": "arm64", "variant": "v8"}},
            {"digest": "sha256:cc", "platform": {"os": "unknown", "architecture": "unknown"}},
            {"digest": "sha256:dd", "annotations": {"vnd.docker.reference.type": "attestation-manifest"}},
            {"digest": "sha256:ee"}],
            "annotations": {"org.opencontainers.image.created": "2026-01-05T10:20:30Z"}}"#;
        let Manifest::Index(index) = Manifest::read(index).unwrap() else { panic!("no index") };
        let platforms: Vec<Option<String>> =
            index.entries.iter().map(|entry| entry.platform.as_ref().map(ToString::to_string)).collect();
        assert_eq!(platforms, [Some("linux/amd64".to_owned()), Some("linux/arm64".to_owned()), None]);
        assert_eq!(index.created.unwrap().to_string(), "2026-01-05T10:20:30Z");
    }

    #[test]
    fn what_is_no_image_says_so() {
        for (text, words) in [
            ("<html></html>", "no manifest"),
            ("{}", "no manifest"),
            ("[]", "no manifest"),
            (r#"{"schemaVersion": 1, "fsLayers": []}"#, "first format"),
            (r#"{"manifests": [], "config": {"digest": "x"}}"#, "at once"),
        ] {
            let problem = Manifest::read(text.as_bytes()).unwrap_err();
            assert!(problem.contains(words), "{text}: {problem}");
        }
    }

    #[test]
    fn a_time_on_which_nothing_was_built_is_none() {
        let created = |text: &str| {
            let text = format!(r#"{{"os": "linux", "architecture": "amd64", "created": "{text}"}}"#);
            Configuration::read(text.as_bytes()).unwrap().created
        };
        for text in ["1970-01-01T00:00:00Z", "1980-01-01T00:00:01Z", "0001-01-01T00:00:00Z", "", "yesterday"]
        {
            assert_eq!(created(text), None, "{text}");
        }
        assert!(created("2026-01-05T10:20:30.123456789Z").is_some());
    }

    #[test]
    fn a_complaint_is_told_from_a_page() {
        let said =
            br#"{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown", "detail": {}}]}"#;
        assert_eq!(complaint(said).unwrap(), "MANIFEST_UNKNOWN: manifest unknown");
        for text in ["<html>not found</html>", "{}", r#"{"errors": []}"#, r#"{"message": "no route"}"#] {
            assert_eq!(complaint(text.as_bytes()), None, "{text}");
        }
    }
}
