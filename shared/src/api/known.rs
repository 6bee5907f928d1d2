//! Names to which a later version may add others.

use serde::{Deserialize, Deserializer, Serialize, de::IntoDeserializer as _};

/// A name in an answer, if this version knows it. One that it does not know costs nothing but
/// itself; it cannot be made here, so that no server sends what is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Known<T>(Option<T>);

impl<T> Known<T> {
    /// What it names; `None` for what only a later version knows.
    pub fn get(self) -> Option<T> {
        self.0
    }
}

impl<T> From<T> for Known<T> {
    fn from(name: T) -> Self {
        Self(Some(name))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Known<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let known: Result<T, D::Error> = T::deserialize(name.as_str().into_deserializer());
        Ok(Self(known.ok()))
    }
}
