//! Hashes and identifiers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};
use uuid::Uuid;

use super::super::scope::CallError;
use super::super::value::Value;
use super::arguments::Arguments;
use super::filesystem::read_bytes;
use super::{Called, Function};
use crate::support::digest::hex;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("base64sha256", (1, 1), |arguments| {
        text(arguments, |bytes| STANDARD.encode(Sha256::digest(bytes)))
    }),
    Function::new("base64sha512", (1, 1), |arguments| {
        text(arguments, |bytes| STANDARD.encode(Sha512::digest(bytes)))
    }),
    Function::new("bcrypt", (1, 2), |_| Err(unsupported("bcrypt", "hash the password where it is used"))),
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
    Function::new("rsadecrypt", (2, 2), |_| {
        Err(unsupported("rsadecrypt", "decrypt the text where it is used"))
    }),
    Function::new("sha1", (1, 1), |arguments| text(arguments, |bytes| hex(&Sha1::digest(bytes)))),
    Function::new("sha256", (1, 1), |arguments| text(arguments, |bytes| hex(&Sha256::digest(bytes)))),
    Function::new("sha512", (1, 1), |arguments| text(arguments, |bytes| hex(&Sha512::digest(bytes)))),
    Function::new("uuid", (0, 0), |_| Ok(Value::string(Uuid::new_v4().to_string()))),
    Function::new("uuidv5", (2, 2), uuid_v5),
];

fn unsupported(name: &str, way_out: &str) -> CallError {
    CallError::new(format!("`{name}` is not supported; {way_out}"))
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
