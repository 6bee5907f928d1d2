//! The laws of the split for any terms and any seed (R-SPLIT-1, R-SPLIT-2, R-SPLIT-4, R-SPLIT-5).

use crate::common::{
    any_lucky, any_order_no, any_seed, any_terms, cut, fen, fixed, reference, test,
};
use hongbao_shared::{
    Fen, Kind, Splitter, Terms,
    fairness::{ClientSeed, ServerSeed},
    split::best_luck,
};
use proptest::prelude::*;

proptest! {
    #![proptest_config(fixed(600))]

    /// R-SPLIT-1: the shares are as many as promised, each within its bounds, and add up.
    #[test]
    fn shares_add_up_within_their_bounds(terms in any_terms(), seed in any_seed()) {
        let amounts = cut(&terms, &seed);
        prop_assert_eq!(amounts.len(), terms.shares() as usize);
        prop_assert!(amounts.iter().all(|a| (1..=terms.max_share().get()).contains(a)));
        prop_assert_eq!(amounts.iter().sum::<u64>(), terms.total().get());
    }

    /// R-SPLIT-2: each share lies between the marks of what was left before it.
    #[test]
    fn shares_keep_to_their_marks(terms in any_lucky(), seed in any_seed()) {
        let mut splitter = Splitter::new(&terms, &seed);
        while splitter.left() > 1 {
            let (rest, left) = (splitter.rest().get(), u64::from(splitter.left()));
            let (low, high) = reference::marks(rest, left, terms.max_share().get());
            let share = splitter.next().unwrap().get();
            prop_assert!(share >= low, "{} is below {}", share, low);
            prop_assert!(share < high || share == low, "{} is not below {}", share, high);
        }
        // The last takes the rest.
        let rest = splitter.rest();
        prop_assert_eq!(splitter.next(), Some(rest));
    }

    /// R-FAIR-4: the whole split is that of the word-by-word reference with its own cipher.
    #[test]
    fn equals_the_reference(terms in any_lucky(), seed in any_seed()) {
        let (expected, _) = reference::split(
            seed.bytes(), terms.total().get(), terms.shares().into(), terms.max_share().get());
        prop_assert_eq!(cut(&terms, &seed), expected);
    }

    /// R-SPLIT-4, R-SEND-3: equal shares are equal; an exclusive packet is one whole share.
    #[test]
    fn equal_and_exclusive_draw_nothing(each in 1_u64..=20_000, shares in 1_u32..=150,
                                        seed in any_seed()) {
        let total = fen(each * u64::from(shares));
        let equal = Terms::new(Kind::Equal, total, shares, fen(20_000)).unwrap();
        prop_assert_eq!(cut(&equal, &seed), vec![each; shares as usize]);
        prop_assert_eq!(equal.first_share_range(), (fen(each), fen(each)));
        prop_assert_eq!(equal.share_range(), (fen(each), fen(each)));
        let exclusive = Terms::new(Kind::Exclusive, fen(each), 1, fen(20_000)).unwrap();
        prop_assert_eq!(cut(&exclusive, &seed), vec![each]);
        prop_assert_eq!(exclusive.share_range(), (fen(each), fen(each)));
    }

    /// R-FAIR-5: the same seed cuts the same, and share k knows nothing of later opens.
    #[test]
    fn a_share_depends_on_nothing_after_it(terms in any_terms(), seed in any_seed(),
                                           opens in 0_usize..160) {
        let whole = cut(&terms, &seed);
        prop_assert_eq!(&cut(&terms, &seed), &whole);
        let early: Vec<_> = Splitter::new(&terms, &seed).take(opens).map(Fen::get).collect();
        prop_assert!(whole.starts_with(&early));
        let late: Vec<_> = Splitter::new(&terms, &seed).skip(opens).map(Fen::get).collect();
        prop_assert!(whole.ends_with(&late));
    }

    /// `left` and `rest` count down to nothing, and nothing comes after the end.
    #[test]
    fn left_and_rest_count_down(terms in any_terms(), seed in any_seed()) {
        let mut splitter = Splitter::new(&terms, &seed);
        let (mut left, mut rest) = (terms.shares(), terms.total());
        loop {
            prop_assert_eq!((splitter.left(), splitter.rest()), (left, rest));
            prop_assert_eq!(splitter.size_hint(), (left as usize, Some(left as usize)));
            let Some(share) = splitter.next() else { break };
            left -= 1;
            rest = rest.checked_sub(share).unwrap();
        }
        prop_assert_eq!((left, rest), (0, Fen::ZERO));
        prop_assert_eq!(splitter.next(), None);
        prop_assert_eq!(splitter.next(), None);
    }

    /// R-WEB-2: the ranges that a form shows hold.
    #[test]
    fn shares_lie_in_the_ranges_shown(terms in any_terms(), seed in any_seed()) {
        let amounts: Vec<_> = Splitter::new(&terms, &seed).collect();
        let (least, most) = terms.first_share_range();
        prop_assert!((least..=most).contains(&amounts[0]));
        let (least, most) = terms.share_range();
        prop_assert!(amounts.iter().all(|amount| (least..=most).contains(amount)));
    }

    /// R-SPLIT-5: the largest share, the earliest on a tie, of a complete lucky packet of two
    /// or more.
    #[test]
    fn best_luck_is_the_earliest_largest(terms in any_terms(), seed in any_seed()) {
        let amounts: Vec<_> = Splitter::new(&terms, &seed).collect();
        let best = best_luck(&terms, &amounts);
        if terms.kind() != Kind::Lucky || terms.shares() < 2 {
            prop_assert_eq!(best, None);
        } else {
            let best = best.unwrap();
            prop_assert!(amounts[..best].iter().all(|earlier| *earlier < amounts[best]));
            prop_assert!(amounts[best..].iter().all(|later| *later <= amounts[best]));
        }
        prop_assert_eq!(best_luck(&terms, &amounts[1..]), None);
        prop_assert_eq!(best_luck(&terms, &[]), None);
        let one_too_many = [amounts, vec![Fen::ONE]].concat();
        prop_assert_eq!(best_luck(&terms, &one_too_many), None);
    }

    /// R-FAIR-3: the split through the whole procedure has one outcome, too.
    #[test]
    fn the_seeds_decide_everything(server in any::<[u8; 32]>(),
                                   client in prop::collection::vec(any::<u8>(), 0..=32),
                                   order_no in any_order_no(), terms in any_terms()) {
        let client = ClientSeed::new(client).unwrap();
        let seed = || ServerSeed::from_bytes(server).split_seed(&client, order_no, &terms);
        prop_assert_eq!(cut(&terms, &seed()), cut(&terms, &seed()));
    }
}

/// R-SPLIT-5 on a tie.
#[test]
fn best_luck_on_a_tie_is_the_first() {
    let terms = Terms::new(Kind::Lucky, fen(17), 4, fen(20)).unwrap();
    let amounts = [3, 6, 2, 6].map(fen);
    assert_eq!(best_luck(&terms, &amounts), Some(1));
}
