//! CSV as RFC 4180 has it.

use std::sync::Arc;

use super::super::limits::check_values;
use super::super::value::Value;

/// A list of objects, named by the header row.
pub(super) fn decode(text: &str) -> Result<Value, String> {
    let mut rows = rows(text)?.into_iter();
    let Some(header) = rows.next() else { return Err("there is no header row".to_owned()) };
    let mut names = std::collections::HashSet::new();
    for name in &header {
        if !names.insert(name) {
            return Err(format!("the column `{name}` is there twice"));
        }
    }
    let mut objects = Vec::new();
    for (index, row) in rows.enumerate() {
        if row.len() != header.len() {
            let (line, given, wanted) = (index + 2, row.len(), header.len());
            return Err(format!("row {line} has {given} fields, but the header has {wanted}"));
        }
        objects.push(Value::object(header.iter().zip(row.into_iter().map(Value::string))));
    }
    Ok(Value::List(Arc::new(objects)))
}

fn rows(text: &str) -> Result<Vec<Vec<String>>, String> {
    let mut rows = Vec::new();
    let mut fields = 0;
    let mut rest = text;
    while !rest.is_empty() {
        // Empty lines count for nothing.
        if let Some(after) = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n')) {
            rest = after;
            continue;
        }
        let mut row = Vec::new();
        loop {
            let (field, after) = field(rest)?;
            row.push(field);
            check_values(row.len()).map_err(|problem| problem.to_string())?;
            if let Some(after) = after.strip_prefix(',') {
                rest = after;
                continue;
            }
            rest = after.strip_prefix("\r\n").or_else(|| after.strip_prefix('\n')).unwrap_or(after);
            break;
        }
        fields += row.len() + 1;
        check_values(fields).map_err(|problem| problem.to_string())?;
        rows.push(row);
    }
    Ok(rows)
}

/// One field and the text from its end on.
fn field(text: &str) -> Result<(String, &str), String> {
    let Some(mut rest) = text.strip_prefix('"') else {
        let end = text.find([',', '\n']).unwrap_or(text.len());
        let (field, after) = text.split_at(end);
        if field.contains('"') {
            return Err(format!("a quote stands inside the unquoted field `{field}`"));
        }
        return match field.strip_suffix('\r') {
            Some(field) if after.starts_with('\n') || after.is_empty() => Ok((field.to_owned(), after)),
            _ => Ok((field.to_owned(), after)),
        };
    };
    let mut field = String::new();
    loop {
        let Some((before, after)) = rest.split_once('"') else {
            return Err("a quoted field is never closed".to_owned());
        };
        field.push_str(before);
        rest = after;
        match rest.strip_prefix('"') {
            Some(after) => {
                field.push('"');
                rest = after;
            }
            None if rest.is_empty() || rest.starts_with([',', '\n']) || rest.starts_with("\r\n") => {
                return Ok((field.replace("\r\n", "\n"), rest));
            }
            None => return Err("text stands behind the closing quote of a field".to_owned()),
        }
    }
}
