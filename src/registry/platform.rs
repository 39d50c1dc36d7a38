//! What an image runs on: an operating system and an architecture.

use std::fmt;
use std::str::FromStr;

/// `linux/amd64`, `linux/arm/v7`: by Go's names, as registries and nodes have them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Platform {
    /// The operating system.
    pub os: String,
    /// The architecture.
    pub architecture: String,
    /// Which of its variants, where there are several: `v7`.
    pub variant: Option<String>,
}

impl Platform {
    /// One of these, by whatever name the architecture is called.
    pub fn new(os: &str, architecture: &str, variant: Option<&str>) -> Self {
        let architecture = match architecture.to_ascii_lowercase().as_str() {
            "x86_64" | "x86-64" => "amd64".to_owned(),
            "aarch64" => "arm64".to_owned(),
            other => other.to_owned(),
        };
        // The only ones there are of these are said or not.
        let variant = variant.filter(|variant| {
            !matches!((architecture.as_str(), *variant), (_, "") | ("arm64", "v8") | ("amd64", "v1"))
        });
        Self { os: os.to_ascii_lowercase(), variant: variant.map(str::to_owned), architecture }
    }

    /// Whether an image for `offered` runs on this one. Of a variant that is not named any will do.
    pub fn takes(&self, offered: &Self) -> bool {
        (&self.os, &self.architecture) == (&offered.os, &offered.architecture)
            && (self.variant.is_none() || offered.variant.is_none() || self.variant == offered.variant)
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.as_ref().map_or(Ok(()), |variant| write!(f, "/{variant}"))
    }
}

impl FromStr for Platform {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_word = |part: &&str| {
            !part.is_empty()
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
        };
        let parts: Vec<&str> = text.split('/').collect();
        match parts[..] {
            [os, architecture] if parts.iter().all(is_word) => Ok(Self::new(os, architecture, None)),
            [os, architecture, variant] if parts.iter().all(is_word) => {
                Ok(Self::new(os, architecture, Some(variant)))
            }
            _ => Err(format!("{text:?} is no platform; write it like linux/amd64 or linux/arm/v7")),
        }
    }
}

/// Platforms in a row, for messages; `none` where there is none.
pub(super) fn listed(platforms: &[Platform]) -> String {
    let mut names: Vec<String> = platforms.iter().map(ToString::to_string).collect();
    names.sort();
    names.dedup();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn platform(text: &str) -> Platform {
        text.parse().unwrap()
    }

    #[test]
    fn a_platform_takes_what_runs_on_it() {
        for (wanted, offered) in [
            ("linux/amd64", "linux/amd64"),
            ("linux/x86_64", "linux/amd64/v1"),
            ("linux/arm64", "linux/arm64/v8"),
            ("linux/aarch64", "linux/arm64"),
            ("linux/arm", "linux/arm/v6"),
            ("linux/arm/v7", "linux/arm"),
        ] {
            assert!(platform(wanted).takes(&platform(offered)), "{wanted}, {offered}");
        }
        for (wanted, offered) in
            [("linux/amd64", "windows/amd64"), ("linux/arm/v7", "linux/arm/v6"), ("linux/arm64", "linux/arm")]
        {
            assert!(!platform(wanted).takes(&platform(offered)), "{wanted}, {offered}");
        }
    }

    #[test]
    fn what_is_no_platform_is_refused() {
        for text in ["", "amd64", "linux/", "linux/amd64/v1/x", "linux /amd64"] {
            assert!(text.parse::<Platform>().unwrap_err().contains("like linux/amd64"), "{text:?}");
        }
    }
}
