//! Where the next page of a statement begins: the id of the last line, so that lines
//! that come in meanwhile neither repeat nor hide one.

use data_encoding::BASE64URL_NOPAD;
use hongbao_shared::ErrorCode;

/// As the client keeps it.
pub(super) fn write(id: i64) -> String {
    BASE64URL_NOPAD.encode(&id.to_be_bytes())
}

/// Refuses anything that [`write`] could not have made.
pub(super) fn read(cursor: &str) -> Result<i64, ErrorCode> {
    BASE64URL_NOPAD
        .decode(cursor.as_bytes())
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .map(i64::from_be_bytes)
        .filter(|id| *id > 0)
        .ok_or(ErrorCode::InvalidCursor)
}
