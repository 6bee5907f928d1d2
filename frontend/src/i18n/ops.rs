//! The operations page, Chinese and English side by side: for those who run the server.

use hongbao_shared::api::control::{CreditMode, Switch, Switches};

use super::{Lang, texts::texts};
use crate::money::yuan;

texts! {
    ops_title: "运维", "Operations";
    ops_only: "这一页只给管理员看。", "This page is for administrators.";
    ops_node: "本节点", "This node";
    ops_window: "时间范围", "How far back";
    ops_quarter: "15 分钟", "15 minutes";
    ops_day: "一天", "A day";
    ops_week: "一周", "A week";
    ops_no_data: "还没有数据，几秒后再看。", "Nothing measured yet. A few seconds more.";
    ops_quiet: "这段时间没有", "None in this time";
    ops_traffic: "红包流量", "Packets";
    ops_opens: "拆", "opens";
    ops_sends: "发", "sends";
    ops_grabs: "抢", "grabs";
    ops_refusals: "被拒绝的请求", "Refused";
    ops_shards: "各分片的拆", "Opens by shard";
    ops_batch: "每批的拆", "Opens in a commit";
    ops_commit: "每批提交用时", "Time of a commit";
    ops_waiting: "等待投递", "Waiting to be delivered";
    ops_dead: "死信", "Dead letters";
    ops_memory: "缓存命中", "Answered from memory";
    ops_streams: "实时连接", "Live streams";
    ops_all: "全部", "all";
    ops_board: "降级情况", "What is degraded";
    ops_well: "一切正常", "All is well";
    ops_switches: "开关", "Switches";
    ops_change: "修改", "Change";
    ops_never_turned: "还没人动过", "Never turned";
    ops_changes: "修改记录", "Changes";
    ops_no_changes: "还没有人改过开关。", "Nobody has turned a switch yet.";
    ops_confirm: "确认修改", "Do it";
    ops_same: "和现在一样", "As it is now";
    ops_on: "开", "on";
    ops_off: "关", "off";
    ops_no_limit: "不限", "no limit";
    ops_by_receiver: "谁收到就归谁", "whoever receives it";
    ops_new_value: "新的值", "New value";
    ops_zero_is_none: "填 0 表示不限。", "0 means no limit.";
    ops_in_fen: "单位是分。", "In fen.";
    ops_not_a_number: "请填整数。", "A whole number, please.";

    sw_site_weights: "站点分流", "Share of each site";
    sw_credit_mode: "入账方式", "Crediting";
    sw_large_share_fen: "大额起点", "Large share from";
    sw_two_screen_lists: "只看两屏记录", "Lists of two screens";
    sw_lookups_max: "同时查库上限", "Look-ups at once";
    sw_sends_per_user_per_minute: "每人每分钟可发", "Sends per person and minute";
    sw_sends_per_second: "每节点每秒可发", "Sends per node and second";
    sw_packets_on: "红包功能", "Packets";

    mode_split: "大额立即，小额排队", "large at once, small queued";
    mode_queue: "全部排队", "all queued";
    mode_deferred: "先不入账，稍后成批", "later, in batches";

    will_site_weights: "新红包从现在起按这个比例分给各站点；已经发出的留在原处。全部为 0 时，谁收到就归谁。", "New packets go to the sites in this proportion from now on; those that are there stay. With all at 0, they stay where they are received.";
    will_split: "大额马上进钱包，小额排队，通常几秒内到。", "Large shares reach the wallet at once, small ones through the queue, within seconds as a rule.";
    will_queue: "所有金额都排队进钱包，拆红包更快，到账更慢。", "All shares queue. Opening gets faster, money arrives later.";
    will_deferred: "金额先不进钱包，稍后成批到账；大家会看到“在路上”的钱变多。", "Shares arrive later, in batches. People see more money on its way.";
    will_large_share_fen: "达到这个数的份额马上入账；只在“大额立即”时有用。", "Shares from this size on are credited at once, in the mode that tells large from small.";
    will_two_screens: "所有人只能翻到最近两屏记录，读库压力变小。", "Everybody sees the newest two screens of their lists only. The list database gets less to do.";
    will_all_screens: "所有人又能翻到全部记录。", "Everybody can read their lists to the end again.";
    will_lookups_max: "每个节点对每个分片同时最多查这么多次库，多的要等或被拒绝。", "Each node lets so many look-ups at a shard at once. Others wait, or are refused.";
    will_sends: "超过的人会被请稍后再发；已经付款的不受影响。", "Whoever sends more is asked to come back later. What is paid goes on.";
    will_off: "所有人都不能再发、抢、拆红包，直到重新打开。已经拆到的钱照常入账。", "Nobody can send, grab or open a packet until this is turned on again. What has been opened still arrives.";
    will_on: "大家又能发、抢、拆红包了。", "Packets can be sent, grabbed and opened again.";

    ops_letters: "死信", "Dead letters";
    ops_no_letters: "没有死信，都送到了。", "None. Everything arrives.";
    ops_retry_letter: "重试", "Retry";
    ops_letter_tried: "已重新投递。", "It is tried again.";
    ops_letter_moved: "它已不在死信里。", "It is no dead letter any more.";
    ops_reconciliation: "对账", "Reconciliation";
    ops_reconcile_now: "现在对账", "Reconcile now";
    ops_reconciling: "正在对账…", "Reconciling…";
    ops_never_reconciled: "启动以来还没有对过账。", "Not since this node was started.";
    ops_clean: "账实相符", "Everything agrees";
    ops_left: "有问题，需要人看", "Something needs somebody";
}

/// What a switch is called.
pub(crate) fn switch(lang: Lang, switch: Switch) -> &'static str {
    match switch {
        Switch::SiteWeights => lang.sw_site_weights(),
        Switch::CreditMode => lang.sw_credit_mode(),
        Switch::LargeShareFen => lang.sw_large_share_fen(),
        Switch::TwoScreenLists => lang.sw_two_screen_lists(),
        Switch::LookupsMax => lang.sw_lookups_max(),
        Switch::SendsPerUserPerMinute => lang.sw_sends_per_user_per_minute(),
        Switch::SendsPerSecond => lang.sw_sends_per_second(),
        Switch::PacketsOn => lang.sw_packets_on(),
    }
}

/// What a switch says, in words.
pub(crate) fn says(lang: Lang, switches: &Switches, switch: Switch) -> String {
    let on = |is: bool| if is { lang.ops_on() } else { lang.ops_off() }.to_owned();
    let limit = |max: u32| if max == 0 { lang.ops_no_limit().to_owned() } else { max.to_string() };
    match switch {
        Switch::SiteWeights => {
            let weights = switches.site_weights.iter().filter(|(_, weight)| **weight > 0);
            let weights: Vec<String> = weights.map(|(site, of)| format!("{site} {of}")).collect();
            if weights.is_empty() { lang.ops_by_receiver().to_owned() } else { weights.join(" : ") }
        }
        Switch::CreditMode => match switches.credit_mode {
            CreditMode::Split => lang.mode_split(),
            CreditMode::Queue => lang.mode_queue(),
            CreditMode::Deferred => lang.mode_deferred(),
        }
        .to_owned(),
        Switch::LargeShareFen => yuan(switches.large_share_fen),
        Switch::TwoScreenLists => on(switches.two_screen_lists),
        Switch::LookupsMax => switches.lookups_max.to_string(),
        Switch::SendsPerUserPerMinute => limit(switches.sends_per_user_per_minute),
        Switch::SendsPerSecond => limit(switches.sends_per_second),
        Switch::PacketsOn => on(switches.packets_on),
    }
}

/// What is degraded, by its name on the wire; one that is new is shown as it is.
pub(crate) fn rung(lang: Lang, name: &str) -> &str {
    let (zh, en) = match name {
        "site_down" => {
            ("站点连不上，新红包去了别的站点", "A site is down; new packets go elsewhere")
        }
        "shard_down" => ("分片连不上，它的红包在等", "A shard is down; its packets wait"),
        "database_down" => ("数据库连不上", "A database is down"),
        "storage_refuses_writes" => (
            "数据库不接受写入（磁盘满或只读？）",
            "A database takes no writes: disk full, or read only?",
        ),
        "disk_low" => (
            "磁盘快满了，不能再发、说话、入群、充值",
            "The disk is nearly full; no sends, posts, joins, top-ups",
        ),
        "keys_missing" => {
            ("密钥文件丢了，请放回去", "Keys are gone from their folder; put them back")
        }
        "shared_cache_down" => ("共享缓存连不上", "The shared cache is down"),
        "local_numbers" => ("订单号由本地生成", "Order numbers come from the local generator"),
        "preorders_in_database" => ("预下单写进了数据库", "Pre-orders are kept in the database"),
        "grabs_without_cache" => ("抢红包没有走共享缓存", "Grabs do without the shared cache"),
        "lookups_limited" => ("查库在排队或被拒绝", "Look-ups wait, or are refused"),
        "default_profiles" => ("有人显示成默认名字", "People are shown without their names"),
        "sends_limited" => ("发得太多，超出的被拒绝", "More is sent than is taken"),
        "opens_limited" => ("拆得太多，队列满了", "A lane is full; opens are refused"),
        "webhooks_paused" => ("有程序的回调暂停了", "Webhooks of programs take no new events"),
        "doors_full" => ("连接数满了", "No more connections or streams are taken"),
        "clocks_disagree" => ("时钟和数据库不一致", "The clock disagrees with the database's"),
        "clock_went_back" => ("时钟倒退过", "The clock went back"),
        "days_not_emptied" => ("有一天的数据搬不走", "A day cannot be moved to cold storage"),
        "days_differ" => {
            ("冷热数据不一致，没有删除", "A day differs in cold storage; nothing is deleted")
        }
        "node_ending" => ("这个节点出了错，正在退出", "The node is ending after a fault"),
        "credit_deferred" => ("开关：延后入账", "Switch: money arrives later"),
        "two_screen_lists" => ("开关：只看两屏记录", "Switch: lists of two screens"),
        "packets_off" => ("开关：红包已关闭", "Switch: packets are off"),
        other => return other,
    };
    match lang {
        Lang::Zh => zh,
        Lang::En => en,
    }
}

impl Lang {
    /// Where deliveries go; other labels of metrics as they are.
    pub(crate) fn ops_destination(self, name: &str) -> &str {
        match (self, name) {
            (Self::Zh, "land") => "落到分片",
            (Self::Zh, "credit") => "入账",
            (Self::Zh, "refund") => "退款",
            (Self::Zh, "chat") => "群聊",
            (Self::Zh, "lists") => "收发记录",
            _ => name,
        }
    }

    /// How much was highest in the time that a chart shows.
    pub(crate) fn ops_highest(self, value: &str) -> String {
        match self {
            Self::Zh => format!("最高 {value}"),
            Self::En => format!("highest {value}"),
        }
    }

    /// Since when something is degraded.
    pub(crate) fn ops_since(self, at: &str) -> String {
        match self {
            Self::Zh => format!("从 {at} 起"),
            Self::En => format!("since {at}"),
        }
    }

    /// Who turned a switch, and when.
    pub(crate) fn ops_turned(self, who: &str, at: &str) -> String {
        match self {
            Self::Zh => format!("{who}，{at}"),
            Self::En => format!("{who}, {at}"),
        }
    }

    /// Databases whose letters are missing.
    pub(crate) fn ops_letters_silent(self, places: &str) -> String {
        match self {
            Self::Zh => format!("{places} 没有回应，那里的死信没有列出"),
            Self::En => format!("{places} did not answer: letters from there are missing"),
        }
    }

    /// What a letter is about.
    pub(crate) fn ops_letter(self, attempts: u32, at: &str) -> String {
        match self {
            Self::Zh => format!("试了 {attempts} 次，{at} 放弃"),
            Self::En if attempts == 1 => format!("tried once, given up {at}"),
            Self::En => format!("tried {attempts} times, given up {at}"),
        }
    }

    /// What a reconciliation looked at and found.
    pub(crate) fn ops_reconciled(self, at: &str, packets: u64, mended: u64, left: u64) -> String {
        match self {
            Self::Zh => format!("{at}：查了 {packets} 个红包，补了 {mended} 处，剩 {left} 处"),
            Self::En => format!("{at}: {packets} packets looked at, {mended} mended, {left} left"),
        }
    }
}
