//! An evaluated unit as JSON, in Terragrunt's shape.

use std::borrow::Cow;

use serde::{Serialize, Serializer};

use super::logins_hidden::LoginsHidden;
use crate::terragrunt::config::UnitConfig;
use crate::terragrunt::{AsJson, Shown};

/// An evaluated unit with the keys of Terragrunt's `render --format json`; sensitive values are shown only
/// where `reveal` says so.
pub fn render_json(unit: &UnitConfig, reveal: bool) -> impl Serialize {
    UnitJson { unit, hidden: (!reveal).then(|| LoginsHidden::of(unit)) }
}

/// Written as it is asked: an estate has thousands of them.
struct UnitJson<'u> {
    unit: &'u UnitConfig,
    /// Nothing where everything is shown.
    hidden: Option<LoginsHidden>,
}

impl Serialize for UnitJson<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Some(value) = &self.unit.rendered else { return to.serialize_unit() };
        let (reveal, shown): (_, Shown<'_>) = match &self.hidden {
            None => (true, &|text| Cow::Borrowed(text)),
            Some(hidden) => (false, &|text| hidden.in_text(text)),
        };
        AsJson { value, reveal, shown }.serialize(to)
    }
}
