//! A sentence that helps for every way in which a call can fail.

use hongbao_shared::{ErrorCode, Fen, Limits};

use super::Lang;
use crate::{api::Failure, money::yuan};

impl Lang {
    pub(crate) fn failure(self, failure: &Failure, limits: &Limits) -> String {
        match failure {
            Failure::Refused { code: ErrorCode::RateLimited, retry_after_s: Some(seconds) } => {
                match self {
                    Self::Zh => format!("太快了，{seconds} 秒后再试。"),
                    Self::En => format!("That was fast. Try again in {seconds} s."),
                }
            }
            Failure::Refused { code, .. } => self.error(*code, limits),
            Failure::Unreachable => match self {
                Self::Zh => "连不上服务器，检查一下网络再试。",
                Self::En => "Can't reach the server. Check your connection and try again.",
            }
            .to_owned(),
            Failure::Unreadable => match self {
                Self::Zh => "服务器的答复看不懂，过一会儿再试。",
                Self::En => "The server's answer made no sense. Try again in a moment.",
            }
            .to_owned(),
        }
    }

    /// Exhaustive on purpose: a new code does not compile without its sentence.
    #[expect(clippy::too_many_lines, reason = "one line per code")]
    pub(crate) fn error(self, code: ErrorCode, limits: &Limits) -> String {
        let (zh, en) = match code {
            ErrorCode::AmountOutOfRange
            | ErrorCode::SharesOutOfRange
            | ErrorCode::MoreSharesThanFen
            | ErrorCode::ShareTooLarge
            | ErrorCode::GreetingInvalid
            | ErrorCode::NameInvalid
            | ErrorCode::GroupNameInvalid
            | ErrorCode::MessageInvalid
            | ErrorCode::PasswordInvalid
            | ErrorCode::TopUpOutOfRange
            | ErrorCode::GroupFull
            | ErrorCode::TooManyGroups => return self.limit(code, limits),

            ErrorCode::InvalidBody
            | ErrorCode::UnknownField
            | ErrorCode::InvalidQuery
            | ErrorCode::InvalidId
            | ErrorCode::InvalidCursor
            | ErrorCode::UnsupportedMediaType
            | ErrorCode::NotAcceptable
            | ErrorCode::MethodNotAllowed
            | ErrorCode::KeyInvalid
            | ErrorCode::KeyNotTaken
            | ErrorCode::ClientSeedInvalid => (
                "网页和服务器没对上，请刷新页面再试。",
                "This page and the server disagree. Reload the page and try again.",
            ),
            ErrorCode::BodyTooLarge => {
                ("内容太长了，短一点再试。", "That's too long. Shorten it and try again.")
            }
            ErrorCode::NotFound => ("这里什么都没有。", "There's nothing here."),
            ErrorCode::RateLimited => {
                ("太快了，歇一下再试。", "That was fast. Take a breath and try again.")
            }

            ErrorCode::PersonChanged => (self.person_changed(), self.person_changed()),
            ErrorCode::Unauthenticated => ("请先进来。", "Come in first: sign in or give a name."),
            ErrorCode::Forbidden => ("你没有权限这么做。", "You're not allowed to do that."),
            ErrorCode::ScopeMissing => {
                ("这个程序没有这项权限。", "This program doesn't have the right to do that.")
            }
            ErrorCode::PersonRequired => {
                ("程序没有说明代表谁。", "The program doesn't say for whom it acts.")
            }
            ErrorCode::PersonNotLinked => {
                ("这个程序没有关联这个人。", "The program hasn't linked this person.")
            }
            ErrorCode::LinkInvalid => {
                ("平台或编号的写法不对。", "The provider or the id isn't written as it should be.")
            }
            ErrorCode::TooManyAtOnce => ("一次太多了。", "That's too many at a time."),
            ErrorCode::WebhookNotFound => ("没有这个回调。", "There's no such webhook."),
            ErrorCode::WebhookUrlInvalid => {
                ("不能向这个网址发送。", "Events can't be posted to this URL.")
            }
            ErrorCode::WebhookExists => {
                ("这个网址已经登记过了。", "There is a webhook with this URL already.")
            }
            ErrorCode::TooManyWebhooks => ("回调太多了。", "There are too many webhooks."),
            ErrorCode::PushInvalid => ("没法在那里提醒。", "Alerts can't be sent there."),
            ErrorCode::ReplayInvalid => {
                ("重发要么指明事件，要么指明时间。", "A replay names either an event or a moment.")
            }
            ErrorCode::WebhookEventNotFound => {
                ("这个事件已经不在了。", "The event is no longer kept.")
            }
            ErrorCode::WrongCredentials => ("账号名或密码不对。", "Name and password don't match."),
            ErrorCode::GuestsOff => (
                "这里不接待访客，请用账号登录。",
                "Guests aren't admitted here. Sign in with an account.",
            ),
            ErrorCode::NameTaken => {
                ("这个账号名有人用了，换一个。", "That name is taken. Pick another.")
            }

            ErrorCode::AvatarInvalid => {
                ("没有这个头像，换一个。", "There's no such picture. Pick another.")
            }
            ErrorCode::AlreadyAccount => ("你已经有账号了。", "You have an account already."),
            ErrorCode::GuestHasNoPassword => {
                ("访客没有密码，先注册成账号。", "Guests have no password. Make an account first.")
            }
            ErrorCode::SessionNotFound => {
                ("这次登录已经结束了。", "That session has ended already.")
            }
            ErrorCode::MemberNotFound => {
                ("这个人不在群里了。", "That person isn't in the group any more.")
            }
            ErrorCode::NotOwner => ("只有群主可以这么做。", "Only the group's owner can do that."),
            ErrorCode::DemoOff => ("这里没有体验群。", "There are no demo groups here."),

            ErrorCode::GroupNotFound => {
                ("没有这个群，或者你不在群里。", "There's no such group, or you're not in it.")
            }
            ErrorCode::InvitationInvalid => (
                "邀请无效或已过期，请朋友再发一个。",
                "This invitation isn't valid any more. Ask for a new one.",
            ),

            ErrorCode::DoesNotDivide => (
                "普通红包要能平分，改一下金额或个数。",
                "Equal shares must come out even. Change the amount or the shares.",
            ),
            ErrorCode::ExclusiveShares => {
                ("专属红包只有一份。", "A packet for one person has one share.")
            }
            ErrorCode::RecipientRequired => ("选一下发给谁。", "Pick whom it's for."),
            ErrorCode::RecipientUnexpected => {
                ("只有专属红包才选收红包的人。", "Only a packet for one names a person.")
            }
            ErrorCode::RecipientInvalid => (
                "这个人不在群里，或者是你自己，换一位。",
                "Pick another member of this group, not yourself.",
            ),
            ErrorCode::CoverUnknown => {
                ("没有这个封面，换一个。", "There's no such cover. Pick another.")
            }
            ErrorCode::SwitchInvalid => ("这个开关不能这样设。", "A switch can't be set to that."),
            ErrorCode::ControlChanged => (
                "别人刚改过开关，刷新后再试。",
                "Somebody else has just changed the switches. Look again and retry.",
            ),
            ErrorCode::PacketsOff => (
                "红包暂时关闭了，钱没有动。",
                "Packets are switched off for now. Your money hasn't moved.",
            ),

            ErrorCode::PreOrderExpired => (
                "太久没付，这个红包作废了，钱没有动。再发一个吧。",
                "This packet waited too long and lapsed. Nothing was paid. Send a new one.",
            ),
            ErrorCode::ClientSeedDiffers => {
                ("这个红包已经付过了。", "This packet has been paid already.")
            }
            ErrorCode::InsufficientBalance => {
                ("余额不够，先充点钱。", "Your balance is too low. Top up first.")
            }
            ErrorCode::ReceiveCapReached => (
                "今天收够了，明天再来抢。",
                "You've received all you can today. Come back tomorrow.",
            ),
            ErrorCode::SendCapReached => ("今天发够了，明天再发。", "That's over today's cap."),
            ErrorCode::PacketGivenUp => (
                "红包没能送达，钱已全部退回。",
                "The packet couldn't be delivered. All the money went back.",
            ),

            ErrorCode::OrderNoInvalid => ("这个红包编号写错了。", "That packet number has a typo."),
            ErrorCode::PacketNotFound => (
                "没有这个红包，或者你已经不在它的群里。领到和付出的钱都记在你的钱包里。",
                "There's no such packet, or you aren't in its group any more. What you got and paid stays on record in your wallet.",
            ),
            ErrorCode::PacketFinished => ("手慢了，红包被领完了。", "Too late, it's all gone."),
            ErrorCode::PacketExpired => (
                "红包过期了，没领完的钱会退回。",
                "This packet has expired. What was left goes back.",
            ),
            ErrorCode::PacketNotForYou => {
                ("这个红包是给别人的。", "This one is for somebody else.")
            }
            ErrorCode::TicketInvalid | ErrorCode::TicketExpired => {
                ("等太久了，再点一次。", "That took a while. Tap it again.")
            }
            ErrorCode::LaneFull | ErrorCode::PacketBusy => {
                ("抢的人太多了，再点一次。", "Everybody's grabbing at once. Tap again.")
            }

            ErrorCode::KeyInUse => {
                ("这一步正在做，稍等一下。", "This is being done. Give it a moment.")
            }
            ErrorCode::KeyReused | ErrorCode::OutcomeUnknown => {
                ("这一步已经做过了，刷新页面看看。", "This was done before. Reload to see.")
            }
            ErrorCode::Unavailable => (
                "服务器在忙，过一会儿再试。",
                "Part of the service is away. Try again in a moment.",
            ),
            ErrorCode::ShardUnavailable => (
                "这个红包暂时打不开，钱不会丢，过一会儿再试。",
                "This packet is out of reach for now. Nothing is lost; try again later.",
            ),
            ErrorCode::Internal => (
                "我们这边出错了，钱不会丢，再试一次。",
                "Something went wrong on our side. Your money is safe; try again.",
            ),
        };
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
        .to_owned()
    }

    /// Sentences that name the limit.
    fn limit(self, code: ErrorCode, limits: &Limits) -> String {
        let (zh, en) = match code {
            ErrorCode::AmountOutOfRange => {
                let (least, most) = (yuan(Fen::ONE), yuan(limits.max_total_fen));
                (
                    format!("一个红包总共 {least} 到 {most}。"),
                    format!("A packet holds from {least} to {most}."),
                )
            }
            ErrorCode::MoreSharesThanFen => {
                let least = yuan(Fen::ONE);
                (
                    format!("每个红包至少 {least}，钱多一点或个数少一点。"),
                    format!("Every share needs at least {least}. Add money or make fewer shares."),
                )
            }
            ErrorCode::SharesOutOfRange => {
                let most = limits.max_shares;
                (format!("个数从 1 到 {most}。"), format!("From 1 to {most} shares."))
            }
            ErrorCode::ShareTooLarge => {
                let most = yuan(limits.max_share_fen);
                (
                    format!("单个红包最多 {most}，钱少一点或个数多一点。"),
                    format!("A share holds at most {most}. Less money or more shares."),
                )
            }
            ErrorCode::GreetingInvalid => {
                let most = limits.greeting_chars_max;
                (
                    format!("祝福语最多 {most} 个字，不能有特殊控制字符。"),
                    format!("A greeting has at most {most} characters on one line."),
                )
            }
            ErrorCode::NameInvalid => {
                let most = limits.name_chars_max;
                (
                    format!("名字要 1 到 {most} 个字，不能有特殊控制字符。"),
                    format!("A name has 1 to {most} visible characters."),
                )
            }
            ErrorCode::GroupNameInvalid => {
                let most = limits.group_name_chars_max;
                (
                    format!("群名要 1 到 {most} 个字，不能有特殊控制字符。"),
                    format!("A group's name has 1 to {most} visible characters."),
                )
            }
            ErrorCode::MessageInvalid => {
                let most = limits.message_chars_max;
                (
                    format!("消息要 1 到 {most} 个字，不能有特殊控制字符。"),
                    format!("A message has 1 to {most} visible characters."),
                )
            }
            ErrorCode::PasswordInvalid => {
                let (least, most) = (limits.password_chars_min, limits.password_chars_max);
                (
                    format!("密码要 {least} 到 {most} 个字，别太好猜。"),
                    format!("A password has {least} to {most} characters and is hard to guess."),
                )
            }
            ErrorCode::TopUpOutOfRange => {
                let (least, most) = (yuan(Fen::ONE), yuan(limits.max_top_up_fen));
                (
                    format!("一次充值 {least} 到 {most}。"),
                    format!("Top up from {least} to {most} at a time."),
                )
            }
            ErrorCode::GroupFull => {
                let most = limits.group_members_max;
                (format!("群满了，最多 {most} 人。"), format!("The group is full: {most} people."))
            }
            // `error` sends nothing else here.
            _ => {
                let most = limits.groups_per_user_max;
                (
                    format!("你的群太多了，最多 {most} 个。"),
                    format!("You're in {most} groups, the most there can be."),
                )
            }
        };
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Lang;
    use hongbao_shared::{ErrorCode, Limits};
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test]
    fn every_code_has_its_sentence_in_both_languages() {
        let limits = Limits::default();
        for code in ErrorCode::ALL {
            let (zh, en) = (Lang::Zh.error(*code, &limits), Lang::En.error(*code, &limits));
            assert!(zh.ends_with('。') && !zh.is_ascii(), "{code}: {zh}");
            assert!(en.ends_with('.') && en.replace('¥', "").is_ascii(), "{code}: {en}");
        }
    }
}
