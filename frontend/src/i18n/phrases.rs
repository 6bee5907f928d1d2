//! Texts with something inside.

use hongbao_shared::{
    Fen,
    api::{groups::UNREAD_MAX, packets::PacketState},
};

use super::Lang;
use crate::money::yuan;

/// `1 share`, `2 shares`.
pub(super) fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// One thing after another in a line, in either language.
pub(crate) fn joined_by_dot(first: &str, second: &str) -> String {
    format!("{first} · {second}")
}

impl Lang {
    /// The page's title, with how much is unread.
    pub(crate) fn app_title(self, unread: u32) -> String {
        match unread {
            0 => self.app_title_plain().to_owned(),
            1..UNREAD_MAX => format!("({unread}) {}", self.app_title_plain()),
            _ => format!("(99+) {}", self.app_title_plain()),
        }
    }

    pub(crate) fn unread(self, number: &str) -> String {
        match self {
            Self::Zh => format!("{number} 条未读"),
            Self::En => format!("{number} unread"),
        }
    }

    /// How many shares a packet has.
    pub(crate) fn shares_of(self, n: i64) -> String {
        let n = usize::try_from(n).unwrap_or_default();
        match self {
            Self::Zh => format!("{n} 个"),
            Self::En => counted(n, "share", "shares"),
        }
    }

    pub(crate) fn too_many_shares(self, people: usize, more: usize) -> String {
        match self {
            Self::Zh => format!("群里现在有 {people} 人，没人再进群的话，有 {more} 个会退回。"),
            Self::En => {
                let people = match people {
                    1 => "1 person is".to_owned(),
                    _ => format!("{people} people are"),
                };
                let more = counted(more, "share", "shares");
                format!("{people} in this group: {more} will come back unless more join.")
            }
        }
    }

    pub(crate) fn pay_amount(self, total: Fen) -> String {
        let total = yuan(total);
        match self {
            Self::Zh => format!("支付 {total}"),
            Self::En => format!("Pay {total}"),
        }
    }

    pub(crate) fn said(self, name: &str, text: &str) -> String {
        match self {
            Self::Zh => format!("{name}：{text}"),
            Self::En => format!("{name}: {text}"),
        }
    }

    /// A packet, as a line about a chat has it.
    pub(crate) fn said_packet(self, name: &str, greeting: &str) -> String {
        let greeting = if greeting.is_empty() { self.default_greeting() } else { greeting };
        self.said(name, &format!("{} {greeting}", self.last_packet()))
    }

    pub(crate) fn packet_from(self, name: &str) -> String {
        match self {
            Self::Zh => format!("{name}的红包"),
            Self::En => format!("{name}'s red packet"),
        }
    }

    pub(crate) fn packet_for(self, name: &str) -> String {
        match self {
            Self::Zh => format!("给{name}的专属红包"),
            Self::En => format!("Just for {name}"),
        }
    }

    /// What any share of a lucky packet can hold.
    pub(crate) fn share_range(self, low: Fen, high: Fen, mean: Fen) -> String {
        let (least, most, mean) = (yuan(low), yuan(high), yuan(mean));
        match self {
            Self::Zh => format!("每份 {least} 到 {most}，平均 {mean}"),
            Self::En => format!("{least} to {most} each, {mean} on average"),
        }
    }

    /// Describes one sampled split to those who cannot see its bars.
    pub(crate) fn sample_label(self, n: usize, least: Fen, most: Fen) -> String {
        let (least, most) = (yuan(least), yuan(most));
        match self {
            Self::Zh => format!("第 {n} 次：最少 {least}，最多 {most}"),
            Self::En => format!("Sample {n}: from {least} to {most}"),
        }
    }

    pub(crate) fn first_of_many(self, shown: usize) -> String {
        match self {
            Self::Zh => format!("只画出前 {shown} 份"),
            Self::En => format!("Showing the first {shown} shares"),
        }
    }

    /// What the house takes on top, and what is paid with it.
    pub(crate) fn with_fee(self, fee: Fen, sum: Fen) -> String {
        let (fee, sum) = (yuan(fee), yuan(sum));
        match self {
            Self::Zh => format!("另收手续费 {fee}，共付 {sum}"),
            Self::En => format!("plus a fee of {fee}, {sum} in all"),
        }
    }

    pub(crate) fn short_of(self, missing: Fen) -> String {
        let missing = yuan(missing);
        match self {
            Self::Zh => format!("余额不够，还差 {missing}"),
            Self::En => format!("Your balance is {missing} short"),
        }
    }

    /// How far an open packet is.
    pub(crate) fn progress(self, claimed: u32, shares: u32) -> String {
        match self {
            Self::Zh => format!("已领 {claimed}/{shares} 个"),
            Self::En => format!("{claimed} of {shares} opened"),
        }
    }

    pub(crate) fn progress_money(self, claimed: Fen, total: Fen) -> String {
        let (claimed, total) = (yuan(claimed), yuan(total));
        match self {
            Self::Zh => format!("共 {claimed}/{total}"),
            Self::En => format!("{claimed} of {total}"),
        }
    }

    /// How long a finished packet took.
    pub(crate) fn emptied_in(self, shares: u32, total: Fen, duration: &str) -> String {
        let total = yuan(total);
        match self {
            Self::Zh => format!("{shares} 个红包共 {total}，{duration}被抢光"),
            Self::En => {
                let shares = counted(shares as usize, "share", "shares");
                format!("{shares}, {total} in all, gone in {duration}")
            }
        }
    }

    /// How a single share stands: there is nothing to count.
    pub(crate) const fn stands(self, state: PacketState) -> &'static str {
        match state {
            PacketState::Open => self.not_opened(),
            PacketState::Finished => self.card_opened(),
            PacketState::Expired => self.card_expired(),
        }
    }

    pub(crate) fn expired_with(self, claimed: u32, shares: u32) -> String {
        match self {
            Self::Zh => format!("红包已过期，领取 {claimed}/{shares} 个"),
            Self::En => format!("Expired with {claimed} of {shares} opened"),
        }
    }

    pub(crate) fn went_back(self, refunded: Fen) -> String {
        let refunded = yuan(refunded);
        match self {
            Self::Zh => format!("{refunded} 已退回给发红包的人"),
            Self::En => format!("{refunded} went back to the sender"),
        }
    }

    pub(crate) fn ends_at(self, when: &str) -> String {
        match self {
            Self::Zh => format!("{when} 过期，没领完的会退回"),
            Self::En => format!("Open until {when}; what's left goes back"),
        }
    }

    pub(crate) fn share_number(self, seq: usize) -> String {
        match self {
            Self::Zh => format!("第 {seq} 份"),
            Self::En => format!("Share {seq}"),
        }
    }

    pub(crate) fn fair_expected(self, expected: Fen) -> String {
        let expected = yuan(expected);
        match self {
            Self::Zh => format!("应为 {expected}"),
            Self::En => format!("should be {expected}"),
        }
    }

    /// A packet, and what is paid with it if it has a fee.
    pub(crate) fn pending_of(self, total: Fen, fee: Fen) -> String {
        let sum = total.checked_add(fee).filter(|_| !fee.is_zero());
        let total = yuan(total);
        match (self, sum.map(|sum| self.with_fee(fee, sum))) {
            (Self::Zh, None) => format!("{total} 的红包"),
            (Self::Zh, Some(with_fee)) => format!("{total} 的红包（{with_fee}）"),
            (Self::En, None) => format!("A packet of {total}"),
            (Self::En, Some(with_fee)) => format!("A packet of {total} ({with_fee})"),
        }
    }

    pub(crate) fn duration(self, millis: i64) -> String {
        let seconds = (millis.max(0) + 999) / 1000;
        let count = |n: i64| usize::try_from(n).unwrap_or_default();
        let (hours, minutes) = (seconds / 3600, seconds / 60);
        match (self, hours, minutes) {
            (Self::Zh, 0, 0) => format!("{} 秒", seconds.max(1)),
            (Self::Zh, 0, _) => format!("{minutes} 分 {} 秒", seconds % 60),
            (Self::Zh, _, _) => format!("{hours} 小时 {} 分", minutes % 60),
            (Self::En, 0, 0) => counted(count(seconds.max(1)), "second", "seconds"),
            (Self::En, 0, _) => format!("{minutes} min {} s", seconds % 60),
            (Self::En, _, _) => format!("{hours} h {} min", minutes % 60),
        }
    }
}
