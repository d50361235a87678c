//! What the doctor finds, as it goes over the admin's socket and out to programs.

use serde::{Deserialize, Serialize};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// As it should be.
    Ok,
    /// It works, or cannot be told; somebody should look at it.
    Look,
    /// Something does not work.
    Bad,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How bad it is.
    pub grade: Grade,
    /// What was looked at, in a word or two.
    pub about: String,
    /// What was found, in a sentence.
    pub found: String,
    /// What to do about it, where something is to be done.
    #[serde(default)]
    pub todo: Option<String>,
    /// Lines of a zone file to publish.
    #[serde(default)]
    pub records: Vec<String>,
}

impl Finding {
    /// All is well.
    pub fn ok(about: &str, found: impl Into<String>) -> Self {
        Self::new(Grade::Ok, about, found.into(), None)
    }

    /// Somebody should look.
    pub fn look(about: &str, found: impl Into<String>, todo: impl Into<String>) -> Self {
        Self::new(Grade::Look, about, found.into(), Some(todo.into()))
    }

    /// Something does not work.
    pub fn bad(about: &str, found: impl Into<String>, todo: impl Into<String>) -> Self {
        Self::new(Grade::Bad, about, found.into(), Some(todo.into()))
    }

    /// With a line of a zone file to publish.
    #[must_use]
    pub fn publish(mut self, record: String) -> Self {
        self.records.push(record);
        self
    }

    fn new(grade: Grade, about: &str, found: String, todo: Option<String>) -> Self {
        Self { grade, about: about.to_owned(), found, todo, records: Vec::new() }
    }
}
