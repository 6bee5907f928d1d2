//! Session tokens: 32 random bytes, which clients hold as base64url.

use data_encoding::BASE64URL_NOPAD;
use hongbao_domain::{runtime::Entropy, store::people::TokenHash};
use sha2::{Digest, Sha256};

const BYTES: usize = 32;
const SYMBOLS: usize = 43;

/// A fresh token, and what the store keeps of it.
pub(crate) fn draw(entropy: &dyn Entropy) -> (String, TokenHash) {
    let bytes = entropy.bytes32();
    (BASE64URL_NOPAD.encode(&bytes), hash(&bytes))
}

/// The hash of a token as it came in; `None` if it cannot be one.
pub(crate) fn read(token: &str) -> Option<TokenHash> {
    if token.len() != SYMBOLS {
        return None;
    }
    let mut bytes = [0; BYTES];
    let read = BASE64URL_NOPAD.decode_mut(token.as_bytes(), &mut bytes).ok()?;
    (read == BYTES).then(|| hash(&bytes))
}

fn hash(bytes: &[u8; BYTES]) -> TokenHash {
    TokenHash(Sha256::digest(bytes).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hongbao_domain::runtime::SystemEntropy;

    #[test]
    fn a_token_is_read_back_and_nothing_else_is() {
        let (token, hash) = draw(&SystemEntropy);
        assert_eq!(read(&token), Some(hash));
        assert_eq!(read(""), None);
        assert_eq!(read(&token[1..]), None);
        assert_eq!(read(&format!("{token}A")), None);
        assert_eq!(read(&format!("+{}", &token[1..])), None);
        // The last symbol has two bits that must be zero: one text for one token.
        let last = token.chars().last().unwrap();
        let twin = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
            .chars()
            .cycle()
            .skip_while(|c| *c != last)
            .nth(1)
            .unwrap();
        assert_eq!(read(&format!("{}{twin}", &token[..SYMBOLS - 1])), None);
    }
}
