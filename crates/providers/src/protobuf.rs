//! As much of protobuf as is needed to pass messages on: where fields begin, and whether an answer tells an error.

/// A field of a message: its number, and its value as far as it has a length of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field<'m> {
    /// A number.
    Number(u32, u64),
    /// Text, bytes or another message.
    Bytes(u32, &'m [u8]),
}

/// The fields of a message, as far as they are known; `None` where it is none.
pub fn fields(message: &[u8]) -> Option<Vec<Field<'_>>> {
    Some(pieces(message)?.into_iter().filter_map(|(field, _)| field).collect())
}

/// A field, where it is of a kind that is known, and how it is written.
type Piece<'m> = (Option<Field<'m>>, &'m [u8]);

/// The fields of a message, each with how it is written; `None` where it is none.
pub fn pieces(message: &[u8]) -> Option<Vec<Piece<'_>>> {
    let mut rest = message;
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        let begun = rest;
        let key = number(&mut rest)?;
        let place = u32::try_from(key >> 3).ok().filter(|place| *place > 0)?;
        let field = match key & 7 {
            0 => Some(Field::Number(place, number(&mut rest)?)),
            1 => take(&mut rest, 8).map(|_| None)?,
            2 => {
                let length = usize::try_from(number(&mut rest)?).ok()?;
                Some(Field::Bytes(place, take(&mut rest, length)?))
            }
            5 => take(&mut rest, 4).map(|_| None)?,
            _ => return None,
        };
        let (written, _) = begun.split_at_checked(begun.len() - rest.len())?;
        pieces.push((field, written));
    }
    Some(pieces)
}

fn take<'m>(rest: &mut &'m [u8], length: usize) -> Option<&'m [u8]> {
    let (taken, behind) = rest.split_at_checked(length)?;
    *rest = behind;
    Some(taken)
}

fn number(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..70).step_by(7) {
        let (byte, behind) = rest.split_first()?;
        *rest = behind;
        value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or_default();
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// The errors among the diagnostics in a field of an answer.
pub fn has_errors(answer: &[u8], diagnostics: u32) -> bool {
    /// `Diagnostic.severity`, and what it is for an error.
    const SEVERITY: Field<'_> = Field::Number(1, 1);
    let Some(fields) = fields(answer) else { return true };
    fields.into_iter().any(|field| match field {
        Field::Bytes(place, diagnostic) if place == diagnostics => {
            self::fields(diagnostic).is_none_or(|fields| fields.contains(&SEVERITY))
        }
        _ => false,
    })
}

/// Whether an answer to the question for the schema says that nobody has to be asked for it: a field of its capabilities.
pub fn is_schema_optional(answer: &[u8]) -> bool {
    const CAPABILITIES: u32 = 6;
    const OPTIONAL: Field<'_> = Field::Number(2, 1);
    let told = fields(answer).unwrap_or_default();
    told.into_iter().any(|field| match field {
        Field::Bytes(CAPABILITIES, told) => fields(told).is_some_and(|told| told.contains(&OPTIONAL)),
        _ => false,
    })
}

/// The message of a call that has one: it is preceded by whether it is compressed, and by its length.
pub fn unframed(body: &[u8]) -> Option<&[u8]> {
    let (head, message) = body.split_at_checked(5)?;
    let (0, length) = (*head.first()?, u32::from_be_bytes(head.get(1..)?.try_into().ok()?)) else {
        return None;
    };
    (usize::try_from(length).ok()? == message.len()).then_some(message)
}

/// A message as it is sent.
pub fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    let mut body = vec![0];
    body.extend_from_slice(&length.to_be_bytes());
    body.extend_from_slice(message);
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_all_kinds_are_read_and_what_is_no_message_is_none() {
        let message = [0x08, 0x96, 0x01, 0x12, 2, b'h', b'i', 0x1d, 1, 2, 3, 4, 0x21, 1, 2, 3, 4, 5, 6, 7, 8];
        assert_eq!(fields(&message).unwrap(), [Field::Number(1, 150), Field::Bytes(2, b"hi")]);
        assert_eq!(fields(&[0x12, 9, b'h']), None, "it ends too early");
        assert_eq!(fields(&[0x0b]), None, "groups are not used any more");
        assert_eq!(fields(&[0xff; 12]), None, "no number is that long");
    }

    #[test]
    fn an_answer_with_an_error_is_told_from_one_with_a_warning() {
        assert!(has_errors(&[0x0a, 2, 0x08, 1], 1));
        assert!(!has_errors(&[0x0a, 2, 0x08, 2], 1), "a warning");
        assert!(!has_errors(&[0x12, 2, 0x08, 1], 1), "another field");
        assert!(!has_errors(&[], 1));
        assert!(has_errors(&[0x0a], 1), "what nobody understands is no success");
    }

    #[test]
    fn a_message_goes_into_its_frame_and_out_of_it() {
        assert_eq!(unframed(&framed(b"x")), Some(&b"x"[..]));
        assert_eq!(unframed(&[0, 0, 0, 0, 2, b'x']), None);
        assert_eq!(unframed(&[1, 0, 0, 0, 1, b'x']), None, "compressed");
    }
}
