//! Reading a [`Message`].
//!
//! By hand, for what serde derives for a flattened, tagged enum reads everything into
//! a general form first: in the web app that took a tenth of the whole module.

use super::{
    Known,
    accounts::Profile,
    groups::{Message, MessageBody, PacketCard},
};
use crate::{ids::MessageId, money::Fen, order_no::OrderNo, timestamp::Timestamp};
use serde::{Deserialize, Deserializer, de::Error};

/// The name of each kind of entry, as [`MessageBody`] writes it.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Tag {
    Text,
    Packet,
    Created,
    Joined,
    Left,
    Removed,
    Opened,
    Finished,
    Expired,
}

/// Every field that any entry has.
#[derive(Deserialize)]
struct Flat {
    id: MessageId,
    at: Timestamp,
    user: Profile,
    #[serde(rename = "type")]
    tag: Known<Tag>,
    text: Option<String>,
    packet: Option<PacketCard>,
    by: Option<Profile>,
    order_no: Option<OrderNo>,
    sender: Option<Profile>,
    others: Option<u32>,
    shares: Option<u32>,
    took_ms: Option<i64>,
    best_luck: Option<Profile>,
    refunded_fen: Option<Fen>,
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let flat = Flat::deserialize(deserializer)?;
        let (id, at, user) = (flat.id, flat.at, flat.user.clone());
        let body = flat.body().map_err(D::Error::missing_field)?;
        Ok(Self { id, at, user, body })
    }
}

impl Flat {
    /// The entry, or the field that it lacks.
    fn body(self) -> Result<MessageBody, &'static str> {
        let order_no = self.order_no.ok_or("order_no");
        let Some(tag) = self.tag.get() else { return Ok(MessageBody::Unknown) };
        Ok(match tag {
            Tag::Text => MessageBody::Text { text: self.text.ok_or("text")? },
            Tag::Packet => MessageBody::Packet { packet: self.packet.ok_or("packet")? },
            Tag::Created => MessageBody::Created,
            Tag::Joined => MessageBody::Joined,
            Tag::Left => MessageBody::Left,
            Tag::Removed => MessageBody::Removed { by: self.by.ok_or("by")? },
            Tag::Opened => MessageBody::Opened {
                order_no: order_no?,
                sender: self.sender.ok_or("sender")?,
                others: self.others.ok_or("others")?,
            },
            Tag::Finished => MessageBody::Finished {
                order_no: order_no?,
                shares: self.shares.ok_or("shares")?,
                took_ms: self.took_ms.ok_or("took_ms")?,
                best_luck: self.best_luck,
            },
            Tag::Expired => MessageBody::Expired {
                order_no: order_no?,
                refunded_fen: self.refunded_fen.ok_or("refunded_fen")?,
            },
        })
    }
}

/// What a [`Message`] looks like, for the OpenAPI document: one of several objects, told apart
/// by their `type`. What the derive writes for a flattened enum, both parts in an `allOf`,
/// generators of clients read as an empty object.
#[cfg(feature = "openapi")]
mod document {
    use super::{Message, MessageBody, MessageId, Profile, Timestamp};
    use utoipa::{
        PartialSchema, ToSchema,
        openapi::{Discriminator, OneOfBuilder, Ref, RefOr, Schema, schema::Object},
    };

    type Named = (String, RefOr<Schema>);

    /// Each kind of entry, by its `type`, with all its fields.
    fn kinds() -> Vec<(String, Object)> {
        let RefOr::T(Schema::OneOf(bodies)) = MessageBody::schema() else {
            unreachable!("an enum with a tag is one of its variants")
        };
        bodies.items.into_iter().filter_map(kind).collect()
    }

    fn kind(body: RefOr<Schema>) -> Option<(String, Object)> {
        let RefOr::T(Schema::Object(mut object)) = body else { return None };
        let RefOr::T(Schema::Object(tag)) = object.properties.get("type")? else { return None };
        let tag = tag.enum_values.as_ref()?.first()?.as_str()?.to_owned();
        for (field, of, what) in [
            ("id", MessageId::name(), "Its place in the group's log, counted from 1."),
            ("at", Timestamp::name(), "When it was posted."),
            ("user", Profile::name(), "Who posted it, or about whom it is."),
        ] {
            let mut schema = Ref::from_schema_name(of);
            what.clone_into(&mut schema.description);
            object.properties.insert(field.to_owned(), schema.into());
            object.required.push(field.to_owned());
        }
        Some((tag, object))
    }

    /// `TextMessage` for `text`.
    fn name_of(tag: &str) -> String {
        let (first, rest) = tag.split_at(1);
        format!("{}{rest}Message", first.to_uppercase())
    }

    impl PartialSchema for Message {
        fn schema() -> RefOr<Schema> {
            let description = "One entry of a group's log, as its reader sees it. Some entries are \
                               for a few readers only; the others see a gap in the ids.";
            let names = || kinds().into_iter().map(|(tag, _)| (name_of(&tag), tag));
            let refer = |name: &str| Ref::from_schema_name(name);
            let mapping = names().map(|(name, tag)| (tag, refer(&name).ref_location));
            let one_of = OneOfBuilder::new()
                .description(Some(description))
                .discriminator(Some(Discriminator::with_mapping("type", mapping)));
            names().fold(one_of, |one_of, (name, _)| one_of.item(refer(&name))).into()
        }
    }

    impl ToSchema for Message {
        fn schemas(schemas: &mut Vec<Named>) {
            schemas.extend(kinds().into_iter().map(|(tag, object)| (name_of(&tag), object.into())));
            for (name, schema) in [
                (MessageId::name(), MessageId::schema()),
                (Timestamp::name(), Timestamp::schema()),
                (Profile::name(), Profile::schema()),
            ] {
                schemas.push((name.into_owned(), schema));
            }
            MessageBody::schemas(schemas);
            Profile::schemas(schemas);
        }
    }
}
