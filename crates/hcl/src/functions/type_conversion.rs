//! Conversions between types, and the sensitive mark.

use super::super::types::{Type, convert};
use super::super::value::Value;
use super::arguments::Arguments;
use super::{Called, Function};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("ephemeralasnull", (1, 1), |arguments| Ok(arguments.get(0).clone())).with_nulls().own(),
    Function::new("issensitive", (1, 1), |arguments| {
        Ok(Value::Bool(matches!(arguments.get(0), Value::Sensitive(_))))
    })
    .with_nulls()
    .own(),
    Function::new("nonsensitive", (1, 1), |arguments| Ok(arguments.get(0).clone().unmarked().0))
        .with_nulls()
        .own(),
    Function::new("sensitive", (1, 1), |arguments| Ok(arguments.get(0).clone().marked_if(true)))
        .with_nulls()
        .own(),
    Function::new("tobool", (1, 1), |arguments| converted(arguments, &Type::Bool)).with_nulls(),
    Function::new("tolist", (1, 1), |arguments| converted(arguments, &Type::List(Box::new(Type::Any))))
        .with_nulls()
        .moving(),
    Function::new("tomap", (1, 1), |arguments| converted(arguments, &Type::Map(Box::new(Type::Any))))
        .with_nulls()
        .moving(),
    Function::new("tonumber", (1, 1), |arguments| converted(arguments, &Type::Number)).with_nulls(),
    Function::new("toset", (1, 1), |arguments| converted(arguments, &Type::Set(Box::new(Type::Any))))
        .with_nulls(),
    Function::new("tostring", (1, 1), |arguments| converted(arguments, &Type::String)).with_nulls(),
];

fn converted(arguments: &Arguments<'_>, wanted: &Type) -> Called {
    convert(arguments.get(0), wanted)
        .map_err(|message| Arguments::wrong(0, format!("cannot be converted: {message}")))
}
