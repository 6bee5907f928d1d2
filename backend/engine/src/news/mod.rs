//! What nodes tell each other: that a log has grown, and that something which others keep in
//! memory has changed. Ids only; whoever hears of something reads it where it stands, so
//! that news may be lost, come twice or out of order.

mod herald;

pub use herald::{Herald, Publisher};

use hongbao_domain::store::people::TokenHash;
use hongbao_shared::{GroupId, MessageId, UserId};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// One thing that happened on another node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum News {
    /// The log of a group has this entry now.
    Grown(GroupId, MessageId),
    /// Somebody has joined a group.
    Joined(GroupId, UserId),
    /// Somebody has left a group.
    Left(GroupId, UserId),
    /// Somebody has read on in a group, or pinned it.
    Read(GroupId, UserId),
    /// Somebody has another name or picture.
    Profile(UserId),
    /// A session has ended or changed.
    #[serde(serialize_with = "hash_to_hex", deserialize_with = "hash_from_hex")]
    Session(TokenHash),
    /// Something that was lost on the way: it may have been anything.
    Everything,
}

/// What is sent: the news of one node, which need not hear them again.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Bulletin {
    pub(crate) node: u64,
    pub(crate) news: Vec<News>,
}

fn hash_to_hex<S: Serializer>(hash: &TokenHash, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&data_encoding::HEXLOWER.encode(&hash.0))
}

fn hash_from_hex<'de, D: Deserializer<'de>>(from: D) -> Result<TokenHash, D::Error> {
    let text = String::deserialize(from)?;
    let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).map_err(de::Error::custom)?;
    bytes.try_into().map(TokenHash).map_err(|_| de::Error::custom("no hash of a token"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R-WEB-1: what nodes of two versions tell each other.
    #[test]
    fn news_are_what_they_were() {
        let pinned = concat!(
            r#"{"node":3,"news":[{"grown":["7","12"]},{"joined":["7","1"]},{"left":["7","1"]},"#,
            r#"{"read":["7","1"]},{"profile":"1"},{"session":""#,
            "0101010101010101010101010101010101010101010101010101010101010101",
            r#""},"everything"]}"#,
        );
        let bulletin: Bulletin = serde_json::from_str(pinned).unwrap();
        assert_eq!(bulletin.news.len(), 7);
        assert_eq!(serde_json::to_string(&bulletin).unwrap(), pinned);
    }
}
