//! What a call needs in a fleet, as docs/OPERATIONS.md says: with everything else broken it
//! is answered.

use hongbao_fleet::Place;

/// Logical shards of each site of the fleet under test; two of them are on each server.
pub(crate) const SHARDS: u16 = 4;

/// The places that a call of this path needs. Of caches only payments do: a pre-order stands
/// nowhere else.
pub(crate) fn places(path: &str) -> Vec<Place> {
    let path = path.split_once('?').map_or(path, |(path, _query)| path);
    let mut parts = path.split('/').skip(1);
    // Who calls, and what they may see.
    let mut places = vec![Place::People];
    match (parts.next(), parts.next(), parts.next()) {
        (Some("lists"), ..) => places.push(Place::Lists),
        (Some("wallet"), ..) => places.push(Place::Ledger),
        (Some("packets"), Some(order_no), what) => {
            places.extend(home(order_no));
            // Whether there is a packet at all is known once its site's cold store says so.
            let site = order_no.chars().next();
            places.extend(site.map(|site| Place::Orders(site, 0)));
            if what == Some("pay") {
                places.push(Place::Ledger);
                places.extend(site.map(Place::Cache));
            }
        }
        _ => {}
    }
    places
}

/// Where a packet lives: the first symbol of its number is its site, the next two, base 32,
/// its shard.
fn home(order_no: &str) -> Option<Place> {
    let mut symbols = order_no.chars();
    let site = symbols.next()?;
    let shard = symbols.nth(1)?.to_digit(32)?;
    Some(Place::Orders(site, usize::from(shard >= u32::from(SHARDS / 2))))
}
