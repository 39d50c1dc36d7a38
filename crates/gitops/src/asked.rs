//! What registries say of images, for who decides on a change.
//!
//! To decide is to ask nobody: what is not known yet is noted, and once it was asked, the same is decided again.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::error::GitOpsError;
use super::image::ImageReference;

/// Why a registry is asked for an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ImageQuestion {
    /// It is to be set: is it there, and by which digest?
    Set,
    /// It is to be set, and nothing says which image it is a version of: only its tag is written, and the name is made up.
    SetUnnamed,
    /// Which of two is older: when was it built? One that is not there has no age.
    Age,
}

/// What a registry says of an image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageFacts {
    /// The digest that its tag leads to now.
    pub digest: Option<String>,
    /// When it was built, in seconds since 1970.
    pub created: Option<i64>,
}

/// An answer that is yet to come.
pub type Answering<'a> = Pin<Box<dyn Future<Output = Result<ImageFacts, GitOpsError>> + Send + 'a>>;

/// Whoever asks registries. An error refuses the change; what could not be learnt, and is not to stop it, is left out of the facts.
pub trait AskRegistries: Send + Sync + fmt::Debug {
    /// Asks for one image.
    fn ask<'a>(&'a self, image: &'a ImageReference, question: ImageQuestion) -> Answering<'a>;
}

/// Whether registries are asked, and what they have said so far.
#[derive(Debug, Default)]
pub(super) struct Asked {
    who: Option<Arc<dyn AskRegistries>>,
    /// Whether what is set gets the digest of its tag.
    pub pins: bool,
    /// None of what is still to be asked.
    facts: Mutex<BTreeMap<(String, ImageQuestion), Option<ImageFacts>>>,
}

impl Asked {
    pub fn new(who: Arc<dyn AskRegistries>, pins: bool) -> Self {
        Self { who: Some(who), pins, facts: Mutex::default() }
    }

    /// What is known of an image; nothing yet where it was not asked for, which then is.
    pub fn of(&self, image: &ImageReference, question: ImageQuestion) -> Option<ImageFacts> {
        self.who.as_ref()?;
        self.facts().entry((image.to_string(), question)).or_default().clone()
    }

    /// Asks for what somebody wanted to know since; says whether there was anything.
    pub async fn ask_open(&self) -> Result<bool, GitOpsError> {
        let Some(who) = &self.who else { return Ok(false) };
        let open: Vec<(String, ImageQuestion)> = {
            let facts = self.facts();
            facts.iter().filter(|(_, fact)| fact.is_none()).map(|(key, _)| key.clone()).collect()
        };
        for (text, question) in &open {
            let image: ImageReference = text.parse()?;
            let facts = who.ask(&image, *question).await?;
            self.facts().insert((text.clone(), *question), Some(facts));
        }
        Ok(!open.is_empty())
    }

    fn facts(&self) -> MutexGuard<'_, BTreeMap<(String, ImageQuestion), Option<ImageFacts>>> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Counting(Mutex<Vec<String>>);

    impl AskRegistries for Counting {
        fn ask<'a>(&'a self, image: &'a ImageReference, _: ImageQuestion) -> Answering<'a> {
            self.0.lock().unwrap().push(image.to_string());
            Box::pin(async { Ok(ImageFacts { created: Some(1), ..ImageFacts::default() }) })
        }
    }

    #[tokio::test]
    async fn each_image_is_asked_for_once_and_nothing_where_nobody_asks() {
        let image: ImageReference = "r.io/a:v1".parse().unwrap();
        let nobody = Asked::default();
        assert_eq!(nobody.of(&image, ImageQuestion::Set), None);
        assert!(!nobody.ask_open().await.unwrap());

        let who = Arc::new(Counting(Mutex::default()));
        let asked = Asked::new(who.clone(), false);
        assert_eq!(asked.of(&image, ImageQuestion::Set), None);
        assert!(asked.ask_open().await.unwrap());
        assert_eq!(asked.of(&image, ImageQuestion::Set).unwrap().created, Some(1));
        assert!(!asked.ask_open().await.unwrap());
        assert_eq!(*who.0.lock().unwrap(), ["r.io/a:v1"]);
    }
}
