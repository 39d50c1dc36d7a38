//! What was encrypted is a secret: what is in it is masked in whatever is shown, by whoever.

use slipway_hcl::functions::decode_yaml;
use slipway_hcl::value::Value;
use slipway_support::redact;

/// The names of values that `sops` leaves as they are end so, unless somebody has decided otherwise.
const OPEN: &str = "_unencrypted";

/// Keeps every value of a decrypted text from being shown: YAML, JSON, or lines of `NAME=value`.
pub(super) fn keep(text: &str) {
    match decode_yaml(text) {
        Ok(value) if value.as_fields().is_some() || value.as_elements().is_some() => keep_value("", &value),
        _ => keep_lines(text),
    }
}

fn keep_value(name: &str, value: &Value) {
    match value {
        Value::String(text) => keep_text(name, text.trim()),
        Value::Number(number) => keep_text(name, &number.to_string()),
        _ => {
            let fields = value.as_fields().into_iter().flatten();
            fields
                .filter(|(name, _)| !name.ends_with(OPEN))
                .for_each(|(name, value)| keep_value(name, value));
            value.as_elements().into_iter().flatten().for_each(|value| keep_value(name, value));
        }
    }
}

fn keep_text(name: &str, text: &str) {
    // Digits that somebody encrypted are no number like any other.
    if text.bytes().all(|letter| letter.is_ascii_digit()) {
        redact::known().add(text);
    }
    redact::known().add_setting(name, text);
}

fn keep_lines(text: &str) {
    for line in text.lines() {
        let (name, value) = line.split_once('=').unwrap_or(("", line));
        let name = name.trim().trim_start_matches("export ");
        if !name.ends_with(OPEN) {
            keep_text(name, value.trim().trim_matches(['"', '\'']));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use slipway_support::redact::clean;

    #[test]
    fn what_was_encrypted_is_masked_and_what_was_left_open_is_not() {
        keep(
            "db:\n  password: Sx-kept-one\n  pins: [61728394, Sx-kept-two]\n  host_unencrypted: Sx-open-one\n",
        );
        keep("{\"token\": \"Sx-kept-three\", \"mode\": \"fast\"}");
        keep("export A=\"Sx-kept-four\"\nB_unencrypted=Sx-open\n");
        let text = "Sx-kept-one 61728394 Sx-kept-two Sx-open-one Sx-kept-three Sx-kept-four";
        assert_eq!(clean(text), "(sensitive) (sensitive) (sensitive) Sx-open-one (sensitive) (sensitive)");
        assert_eq!(clean("how fast, mode=fast"), "how fast, mode=(sensitive)");
    }
}
