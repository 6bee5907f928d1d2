//! Where the marks of R-SPLIT-2 turn, and exactly which terms are feasible.

use crate::common::{cut, exact, fen, lucky, numbered_seed, reference, test};
use hongbao_shared::{
    Fen, Kind, Terms,
    terms::TermsError::{
        DoesNotDivide, ExclusiveShares, MoreSharesThanFen, NoShares, ShareTooLarge,
    },
};

#[test]
fn one_fen_each_when_the_total_is_the_number_of_shares() {
    for shares in [1, 2, 3, 10, 100] {
        let terms = lucky(u64::from(shares), shares, 20_000);
        for number in 0..20 {
            assert_eq!(cut(&terms, &numbered_seed(&terms, number)), vec![1; shares as usize]);
        }
        assert_eq!(terms.share_range(), (Fen::ONE, Fen::ONE));
    }
}

#[test]
fn the_most_each_when_the_total_fills_every_share() {
    for (shares, max) in [(1, 7), (2, 1), (2, 20_000), (3, 10), (100, 20_000)] {
        let terms = lucky(u64::from(shares) * max, shares, max);
        for number in 0..20 {
            assert_eq!(cut(&terms, &numbered_seed(&terms, number)), vec![max; shares as usize]);
        }
        assert_eq!(terms.share_range(), (fen(max), fen(max)));
    }
}

#[test]
fn one_fen_short_of_full_is_missing_from_one_share() {
    let terms = lucky(29, 3, 10);
    for number in 0..50 {
        let mut amounts = cut(&terms, &numbered_seed(&terms, number));
        amounts.sort_unstable();
        assert_eq!(amounts, [9, 10, 10]);
    }
}

/// Each mark on both sides of the place where another one takes over. A first share reaches
/// from the low mark to one below the high mark.
#[test]
fn marks_turn_where_the_requirement_says() {
    let first = |total, shares, max| {
        let (least, most) = lucky(total, shares, max).first_share_range();
        (least.get(), most.get())
    };
    // Low mark: 1 while rest − 1 ≤ max·(n − 1), here up to 21.
    assert_eq!(first(20, 3, 10), (1, 9));
    assert_eq!(first(21, 3, 10), (1, 9));
    assert_eq!(first(22, 3, 10), (2, 9));
    assert_eq!(first(23, 3, 10), (3, 9));
    // High mark `max`, below twice the mean: 2·50/3 = 33.
    assert_eq!(first(50, 3, 20), (10, 19));
    // Twice the mean, ⌊2·rest/n⌋, rounded down.
    assert_eq!(first(100, 10, 1000), (1, 19));
    assert_eq!(first(25, 4, 1000), (1, 11));
    // Twice the mean and `max` meet.
    assert_eq!(first(100, 10, 20), (1, 19));
    assert_eq!(first(100, 10, 19), (1, 18));
    // High mark rest − (n − 1): always so with two shares (twice the mean is the whole rest) …
    assert_eq!(first(20_000, 2, 20_000), (1, 19_998));
    // … unless `max` is lower: rest − max ≥ n − 1 from 101 on, with the same mark at 100 + 1.
    assert_eq!(first(100, 2, 100), (1, 98));
    assert_eq!(first(101, 2, 100), (1, 99));
    assert_eq!(first(102, 2, 100), (2, 99));
    // With three it binds only where the fen run out: 2·3/3 = 2 against 3 − 2 = 1.
    assert_eq!(first(3, 3, 100), (1, 1));
    assert_eq!(first(4, 3, 100), (1, 1));
    assert_eq!(first(5, 3, 100), (1, 2));
    // The low mark wins where it is not below the high mark.
    assert_eq!(first(29, 3, 10), (9, 9));
    assert_eq!(first(30, 3, 10), (10, 10));
    // A single share is the total.
    assert_eq!(first(77, 1, 100), (77, 77));
}

/// `first_share_range` and `share_range` are exactly what the split can give, for every small
/// packet; the exact distributions know every amount that can occur.
#[test]
fn ranges_are_exact_for_every_small_packet() {
    for shares in 1_u32..=5 {
        for max in 1..=12 {
            for total in u64::from(shares)..=u64::from(shares) * max {
                let terms = lucky(total, shares, max);
                let all = exact::shares(total, shares.into(), max);
                let pair = |(least, most)| (fen(least), fen(most));
                assert_eq!(terms.first_share_range(), pair(all[0].support()), "{terms:?}");
                let least = all.iter().map(|share| share.support().0).min().unwrap();
                let most = all.iter().map(|share| share.support().1).max().unwrap();
                assert_eq!(terms.share_range(), pair((least, most)), "{terms:?}");
            }
        }
    }
}

/// Every amount of the range comes up as a first share.
#[test]
fn every_first_share_of_a_small_range_is_drawn() {
    for (total, shares, max) in [(25, 4, 1000), (22, 3, 10), (50, 3, 20), (20, 2, 20)] {
        let terms = lucky(total, shares, max);
        let (least, most) = terms.first_share_range();
        let mut seen: Vec<_> =
            (0..1500).map(|number| cut(&terms, &numbered_seed(&terms, number))[0]).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, (least.get()..=most.get()).collect::<Vec<_>>(), "{terms:?}");
    }
}

/// `shares ≤ total ≤ shares·max`, an equal total divides, an exclusive packet has one share, and
/// nothing else: every combination of small numbers.
#[test]
fn feasible_terms_are_exactly_these() {
    for kind in [Kind::Equal, Kind::Lucky, Kind::Exclusive] {
        for shares in 0_u32..=6 {
            for total in 0_u64..=45 {
                for max in 0_u64..=8 {
                    let n = u64::from(shares);
                    let feasible = shares > 0
                        && (n..=n * max).contains(&total)
                        && (kind != Kind::Equal || total % n == 0)
                        && (kind != Kind::Exclusive || shares == 1);
                    let terms = Terms::new(kind, fen(total), shares, fen(max));
                    assert_eq!(terms.is_ok(), feasible, "{kind:?} {total}/{shares} ≤ {max}");
                }
            }
        }
    }
}

#[test]
fn infeasible_terms_say_why() {
    let refused = |kind, total, shares, max| Terms::new(kind, fen(total), shares, fen(max)).err();
    assert_eq!(refused(Kind::Lucky, 10, 0, 10), Some(NoShares));
    assert_eq!(refused(Kind::Lucky, 9, 10, 10), Some(MoreSharesThanFen));
    assert_eq!(refused(Kind::Lucky, 0, 1, 10), Some(MoreSharesThanFen));
    assert_eq!(refused(Kind::Lucky, 101, 10, 10), Some(ShareTooLarge));
    assert_eq!(refused(Kind::Lucky, 1, 1, 0), Some(ShareTooLarge));
    assert_eq!(refused(Kind::Equal, 11, 10, 10), Some(DoesNotDivide));
    assert_eq!(refused(Kind::Exclusive, 10, 2, 10), Some(ExclusiveShares));
    assert_eq!(refused(Kind::Exclusive, 10, 0, 10), Some(NoShares));
}

/// The largest numbers there are neither overflow nor lose a fen.
#[test]
fn the_largest_packets_hold() {
    let most = Fen::MAX.get();
    for (shares, max) in [(1, most), (2, most), (1000, most), (1000, most / 1000 + 1)] {
        let terms = lucky(most, shares, max);
        let amounts = cut(&terms, &numbered_seed(&terms, 1));
        assert_eq!(amounts.iter().sum::<u64>(), most);
        assert!(amounts.iter().all(|amount| (1..=max).contains(amount)));
    }
    assert!(Terms::new(Kind::Lucky, Fen::MAX, u32::MAX, Fen::MAX).is_ok());
    assert!(Terms::new(Kind::Lucky, Fen::MAX, u32::MAX, fen(2_097_151)).is_err());
    assert!(Terms::new(Kind::Lucky, Fen::MAX, u32::MAX, fen(2_097_153)).is_ok());
}

/// R-FAIR-5 over many blocks of the cipher's stream.
#[test]
fn a_thousand_shares_equal_the_reference() {
    let terms = lucky(1_234_567, 1000, 20_000);
    let seed = numbered_seed(&terms, 8);
    assert_eq!(cut(&terms, &seed), reference::split(seed.bytes(), 1_234_567, 1000, 20_000).0);
}

#[test]
fn kinds_have_their_bytes() {
    for (kind, byte, text) in
        [(Kind::Equal, 0, "equal"), (Kind::Lucky, 1, "lucky"), (Kind::Exclusive, 2, "exclusive")]
    {
        assert_eq!((kind.byte(), Kind::from_byte(byte)), (byte, Some(kind)));
        assert_eq!(serde_json::to_value(kind).unwrap(), text);
    }
    assert!((3..=255).all(|byte| Kind::from_byte(byte).is_none()));
}
