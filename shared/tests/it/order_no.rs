//! Order numbers, there and back and nothing else (R-ORDER-1, R-ORDER-3, R-ORDER-4).

use crate::common::{any_order_no, fixed, test};
use hongbao_shared::{
    Day, OrderNo, Shard, Site,
    order_no::{DAYS, SEQUENCE_END, SHARDS_MAX},
};
use proptest::prelude::*;

const ALPHABET: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

fn parses(text: &str) -> bool {
    text.parse::<OrderNo>().is_ok()
}

fn value(symbol: char) -> u64 {
    ALPHABET.find(symbol).unwrap() as u64
}

proptest! {
    #![proptest_config(fixed(500))]

    #[test]
    fn there_and_back(number in any_order_no()) {
        let (text, bits) = (number.to_string(), number.to_bits());
        prop_assert_eq!(text.parse(), Ok(number));
        prop_assert_eq!(OrderNo::from_bits(bits), Ok(number));
        prop_assert!(bits >= 0);
        let json = serde_json::to_string(&number).unwrap();
        prop_assert_eq!(&json, &format!("\"{text}\""));
        prop_assert_eq!(serde_json::from_str::<OrderNo>(&json).unwrap(), number);
    }

    /// R-ORDER-1: site letter, two symbols of shard, one of day, ten of sequence, and a check.
    #[test]
    fn the_text_is_laid_out_as_required(number in any_order_no()) {
        let text = number.to_string();
        prop_assert_eq!(text.len(), 15);
        prop_assert!(text.chars().all(|symbol| ALPHABET.contains(symbol)));
        let read = |from: usize, to: usize| text[from..to].chars().fold(0, |v, s| v * 32 + value(s));
        prop_assert_eq!(text.chars().next(), Some(number.site().letter()));
        prop_assert_eq!(read(1, 3), u64::from(number.shard().get()));
        prop_assert_eq!(read(3, 4), u64::from(number.day().get()));
        let local = u64::from(number.is_local()) * SEQUENCE_END;
        prop_assert_eq!(read(4, 14), local + number.sequence());
    }

    /// R-ORDER-1: 2 bits of site, 10 of shard, 5 of day, 1 for the local generator, 45 of sequence.
    #[test]
    fn the_bits_are_laid_out_as_required(number in any_order_no()) {
        let site = u64::from(number.site() == Site::N);
        let bits = site << 61
            | u64::from(number.shard().get()) << 51
            | u64::from(number.day().get()) << 46
            | u64::from(number.is_local()) << 45
            | number.sequence();
        prop_assert_eq!(number.to_bits() as u64, bits);
    }

    /// Two numbers are the same exactly if their texts are, and if their bits are; within a site
    /// all three have one order.
    #[test]
    fn unique_and_ordered(a in any_order_no(), b in any_order_no()) {
        prop_assert_eq!(a == b, a.to_string() == b.to_string());
        prop_assert_eq!(a == b, a.to_bits() == b.to_bits());
        prop_assert_eq!(a.cmp(&b), a.to_bits().cmp(&b.to_bits()));
        if a.site() == b.site() {
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        }
    }

    /// Any 64 bits are a number that gives them back, or none.
    #[test]
    fn bits_are_canonical(bits in any::<i64>()) {
        let number = OrderNo::from_bits(bits);
        prop_assert_eq!(number.is_ok(), bits >= 0 && bits >> 61 < 2 && (bits >> 46) & 31 < 31);
        if let Ok(number) = number {
            prop_assert_eq!(number.to_bits(), bits);
        }
    }

    /// Whatever parses is what would have been written.
    #[test]
    fn only_the_canonical_text_parses(text in "[SN][0-9A-Za-z]{14}") {
        if let Ok(number) = text.parse::<OrderNo>() {
            prop_assert_eq!(number.to_string(), text);
        }
    }
}

proptest! {
    #![proptest_config(fixed(60))]

    /// R-ORDER-3: each of the 15 × 31 ways of writing one wrong symbol is refused.
    #[test]
    fn every_single_wrong_symbol_is_refused(number in any_order_no()) {
        let text = number.to_string();
        for at in 0..15 {
            for symbol in ALPHABET.chars() {
                let mut wrong = text.clone();
                wrong.replace_range(at..=at, &symbol.to_string());
                prop_assert_eq!(parses(&wrong), wrong == text, "{} for {}", wrong, text);
            }
        }
    }

    /// R-ORDER-3: any two different symbols, neighbours or not, swapped.
    #[test]
    fn every_swap_of_two_symbols_is_refused(number in any_order_no()) {
        let text = number.to_string();
        for a in 0..15 {
            for b in a + 1..15 {
                let mut symbols: Vec<_> = text.chars().collect();
                symbols.swap(a, b);
                let swapped: String = symbols.into_iter().collect();
                prop_assert_eq!(parses(&swapped), swapped == text, "{} for {}", swapped, text);
            }
        }
    }

    /// R-ORDER-3: lower case and look-alikes are not read as what they resemble.
    #[test]
    fn look_alikes_are_refused(number in any_order_no()) {
        let text = number.to_string();
        prop_assert!(!parses(&text.to_lowercase()));
        for (at, symbol) in text.char_indices() {
            let lower = symbol.to_ascii_lowercase();
            for other in ['I', 'L', 'O', 'U', 'i', 'l', 'o', 'u', lower, '０', 'Ａ', ' ', '-'] {
                let mut wrong = text.clone();
                wrong.replace_range(at..=at, &other.to_string());
                prop_assert_eq!(parses(&wrong), wrong == text);
            }
        }
    }

    #[test]
    fn other_lengths_are_refused(number in any_order_no(), at in 0_usize..15) {
        let text = number.to_string();
        prop_assert!(!parses(&text[..at]));
        prop_assert!(!parses(&text[at + 1..]));
        for longer in [format!("{text}0"), format!("0{text}"), format!(" {text}"),
                       format!("{text}\n"), format!("{text}\0")] {
            prop_assert!(!parses(&longer));
        }
    }
}

/// Fifteen symbols of text, or fifteen bytes of it, that are not ASCII.
#[test]
fn non_ascii_is_refused_without_a_panic() {
    for text in
        ["", "红包红包红", "红包红包红包红包红包红包红包红", "ééééééé0", "S00000000000é0", "\u{0}"]
    {
        assert!(!parses(text), "{text:?}");
    }
}

/// The ten symbols hold 50 bits, a sequence and its mark 46: the four spare ones must be 0, even
/// with a check symbol that fits.
#[test]
fn spare_bits_are_refused() {
    for spare in 1..16 {
        // The fifth symbol holds the four spare bits above the local mark.
        let head = format!("S000{}000000000", &ALPHABET[spare * 2..=spare * 2]);
        assert!(ALPHABET.chars().all(|check| !parses(&format!("{head}{check}"))), "{head}");
    }
    let accepted = |head: &str| ALPHABET.chars().filter(|c| parses(&format!("{head}{c}"))).count();
    assert_eq!(accepted("S0000000000000"), 1);
    assert_eq!(accepted("S0001000000000"), 1, "the local mark is not spare");
}

/// A day of 31 would be a 32nd table; sites beyond the two have no letter.
#[test]
fn unknown_days_and_sites_are_refused() {
    let accepted = |head: &str| ALPHABET.chars().any(|c| parses(&format!("{head}{c}")));
    assert!(accepted("S00Y0000000000") && !accepted("S00Z0000000000"));
    for letter in ALPHABET.chars() {
        assert_eq!(accepted(&format!("{letter}0000000000000")), "SN".contains(letter), "{letter}");
    }
    for site in 0_i64..4 {
        assert_eq!(OrderNo::from_bits(site << 61).is_ok(), site < 2);
    }
    assert!(OrderNo::from_bits(30 << 46).is_ok() && OrderNo::from_bits(31 << 46).is_err());
    for negative in [-1, i64::MIN, i64::MIN + 1] {
        assert!(OrderNo::from_bits(negative).is_err());
    }
}

#[test]
fn parts_have_bounds() {
    assert!(Shard::new(SHARDS_MAX - 1).is_some() && Shard::new(SHARDS_MAX).is_none());
    assert!(Day::new(DAYS - 1).is_some() && Day::new(DAYS).is_none());
    let (shard, day) = (Shard::new(1).unwrap(), Day::new(2).unwrap());
    assert!(OrderNo::new(Site::S, shard, day, false, SEQUENCE_END - 1).is_some());
    assert!(OrderNo::new(Site::S, shard, day, false, SEQUENCE_END).is_none());
    for site in Site::ALL {
        assert_eq!(Site::from_letter(site.letter()), Some(site));
    }
    assert!(
        ['s', 'n', 'A', '0', '红'].into_iter().all(|letter| Site::from_letter(letter).is_none())
    );
}

/// The server names files and databases by site and shard, and finds a day's rows by its symbol.
#[test]
fn parts_have_texts() {
    assert_eq!(Site::ALL.map(|site| site.to_string()), ["S", "N"]);
    for number in [0, 7, 42, SHARDS_MAX - 1] {
        assert_eq!(Shard::new(number).unwrap().to_string(), number.to_string());
    }
    let symbols: String = (0..DAYS).map(|number| Day::new(number).unwrap().symbol()).collect();
    assert_eq!(symbols, ALPHABET[..usize::from(DAYS)]);
}

/// R-ORDER-4: the epoch day modulo 31, before 1970 as well.
#[test]
fn days_of_the_cycle() {
    for (epoch_day, day) in
        [(0, 0), (1, 1), (30, 30), (31, 0), (16_838, 5), (-1, 30), (-31, 0), (-32, 30)]
    {
        assert_eq!(Day::of_epoch_day(epoch_day).get(), day, "{epoch_day}");
    }
    for epoch_day in [i64::MIN, i64::MIN + 1, i64::MAX - 1] {
        let (today, tomorrow) = (Day::of_epoch_day(epoch_day), Day::of_epoch_day(epoch_day + 1));
        assert_eq!((today.get() + 1) % DAYS, tomorrow.get());
    }
}

/// Numbers that stand in bookmarks and databases must never read differently.
#[test]
fn known_numbers_stay() {
    let place = |shard, day| (Shard::new(shard).unwrap(), Day::new(day).unwrap());
    let (shard, day) = place(3, 17);
    let number = OrderNo::new(Site::N, shard, day, false, 987_654_321).unwrap();
    assert_eq!(number.to_string(), "N03H0000XDWT5HH");
    assert_eq!(number.to_bits(), 2_313_794_678_293_424_305);
    let (shard, day) = place(0, 0);
    let first = OrderNo::new(Site::S, shard, day, false, 0).unwrap();
    assert_eq!((first.to_string().as_str(), first.to_bits()), ("S0000000000000D", 0));
}
