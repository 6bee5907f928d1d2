//! Phrases about people and groups.

use super::{Lang, phrases::counted};

/// The built-in pictures, in the order of their numbers.
const AVATARS: [(&str, &str); 24] = [
    ("鼠", "Rat"),
    ("牛", "Ox"),
    ("虎", "Tiger"),
    ("兔", "Rabbit"),
    ("龙", "Dragon"),
    ("蛇", "Snake"),
    ("马", "Horse"),
    ("羊", "Sheep"),
    ("猴", "Monkey"),
    ("鸡", "Rooster"),
    ("狗", "Dog"),
    ("猪", "Pig"),
    ("熊猫", "Panda"),
    ("猫", "Cat"),
    ("狐狸", "Fox"),
    ("熊", "Bear"),
    ("青蛙", "Frog"),
    ("企鹅", "Penguin"),
    ("橘子", "Tangerine"),
    ("桃子", "Peach"),
    ("柿子", "Persimmon"),
    ("草莓", "Strawberry"),
    ("西瓜", "Watermelon"),
    ("饺子", "Dumpling"),
];

impl Lang {
    pub(crate) fn avatar_name(self, number: usize) -> &'static str {
        let (zh, en) = AVATARS.get(number).copied().unwrap_or(AVATARS[0]);
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }

    pub(crate) fn members(self, n: usize) -> String {
        match self {
            Self::Zh => format!("{n} 人"),
            Self::En => counted(n, "member", "members"),
        }
    }

    /// What is found by name.
    pub(crate) fn groups_found(self, n: usize) -> String {
        match (self, n) {
            (Self::Zh, 0) => "没有叫这个名字的群".to_owned(),
            (Self::En, 0) => "No chat has that name".to_owned(),
            (Self::Zh, _) => format!("找到 {n} 个群"),
            (Self::En, _) => counted(n, "chat found", "chats found"),
        }
    }

    pub(crate) fn pin(self, group: &str) -> String {
        match self {
            Self::Zh => format!("置顶 {group}"),
            Self::En => format!("Pin {group} to the top"),
        }
    }

    pub(crate) fn group_has(self, n: usize) -> String {
        match self {
            Self::Zh => format!("本群共 {n} 人"),
            Self::En => format!("{} in this group", counted(n, "person", "people")),
        }
    }

    pub(crate) fn invitation_until(self, when: &str) -> String {
        match self {
            Self::Zh => format!("链接有效到 {when}"),
            Self::En => format!("Good until {when}"),
        }
    }

    pub(crate) fn invited_by(self, name: &str) -> String {
        match self {
            Self::Zh => format!("{name}邀请你进群"),
            Self::En => format!("{name} invites you to a group"),
        }
    }

    pub(crate) fn member_remove_of(self, name: &str) -> String {
        match self {
            Self::Zh => format!("把{name}移出群聊"),
            Self::En => format!("Remove {name} from the group"),
        }
    }

    pub(crate) fn member_remove_sure(self, name: &str) -> String {
        match self {
            Self::Zh => {
                format!("把{name}移出群聊？已经领到的钱还是{name}的。群里现有的邀请链接都会失效。")
            }
            Self::En => format!(
                "Remove {name}? What {name} has opened stays theirs. All links that invite to this group stop working."
            ),
        }
    }

    pub(crate) fn password_hint(self, least: u32) -> String {
        match self {
            Self::Zh => format!("至少 {least} 个字"),
            Self::En => format!("At least {least} characters"),
        }
    }

    /// `seen` is absent for the session that looks: it is written down only now and then.
    pub(crate) fn session_times(self, seen: Option<&str>, created: &str) -> String {
        let Some(seen) = seen else {
            return match self {
                Self::Zh => format!("正在使用 · 登录于 {created}"),
                Self::En => format!("In use now · since {created}"),
            };
        };
        match self {
            Self::Zh => format!("最近使用 {seen} · 登录于 {created}"),
            Self::En => format!("Last used {seen} · since {created}"),
        }
    }

    pub(crate) fn session_end_of(self, agent: &str) -> String {
        match self {
            Self::Zh => format!("退出这次登录：{agent}"),
            Self::En => format!("End this session: {agent}"),
        }
    }
}
