//! Digests as text.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::fs::{open_regular, pieces};

/// Bytes in lowercase hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    let pairs = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    pairs.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

/// The SHA-256 of some bytes in lowercase hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The SHA-256 of what a regular file holds, in hexadecimal, read piece by piece.
pub fn sha256_of(file: &Path) -> std::io::Result<String> {
    let mut digest = Sha256::new();
    pieces(&mut open_regular(file)?, |piece| {
        digest.update(piece);
        Ok(())
    })?;
    Ok(hex(&digest.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_told_as_everyone_tells_them() {
        assert_eq!(hex(&[0, 0x0f, 0xf0]), "000ff0");
        assert_eq!(sha256(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), vec![7; 200_000]).unwrap();
        assert_eq!(sha256_of(file.path()).unwrap(), sha256(&vec![7; 200_000]));
    }
}
