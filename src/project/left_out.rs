//! Applications that nobody waits for: out of sync on purpose, or another team's.

use std::collections::BTreeMap;

use crate::support::glob::Glob;

/// How one is written.
const WAYS: &str = "write NAME, label:KEY=VALUE, project:NAME or namespace:NAME, where * stands for anything";

/// Which Applications are left out, by any of these.
#[derive(Clone, Debug, Default)]
pub struct LeftOut(Vec<Selector>);

#[derive(Clone, Debug)]
struct Selector {
    by: By,
    pattern: Glob,
}

#[derive(Clone, Debug)]
enum By {
    Name,
    Project,
    Namespace,
    /// The value of a label.
    Label(String),
}

/// What an Application is chosen by.
#[derive(Clone, Copy, Debug)]
pub struct Traits<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its project in Argo CD.
    pub project: &'a str,
    /// The namespace that it deploys to.
    pub namespace: &'a str,
    /// Its labels.
    pub labels: &'a BTreeMap<String, String>,
}

impl LeftOut {
    /// Reads them. An error says which cannot be read, and how one is written.
    pub fn parse<T: AsRef<str>>(texts: &[T]) -> Result<Self, String> {
        texts.iter().map(|text| Selector::parse(text.as_ref())).collect::<Result<_, _>>().map(Self)
    }

    /// Leaves out those of another as well.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Whether an Application is left out.
    pub fn has(&self, application: &Traits<'_>) -> bool {
        self.0.iter().any(|selector| selector.fits(application))
    }
}

impl Selector {
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| format!("\"{text}\" chooses no applications, {why}; {WAYS}");
        let (by, pattern) = match text.split_once(':') {
            None => (By::Name, text),
            Some(("name", pattern)) => (By::Name, pattern),
            Some(("project", pattern)) => (By::Project, pattern),
            Some(("namespace", pattern)) => (By::Namespace, pattern),
            Some(("label", label)) => match label.split_once('=') {
                Some((key, value)) => (By::Label(key.to_owned()), value),
                None => (By::Label(label.to_owned()), "*"),
            },
            Some((other, _)) => return Err(wrong(&format!("they have no {other}"))),
        };
        if pattern.is_empty() || matches!(&by, By::Label(key) if key.is_empty()) {
            return Err(wrong("something of it is empty"));
        }
        let pattern = Glob::new(pattern).map_err(|error| wrong(&error.to_string()))?;
        Ok(Self { by, pattern })
    }

    fn fits(&self, application: &Traits<'_>) -> bool {
        match &self.by {
            By::Name => self.pattern.matches(application.name),
            By::Project => self.pattern.matches(application.project),
            By::Namespace => self.pattern.matches(application.namespace),
            By::Label(key) => application.labels.get(key).is_some_and(|value| self.pattern.matches(value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn applications_are_left_out_by_name_label_project_and_namespace() {
        let labels = BTreeMap::from([("team".to_owned(), "data".to_owned())]);
        let application = Traits { name: "shop-eu", project: "sandbox", namespace: "shop", labels: &labels };
        for (text, is_left_out) in [
            ("shop-eu", true),
            ("name:shop-*", true),
            ("shop", false),
            ("label:team=data", true),
            ("label:team", true),
            ("label:team=web", false),
            ("label:owner", false),
            ("project:sand*", true),
            ("project:default", false),
            ("namespace:shop", true),
            ("namespace:shop-eu", false),
        ] {
            assert_eq!(LeftOut::parse(&[text]).unwrap().has(&application), is_left_out, "{text}");
        }
        let both = LeftOut::parse(&["other"]).unwrap().and(LeftOut::parse(&["namespace:shop"]).unwrap());
        assert!(both.has(&application));
        assert!(!LeftOut::default().has(&application));
    }

    #[test]
    fn what_chooses_nothing_is_an_error_with_the_way_out() {
        for text in ["", "labl:team=data", "project:", "label:=x", "[a"] {
            let error = LeftOut::parse(&[text]).unwrap_err();
            assert!(error.contains(&format!("\"{text}\"")) && error.contains("label:KEY=VALUE"), "{error}");
        }
    }
}
