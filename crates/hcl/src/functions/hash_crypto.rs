//! Hashes and identifiers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use uuid::Uuid;

use super::super::budget::take;
use super::super::scope::CallError;
use super::super::value::Value;
use super::arguments::Arguments;
use super::filesystem::read_bytes;
use super::rsa::PrivateKey;
use super::{Called, Function};
use slipway_support::digest::hex;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("base64sha256", (1, 1), |arguments| {
        text(arguments, |bytes| STANDARD.encode(Sha256::digest(bytes)))
    }),
    Function::new("base64sha512", (1, 1), |arguments| {
        text(arguments, |bytes| STANDARD.encode(Sha512::digest(bytes)))
    }),
    Function::new("bcrypt", (1, 2), hash_password),
    Function::new("filebase64sha256", (1, 1), |arguments| {
        file(arguments, |bytes| STANDARD.encode(Sha256::digest(bytes)))
    }),
    Function::new("filebase64sha512", (1, 1), |arguments| {
        file(arguments, |bytes| STANDARD.encode(Sha512::digest(bytes)))
    }),
    Function::new("filemd5", (1, 1), |arguments| file(arguments, |bytes| hex(&Md5::digest(bytes)))),
    Function::new("filesha1", (1, 1), |arguments| file(arguments, |bytes| hex(&Sha1::digest(bytes)))),
    Function::new("filesha256", (1, 1), |arguments| file(arguments, |bytes| hex(&Sha256::digest(bytes)))),
    Function::new("filesha512", (1, 1), |arguments| file(arguments, |bytes| hex(&Sha512::digest(bytes)))),
    Function::new("md5", (1, 1), |arguments| text(arguments, |bytes| hex(&Md5::digest(bytes)))),
    Function::new("rsadecrypt", (2, 2), rsa_decrypt),
    Function::new("sha1", (1, 1), |arguments| text(arguments, |bytes| hex(&Sha1::digest(bytes)))),
    Function::new("sha256", (1, 1), |arguments| text(arguments, |bytes| hex(&Sha256::digest(bytes)))),
    Function::new("sha512", (1, 1), |arguments| text(arguments, |bytes| hex(&Sha512::digest(bytes)))),
    Function::new("uuid", (0, 0), |_| Ok(Value::string(Uuid::new_v4().to_string()))),
    Function::new("uuidv5", (2, 2), uuid_v5),
];

/// The cost where none is given, or one that is too low to mean anything.
const BCRYPT_COST: u32 = 10;
/// Each cost takes twice as long as the one before; from here on it takes seconds.
const MOST_BCRYPT_COST: u32 = 14;

/// The steps of the lowest cost there could be; each further one takes twice as many.
const BCRYPT_STEPS: u64 = 100;

fn hash_password(arguments: &Arguments<'_>) -> Called {
    let cost = if arguments.count() > 1 { arguments.whole(1)? } else { i64::from(BCRYPT_COST) };
    let cost = match u32::try_from(cost) {
        Ok(cost) if cost > MOST_BCRYPT_COST => {
            let message =
                format!("is a cost of {cost}, which takes too long; use at most {MOST_BCRYPT_COST}");
            return Err(Arguments::wrong(1, message));
        }
        Ok(cost) if cost >= 4 => cost,
        _ => BCRYPT_COST,
    };
    let password = arguments.string(0)?;
    if password.len() > 72 {
        return Err(Arguments::wrong(0, "is longer than the 72 bytes that bcrypt hashes"));
    }
    take(BCRYPT_STEPS << cost)?;
    let hash = bcrypt::hash_with_result(password.as_bytes(), cost)
        .map_err(|error| CallError::new(format!("the password cannot be hashed: {error}")))?;
    Ok(Value::string(hash.format_for_version(bcrypt::Version::TwoA)))
}

/// PKCS #1 v1.5, with a key in PEM that no password protects.
fn rsa_decrypt(arguments: &Arguments<'_>) -> Called {
    let secret = STANDARD
        .decode(&*arguments.string(0)?)
        .map_err(|_| Arguments::wrong(0, "is not base64, in which the encrypted text has to be"))?;
    let pem = arguments.string(1)?;
    let key = PrivateKey::from_pem(&pem)
        .ok_or_else(|| Arguments::wrong(1, "is no private RSA key in PEM without a password"))?;
    take(key.steps())?;
    let text =
        key.decrypt(&secret).ok_or_else(|| CallError::new("the text cannot be decrypted with this key"))?;
    let text = String::from_utf8(text).map_err(|_| CallError::new("the decrypted text is not UTF-8"))?;
    Ok(Value::string(text))
}

fn text(arguments: &Arguments<'_>, hash: fn(&[u8]) -> String) -> Called {
    Ok(Value::string(hash(arguments.string(0)?.as_bytes())))
}

fn file(arguments: &Arguments<'_>, hash: fn(&[u8]) -> String) -> Called {
    Ok(Value::string(hash(&read_bytes(arguments, 0)?)))
}

fn uuid_v5(arguments: &Arguments<'_>) -> Called {
    let namespace = arguments.string(0)?;
    let space = match &*namespace {
        "dns" => Uuid::NAMESPACE_DNS,
        "url" => Uuid::NAMESPACE_URL,
        "oid" => Uuid::NAMESPACE_OID,
        "x500" => Uuid::NAMESPACE_X500,
        other => Uuid::parse_str(other)
            .map_err(|_| Arguments::wrong(0, "must be dns, url, oid, x500 or a UUID"))?,
    };
    Ok(Value::string(Uuid::new_v5(&space, arguments.string(1)?.as_bytes()).to_string()))
}
