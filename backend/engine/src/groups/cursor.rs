use data_encoding::BASE64URL_NOPAD;
use hongbao_domain::Refusal;
use hongbao_shared::ErrorCode;

/// Where a page of a list ends, as text that clients give back and nobody composes: the
/// kind of list and the sort key of the last item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cursor {
    /// A message id.
    Message,
    /// A time and an order number of the list "sent".
    Sent,
    /// A time and an order number of the list "received".
    Received,
}

const NUMBER_BYTES: usize = 8;

impl Cursor {
    const fn tag(self) -> u8 {
        match self {
            Self::Message => b'm',
            Self::Sent => b's',
            Self::Received => b'r',
        }
    }

    /// The text for a sort key.
    pub(crate) fn write<const N: usize>(self, key: [i64; N]) -> String {
        let mut bytes = vec![self.tag()];
        bytes.extend(key.iter().flat_map(|number| number.to_be_bytes()));
        BASE64URL_NOPAD.encode(&bytes)
    }

    /// The sort key in a text; `invalid_cursor` for anything that [`Cursor::write`]
    /// would not write.
    pub(crate) fn read<const N: usize>(self, text: &str) -> Result<[i64; N], Refusal> {
        let refusal = || Refusal::new(ErrorCode::InvalidCursor);
        let length = N.saturating_mul(NUMBER_BYTES).saturating_add(1);
        if text.len() != BASE64URL_NOPAD.encode_len(length) {
            return Err(refusal());
        }
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| refusal())?;
        let (tag, numbers) = bytes.split_first().ok_or_else(refusal)?;
        if *tag != self.tag() {
            return Err(refusal());
        }
        let mut key = [0; N];
        for (number, bytes) in key.iter_mut().zip(numbers.chunks_exact(NUMBER_BYTES)) {
            *number = i64::from_be_bytes(bytes.try_into().map_err(|_| refusal())?);
        }
        Ok(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_written_is_read() {
        let text = Cursor::Sent.write([-1, i64::MAX]);
        assert_eq!(Cursor::Sent.read::<2>(&text).unwrap(), [-1, i64::MAX]);
        assert!(Cursor::Received.read::<2>(&text).is_err());
        assert!(Cursor::Sent.read::<1>(&text).is_err());
        for foreign in ["", "0", "AAAA", "!!!!!!!!!!!!", &"A".repeat(10_000)] {
            assert!(Cursor::Message.read::<1>(foreign).is_err(), "{foreign}");
        }
    }
}
