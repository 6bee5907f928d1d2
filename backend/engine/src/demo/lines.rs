//! What demo members say.

use hongbao_shared::api::groups::Language;

/// On what occasion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occasion {
    /// Somebody comes for the first time.
    Welcome,
    /// Somebody comes back.
    BackAgain,
    /// Before the first packet.
    Invite,
    /// After opening somebody's packet.
    Thanks,
    /// Somebody had the best luck.
    Congratulate,
    /// The speaker had the best luck.
    LuckyMe,
    /// The packet was gone.
    TooLate,
    /// To what somebody said.
    Reply,
    /// Nothing in particular.
    SmallTalk,
}

/// What can be said; `{}` stands for the name of whom it is about.
pub(super) const fn lines(language: Language, occasion: Occasion) -> &'static [&'static str] {
    match (language, occasion) {
        (Language::Zh, Occasion::Welcome) => {
            &["欢迎{}！来得正好", "{}来啦，坐坐坐", "哈喽{}，就等你了"]
        }
        (Language::En, Occasion::Welcome) => {
            &["Welcome, {}! You're right on time", "Hi {}, good to see you", "{} is here, hello!"]
        }
        (Language::Zh, Occasion::BackAgain) => &["{}回来啦", "又见面了，{}", "来来来，{}到了"],
        (Language::En, Occasion::BackAgain) => {
            &["Welcome back, {}", "There you are, {}", "Hey {}, good timing"]
        }
        (Language::Zh, Occasion::Invite) => {
            &["我先发一个，手快有手慢无", "新朋友来了，发个红包热闹一下", "准备好，要发了"]
        }
        (Language::En, Occasion::Invite) => &[
            "Let me send one. Be quick!",
            "New face, new packet. Ready?",
            "Fingers ready, here it comes",
        ],
        (Language::Zh, Occasion::Thanks) => {
            &["谢谢老板", "谢谢！", "收到，沾沾喜气", "老板大气", "哈哈谢谢红包"]
        }
        (Language::En, Occasion::Thanks) => &[
            "Thank you!",
            "Aw, thanks",
            "That made my day",
            "So generous!",
            "Thanks for the packet",
        ],
        (Language::Zh, Occasion::Congratulate) => {
            &["{}手气也太好了吧", "恭喜{}，该你发了", "又是{}，羡慕", "{}请客"]
        }
        (Language::En, Occasion::Congratulate) => &[
            "{}, what luck!",
            "Congrats {}, your turn to send",
            "{} again! I'm jealous",
            "Drinks on {}",
        ],
        (Language::Zh, Occasion::LuckyMe) => {
            &["今天运气不错", "我就说我行", "手气最佳是我，下一个我来发", "哈哈哈哈"]
        }
        (Language::En, Occasion::LuckyMe) => &[
            "My lucky day",
            "Told you so",
            "Best luck! I'll send the next one",
            "Ha, that was mine",
        ],
        (Language::Zh, Occasion::TooLate) => {
            &["手慢了", "又没抢到", "网卡了一下，没了", "下次一定"]
        }
        (Language::En, Occasion::TooLate) => {
            &["Too slow again", "Missed it!", "I blinked and it was gone", "Next time"]
        }
        (Language::Zh, Occasion::Reply) => {
            &["哈哈", "真的", "有道理", "说得好", "可以可以", "我也觉得", "嗯嗯"]
        }
        (Language::En, Occasion::Reply) => {
            &["Ha", "True", "Good point", "Well said", "Same here", "I think so too", "Right?"]
        }
        (Language::Zh, Occasion::SmallTalk) => &[
            "你们年夜饭吃什么",
            "今天手气怎么样",
            "谁还没发过红包，说的就是你",
            "我昨天抢到一分钱，截图留念",
            "听说点“公平验算”能自己算一遍，真的对得上",
            "饺子还是汤圆，选一个",
            "外面又放烟花了",
            "等下一个红包等得花儿都谢了",
        ],
        (Language::En, Occasion::SmallTalk) => &[
            "What's everyone eating tonight?",
            "How's your luck today?",
            "Somebody here hasn't sent one yet. You know who you are",
            "I got one single fen yesterday. Framed it",
            "Did you know you can check the split yourself? It adds up",
            "Dumplings or rice balls? Choose",
            "Fireworks outside again",
            "Waiting for the next packet like it's my job",
        ],
    }
}

/// Words on a packet.
pub(super) const fn greetings(language: Language) -> &'static [&'static str] {
    match language {
        Language::Zh => {
            &["恭喜发财，大吉大利", "手快有，手慢无", "新春快乐", "见者有份", "万事如意"]
        }
        Language::En => {
            &["Good luck, everyone", "Quick hands win", "Happy New Year", "One for each", "Cheers!"]
        }
    }
}
