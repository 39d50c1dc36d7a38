//! Decrypting with a private RSA key: PKCS #1 v1.5, as the passwords of EC2's Windows machines come.
//!
//! It takes no care against being timed: it runs on the machine of whoever holds the key, a few times.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bigdecimal::num_bigint::BigUint;

/// The largest key, in bytes; beyond it the arithmetic would take seconds.
const MOST_BYTES: usize = 2_048;

/// The two numbers of a private key that decrypting needs.
pub(super) struct PrivateKey {
    modulus: BigUint,
    exponent: BigUint,
}

impl PrivateKey {
    /// A key in PEM that no password protects, in PKCS #1 or PKCS #8; `None` where it is none.
    pub(super) fn from_pem(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once("-----BEGIN ")?.1.split_once("-----")?;
        let (base64, _) = rest.split_once("-----END ")?;
        let plain: String = base64.split_whitespace().collect();
        let der = STANDARD.decode(plain).ok()?;
        match kind {
            "RSA PRIVATE KEY" => Self::from_pkcs1(&der),
            "PRIVATE KEY" => {
                let mut fields = Der(Der(&der).take(SEQUENCE)?);
                fields.take(INTEGER)?;
                fields.take(SEQUENCE)?;
                Self::from_pkcs1(fields.take(OCTETS)?)
            }
            _ => None,
        }
    }

    fn from_pkcs1(der: &[u8]) -> Option<Self> {
        let mut fields = Der(Der(der).take(SEQUENCE)?);
        fields.take(INTEGER)?;
        let modulus = BigUint::from_bytes_be(fields.take(INTEGER)?);
        fields.take(INTEGER)?;
        let exponent = BigUint::from_bytes_be(fields.take(INTEGER)?);
        let key = Self { modulus, exponent };
        // No exponent is larger than its modulus, and one of a million digits would take for ever.
        let fits = key.length() <= MOST_BYTES && key.exponent.bits() <= key.modulus.bits();
        (fits && key.modulus.bit(0)).then_some(key)
    }

    /// The steps of decrypting a text: the time grows with the third power of the length.
    pub(super) fn steps(&self) -> u64 {
        (self.length() as u64 / 16).pow(3)
    }

    fn length(&self) -> usize {
        usize::try_from(self.modulus.bits().div_ceil(8)).unwrap_or(usize::MAX)
    }

    /// The text that was encrypted for this key; `None` where it was not.
    pub(super) fn decrypt(&self, secret: &[u8]) -> Option<Vec<u8>> {
        let number = BigUint::from_bytes_be(secret);
        if secret.len() != self.length() || number >= self.modulus {
            return None;
        }
        // The block is 00 02, eight or more bytes that are not zero, 00, the text; a number has no leading zero.
        let block = number.modpow(&self.exponent, &self.modulus).to_bytes_be();
        let padded = block.strip_prefix(&[2]).filter(|_| block.len() + 1 == self.length())?;
        let end = padded.iter().position(|byte| *byte == 0).filter(|end| *end >= 8)?;
        padded.get(end + 1..).map(<[u8]>::to_vec)
    }
}

const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

/// What is left of a text in DER.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// The content of the next element, which must be of that kind.
    fn take(&mut self, kind: u8) -> Option<&'a [u8]> {
        let (found, rest) = self.0.split_first()?;
        let (first, mut rest) = rest.split_first()?;
        let mut length = usize::from(*first);
        if length >= 0x80 {
            let (bytes, behind) = rest.split_at_checked(length - 0x80)?;
            if bytes.len() > 4 {
                return None;
            }
            length = bytes.iter().fold(0, |length, byte| (length << 8) | usize::from(*byte));
            rest = behind;
        }
        let (content, behind) = rest.split_at_checked(length)?;
        self.0 = behind;
        (*found == kind).then_some(content)
    }
}
