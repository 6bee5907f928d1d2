//! What a chat tells by itself: who came and went, what became of packets.

use super::Lang;
use crate::{money, who};
use hongbao_shared::{
    UserId,
    api::{
        accounts::Profile,
        groups::{Message, MessageBody},
    },
};

impl Lang {
    /// The sentence of an entry that nobody said; `None` for words and packets. `first` is who
    /// was the first of several who opened a packet, where that is known.
    pub(crate) fn system_line(self, message: &Message, first: Option<UserId>) -> Option<String> {
        let mine = who::is_me(message.user.id);
        let name = self.subject(&message.user);
        let line = match (&message.body, self) {
            (MessageBody::Text { .. } | MessageBody::Packet { .. }, _) => return None,
            (MessageBody::Unknown, _) => self.needs_newer().to_owned(),
            (MessageBody::Created, Self::Zh) => format!("{name}建了这个群"),
            (MessageBody::Created, Self::En) => format!("{name} made this group"),
            (MessageBody::Joined, Self::Zh) => format!("{name}加入了群聊"),
            (MessageBody::Joined, Self::En) => format!("{name} joined"),
            (MessageBody::Left, Self::Zh) => format!("{name}离开了群聊"),
            (MessageBody::Left, Self::En) => format!("{name} left"),
            (MessageBody::Removed { by }, Self::Zh) => {
                format!("{}把{name}移出了群聊", self.subject(by))
            }
            // Whoever has come back reads that they were removed.
            (MessageBody::Removed { by }, Self::En) => {
                format!("{} removed {}", self.subject(by), if mine { "you" } else { name })
            }
            (MessageBody::Opened { sender, others, .. }, _) => {
                let mut line =
                    self.opened_line(name, mine, &sender.name, who::is_me(sender.id), *others);
                if first.is_some_and(who::is_me) {
                    line.push_str(self.you_first());
                }
                line
            }
            (MessageBody::Finished { shares, took_ms, best_luck, .. }, _) => {
                let luckiest = best_luck.as_ref().map(|profile| match self {
                    Self::Zh if who::is_me(profile.id) => "你",
                    Self::En if who::is_me(profile.id) => "you",
                    _ => profile.name.as_str(),
                });
                let whose = match self {
                    Self::Zh if mine => "你的红包".to_owned(),
                    Self::En if mine => "Your packet".to_owned(),
                    Self::Zh => format!("{name}的红包"),
                    Self::En => format!("{name}'s packet"),
                };
                self.finished_line(&whose, *shares, *took_ms, luckiest)
            }
            (MessageBody::Expired { refunded_fen, .. }, Self::Zh) => {
                format!("你的红包过期了，{} 退回了钱包", money::yuan(*refunded_fen))
            }
            (MessageBody::Expired { refunded_fen, .. }, Self::En) => {
                format!(
                    "Your packet expired; {} went back to your wallet",
                    money::yuan(*refunded_fen)
                )
            }
        };
        Some(line)
    }

    /// Who does something, where a sentence or a line begins with it.
    pub(crate) fn subject(self, person: &Profile) -> &str {
        match self {
            Self::Zh if who::is_me(person.id) => "你",
            Self::En if who::is_me(person.id) => "You",
            _ => &person.name,
        }
    }

    fn opened_line(
        self,
        name: &str,
        mine: bool,
        sender: &str,
        from_me: bool,
        others: u32,
    ) -> String {
        match (self, mine, from_me, others) {
            (Self::Zh, true, true, others @ 1..) => format!("你和另外 {others} 人领取了你的红包"),
            (Self::En, true, true, 1) => "You and one more opened your packet".to_owned(),
            (Self::En, true, true, others @ 2..) => {
                format!("You and {others} others opened your packet")
            }
            (Self::Zh, true, true, _) => "你领取了自己的红包".to_owned(),
            (Self::Zh, true, false, _) => format!("你领取了{sender}的红包"),
            (Self::Zh, false, _, 0) => format!("{name}领取了你的红包"),
            (Self::Zh, false, _, others) => {
                format!("{name}和另外 {others} 人领取了你的红包")
            }
            (Self::En, true, true, _) => "You opened your own packet".to_owned(),
            (Self::En, true, false, _) => format!("You opened {sender}'s packet"),
            (Self::En, false, _, 0) => format!("{name} opened your packet"),
            (Self::En, false, _, 1) => format!("{name} and one more opened your packet"),
            (Self::En, false, _, others) => {
                format!("{name} and {others} others opened your packet")
            }
        }
    }

    fn you_first(self) -> &'static str {
        match self {
            Self::Zh => "，你是第一个",
            Self::En => ", you first",
        }
    }

    fn finished_line(
        self,
        whose: &str,
        shares: u32,
        took_ms: i64,
        luckiest: Option<&str>,
    ) -> String {
        let took = self.duration(took_ms);
        match (self, luckiest) {
            // Of a single share nobody asks how long it took.
            (Self::Zh, None) if shares == 1 => format!("{whose}已被领取"),
            (Self::En, None) if shares == 1 => format!("{whose} has been opened"),
            (Self::Zh, Some(luckiest)) => format!("{whose} {took}被领完，{luckiest}手气最佳"),
            (Self::Zh, None) => format!("{whose} {took}被领完"),
            (Self::En, Some(luckiest)) => {
                format!("{whose} was gone in {took}. Best luck: {luckiest}")
            }
            (Self::En, None) => format!("{whose} was gone in {took}"),
        }
    }
}
