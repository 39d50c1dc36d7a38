//! What a provider says on its first line: how it is to be reached.

use std::path::PathBuf;
use std::str::FromStr;

/// Where a provider listens, and what it speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    /// The version of the providers' protocol: 5 or 6.
    pub protocol: u32,
    /// The Unix socket that it listens on.
    pub socket: PathBuf,
}

/// Why a first line is none that a provider says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// It is something else.
    #[error("it says {0:?}")]
    Other(String),
    /// It is of another kind of plugins.
    #[error("it speaks version {0} of the handshake, and not 1")]
    Core(String),
    /// Its protocol is none of ours.
    #[error("it speaks version {0} of the protocol, and neither 5 nor 6")]
    Protocol(String),
    /// It listens elsewhere.
    #[error("it listens on {0}, and not on a Unix socket")]
    Network(String),
    /// It speaks another language.
    #[error("it speaks {0}, and not gRPC")]
    Language(String),
    /// It wants to be spoken to in secret.
    #[error("it asks for TLS")]
    Tls,
    /// It has ended before it said anything.
    #[error("it has ended, {0}")]
    Ended(String),
    /// It says nothing.
    #[error("it says nothing within {0} s")]
    Silent(u64),
}

impl FromStr for Handshake {
    type Err = HandshakeError;

    fn from_str(line: &str) -> Result<Self, HandshakeError> {
        let parts: Vec<&str> = line.trim().split('|').collect();
        let (core, protocol, network, address, language, rest) = match parts.as_slice() {
            [core, protocol, network, address] => (core, protocol, network, address, &"netrpc", &[][..]),
            [core, protocol, network, address, language, rest @ ..] => {
                (core, protocol, network, address, language, rest)
            }
            _ => return Err(HandshakeError::Other(line.trim().chars().take(200).collect())),
        };
        if *core != "1" {
            return Err(HandshakeError::Core((*core).to_owned()));
        }
        if *language != "grpc" {
            return Err(HandshakeError::Language((*language).to_owned()));
        }
        if *network != "unix" {
            return Err(HandshakeError::Network((*network).to_owned()));
        }
        if rest.first().is_some_and(|certificate| !certificate.is_empty()) {
            return Err(HandshakeError::Tls);
        }
        let version = protocol.parse().ok().filter(|version| [5, 6].contains(version));
        let protocol = version.ok_or_else(|| HandshakeError::Protocol((*protocol).to_owned()))?;
        Ok(Self { protocol, socket: PathBuf::from(address) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(line: &str) -> HandshakeError {
        line.parse::<Handshake>().unwrap_err()
    }

    #[test]
    fn what_is_behind_a_certificate_that_is_not_there_does_not_matter() {
        let told: Handshake = "1|6|unix|/tmp/p|grpc||true\n".parse().unwrap();
        assert_eq!(told, Handshake { protocol: 6, socket: "/tmp/p".into() });
    }

    #[test]
    fn every_other_line_is_refused_with_what_it_says() {
        assert_eq!(refused("Hello"), HandshakeError::Other("Hello".to_owned()));
        assert_eq!(refused("2|5|unix|/s|grpc|"), HandshakeError::Core("2".to_owned()));
        assert_eq!(refused("1|4|unix|/s|grpc|"), HandshakeError::Protocol("4".to_owned()));
        assert_eq!(refused("1|5|tcp|127.0.0.1:1|grpc|"), HandshakeError::Network("tcp".to_owned()));
        assert_eq!(refused("1|5|unix|/s"), HandshakeError::Language("netrpc".to_owned()));
        assert_eq!(refused("1|5|unix|/s|grpc|MIIC"), HandshakeError::Tls);
    }
}
