//! What a server may name: a place that is remote, over https or ssh, or one of its own.
//!
//! Whoever asks a server for a module has chosen that server, and not what it leads to. So it leads to no file of this
//! machine, to no service inside of a network by plain http, and to nothing with credentials that it could choose.

use url::Url;

use super::address::Place;
use crate::support::web;

/// A place that a server named.
pub(super) struct Named {
    /// The source, as it stands in an answer, or made whole.
    pub location: String,
    /// The address that was asked for it.
    pub by: Url,
}

/// Why a place that `by` named is not gone to; none where it is.
pub(super) fn refusal(place: &Place, by: &Url) -> Option<&'static str> {
    match place {
        Place::Local(_) => Some("it leads to a folder of this machine"),
        Place::Git(place) => match Url::parse(place.remote.url()) {
            Ok(url) => url_refusal(&url, by),
            Err(_) => Some("it leads to an address that is none of a server"),
        },
        Place::Http(place) => url_refusal(&place.url, by),
        Place::S3(place) if place.endpoint.is_some() => {
            Some("it leads to a bucket outside of AWS, which would be asked with your credentials")
        }
        Place::S3(place) if place.profile.is_some() => Some("it chooses one of your AWS profiles"),
        Place::Registry(_) | Place::S3(_) => None,
    }
}

/// Why an address that `by` named is not gone to; none where it is.
pub(super) fn url_refusal(url: &Url, by: &Url) -> Option<&'static str> {
    if url.scheme() == "ssh" { None } else { web::refusal(url, by) }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::address::Source;
    use super::*;

    #[test]
    fn what_a_server_names_is_remote_and_encrypted_or_its_own() {
        let by = Url::parse("http://modules.example.com:8080/vpc").unwrap();
        let refused = |location: &str| {
            let source = Source::parse(location, Path::new("/")).unwrap();
            refusal(&source.place, &by)
        };
        for fine in [
            "https://other.example.com/m.zip",
            "http://modules.example.com:8080/m.zip",
            "git::https://git.example.com/m.git?ref=v1",
            "git::ssh://git@git.example.com/m.git",
            "git@git.example.com:org/m.git",
            "github.com/org/m",
            "tfr://registry.example.com/a/b/c?version=1.0.0",
            "s3::https://s3-eu-west-1.amazonaws.com/bucket/m.zip",
        ] {
            assert_eq!(refused(fine), None, "{fine}");
        }
        for refusable in [
            "/etc",
            "./here",
            "file:///etc",
            "git::file:///home/ann/private",
            "git::/home/ann/private",
            "git::../private",
            "git::git://git.example.com/m.git",
            "git::http://modules.example.com/m.git",
            "http://169.254.169.254/latest/meta-data/x.zip",
            "http://modules.example.com/m.zip",
            "s3::http://127.0.0.1:9000/bucket/m.zip",
            "s3::https://s3-eu-west-1.amazonaws.com/bucket/m.zip?aws_profile=admin",
        ] {
            assert!(refused(refusable).is_some(), "{refusable}");
        }
    }
}
