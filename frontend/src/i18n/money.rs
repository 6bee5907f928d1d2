//! Phrases about the wallet and the lists.

use hongbao_shared::{Fen, api::lists::MonthTotal};

use super::Lang;
use crate::money::yuan;

/// A count that may be beyond what `usize` holds in WASM; the plural is the same.
fn counted_u64(n: u64, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

const fn month_name(number: u8) -> &'static str {
    match number {
        1 => "January",
        2 => "February",
        3 => "March",
        4 => "April",
        5 => "May",
        6 => "June",
        7 => "July",
        8 => "August",
        9 => "September",
        10 => "October",
        11 => "November",
        _ => "December",
    }
}

impl Lang {
    pub(crate) fn on_its_way(self, pending: Fen) -> String {
        let pending = yuan(pending);
        match self {
            Self::Zh => format!("还有 {pending} 正在入账"),
            Self::En => format!("{pending} on its way"),
        }
    }

    pub(crate) fn topped_up(self, amount: Fen) -> String {
        let amount = yuan(amount);
        match self {
            Self::Zh => format!("充好了，{amount} 已到账"),
            Self::En => format!("Done, {amount} is in your wallet"),
        }
    }

    pub(crate) fn balance_after(self, balance: Fen) -> String {
        let balance = yuan(balance);
        match self {
            Self::Zh => format!("余额 {balance}"),
            Self::En => format!("Balance {balance}"),
        }
    }

    /// Of an amount with more decimals than there are.
    pub(crate) fn amount_too_fine(self) -> String {
        let least = yuan(Fen::ONE);
        match self {
            Self::Zh => format!("最小的金额是 {least}。"),
            Self::En => format!("{least} is the smallest amount there is."),
        }
    }

    pub(crate) fn received_in(self, year: i16) -> String {
        match self {
            Self::Zh => format!("{year} 年共收到"),
            Self::En => format!("Received in {year}"),
        }
    }

    pub(crate) fn sent_in(self, year: i16) -> String {
        match self {
            Self::Zh => format!("{year} 年共发出"),
            Self::En => format!("Sent in {year}"),
        }
    }

    pub(crate) fn packets(self, n: u64) -> String {
        match self {
            Self::Zh => format!("{n} 个红包"),
            Self::En => counted_u64(n, "packet", "packets"),
        }
    }

    pub(crate) fn best_lucks(self, n: u64) -> String {
        match self {
            Self::Zh => format!("手气最佳 {n} 次"),
            Self::En => counted_u64(n, "best luck", "best lucks"),
        }
    }

    /// The chart of a year in words: the months that have something.
    pub(crate) fn chart_words(self, months: &[MonthTotal]) -> String {
        let told: Vec<String> = (1_u8..)
            .zip(months)
            .filter(|(_, month)| month.count > 0)
            .map(|(number, month)| {
                let (total, count) = (yuan(month.total_fen), self.packets(month.count));
                match self {
                    Self::Zh => format!("{number} 月 {total}，{count}"),
                    Self::En => format!("{} {total}, {count}", month_name(number)),
                }
            })
            .collect();
        match self {
            _ if told.is_empty() => self.chart_empty().to_owned(),
            Self::Zh => told.join("；"),
            Self::En => told.join("; "),
        }
    }
}
