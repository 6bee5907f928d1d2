//! Signs as Standard Webhooks has it: HMAC-SHA256 over id, moment and body.

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use hongbao_shared::Timestamp;
use sha2::Sha256;

/// A secret as it is told.
pub(super) fn text(secret: &[u8]) -> String {
    format!("whsec_{}", BASE64.encode(secret))
}

/// The headers of an event; a signature for each secret, the newest first.
pub(super) fn headers(
    id: &str,
    now: Timestamp,
    body: &str,
    secrets: &[Vec<u8>],
) -> Vec<(&'static str, String)> {
    let seconds = now.millis().div_euclid(1000).to_string();
    let signed = |secret: &Vec<u8>| {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
        for part in [id, ".", &seconds, ".", body] {
            mac.update(part.as_bytes());
        }
        format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes()))
    };
    let signatures: Vec<_> = secrets.iter().map(signed).collect();
    vec![
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", seconds),
        ("webhook-signature", signatures.join(" ")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's own libraries.
    #[test]
    fn signs_as_the_standard_does() {
        let secret = BASE64.decode(b"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let now = Timestamp::from_millis(1_614_265_330_000);
        let headers =
            headers("msg_p5jXN8AQM9LWM0D4loKWxJek", now, r#"{"test": 2432232314}"#, &[secret]);
        let signature = &headers[2].1;
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
