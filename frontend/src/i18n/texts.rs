//! The fixed texts, Chinese and English side by side. Voice: `frontend/DESIGN.md`.

use super::Lang;

macro_rules! texts {
    ($($name:ident: $zh:literal, $en:literal;)*) => {
        impl Lang {
            $(pub(crate) const fn $name(self) -> &'static str {
                match self { Self::Zh => $zh, Self::En => $en }
            })*
        }
    };
}
pub(super) use texts;

texts! {
    // The frame.
    app_title_plain: "红包 · Hongbao", "Hongbao · red packets";
    app_name: "红包", "Hongbao";
    nav_label: "主菜单", "Main";
    nav_groups: "群聊", "Chats";
    nav_wallet: "钱包", "Wallet";
    nav_me: "我", "Me";
    skip_to_content: "跳到正文", "Skip to content";
    lang_switch: "EN · Switch to English", "中 · 切换到中文";
    lang_short: "EN", "中";
    theme_to_dark: "切换到深色", "Switch to dark";
    theme_to_light: "切换到浅色", "Switch to light";
    back: "返回", "Back";
    close: "关闭", "Close";
    cancel: "取消", "Cancel";
    discard_title: "不填了？", "Leave this?";
    discard_sure: "填好的内容会丢掉。", "What you have filled in would be lost.";
    discard_yes: "不填了", "Leave";
    discard_no: "继续填写", "Stay";
    retry: "再试一次", "Try again";
    loading: "正在加载…", "Loading…";
    load_more: "加载更多", "Load more";
    default_greeting: "恭喜发财，大吉大利", "Good fortune and great luck";

    // Welcome.
    tagline: "群里发个红包，看谁手气最佳。", "Send a red packet to the group. See who gets lucky.";
    promise: "每一份金额都能在你自己的浏览器里验算。", "Every share can be checked in your own browser.";
    your_name: "你的名字", "Your name";
    your_name_hint: "大家怎么称呼你", "What should people call you?";
    enter: "进来看看", "Come in";
    entering: "正在进入…", "Coming in…";
    have_account: "已有账号？登录", "Have an account? Sign in";
    no_account: "新建账号", "Create an account";
    as_guest: "不用账号，直接进", "Just use a name instead";
    sign_in: "登录", "Sign in";
    create_account: "新建账号", "Create account";
    account_name: "账号名", "Account name";
    password_wrong: "当前密码不对。", "That isn't your current password.";
    password: "密码", "Password";
    person_changed: "这个浏览器现在登录的是另一个人，刚才什么都没做。", "Somebody else is signed in in this browser now. Nothing was done.";
    session_over: "登录已过期。有账号就登录，你的钱和红包都在；访客没有密码，回不到原来的钱包。", "Your session has ended. Sign in to your account: your money and packets are safe there. A guest's wallet can't be opened again.";
    invited_lead: "留个名字，马上进群抢红包。", "Leave a name and step right in.";
    join_now: "加入群聊", "Join the group";
    joining: "正在进群…", "Joining…";
    not_now: "以后再说", "Not now";
    join_failed: "没能进群", "Couldn't join";
    to_groups: "去群聊", "Go to chats";

    // Groups.
    groups_title: "群聊", "Chats";
    new_group: "新建群聊", "New group";
    group_name: "群名", "Group name";
    group_name_hint: "比如：一家人", "For example: Family";
    create: "建好了", "Create";
    creating: "正在建群…", "Creating…";
    join_group: "用邀请加入", "Join with an invitation";
    invitation_field: "邀请链接或邀请码", "Invitation link or code";
    join: "加入", "Join";
    no_groups: "还没有群聊", "No chats yet";
    no_groups_lead: "建一个群，把链接发给朋友，第一个红包就能飞起来。", "Make a group, send the link to friends, and let the first packet fly.";
    groups_failed: "群聊没能加载出来", "Your chats didn't load";
    pick_chat: "选一个群，发个红包", "Pick a chat, send a packet";
    pick_chat_lead: "或者新建一个群，把链接发给朋友。", "Or make a new group and share its link.";
    last_packet: "[红包]", "[Red packet]";
    nothing_said: "还没有消息", "No messages yet";
    demo_mark: "体验", "Demo";
    demo_start: "先去体验群玩玩", "Try the demo group";
    demo_starting: "正在进体验群…", "Opening the demo group…";
    demo_lead: "里面的群友是程序扮演的，会聊天，会发红包，也会抢。", "Its members are played by the server: they chat, send and grab.";
    demo_note: "这是体验群，带“体验”标记的群友由程序扮演。", "This is a demo group. Members marked \"Demo\" are played by the server.";
    muted_mark: "已静音", "Muted";
    groups_search: "搜索群名", "Search chats";

    // A group.
    group_info: "群信息", "About this group";
    owner_mark: "群主", "Owner";
    group_pin: "置顶", "Pin to the top";
    group_pin_lead: "置顶的群总排在最前面，只对你自己有效。", "A pinned group stays above the others, in your list alone.";
    group_mute: "消息免打扰", "Mute this group";
    group_mute_lead: "静音后只留一个小红点，不计入未读数。", "A muted group shows a dot and isn't counted as unread.";
    group_leave: "退出群聊", "Leave the group";
    group_leave_sure: "退出后看不到这个群的消息，要重新邀请才能回来。已经领到的钱都在你的钱包里。", "You'll need a new invitation to come back. Money you've opened stays in your wallet.";
    group_left: "已退出群聊", "You've left the group";
    member_remove: "移出群聊", "Remove from the group";
    member_removed: "已移出。需要的话，可以再建一个新的邀请链接", "Removed. You can make a new invitation link";

    // Chat.
    chat_label: "聊天记录", "Messages";
    invite: "邀请", "Invite";
    invite_title: "邀请朋友进群", "Invite friends";
    invite_lead: "把链接发给朋友，或让他们扫一扫；留个名字就能进群。", "Send this link, or let friends scan it. They leave a name, and they're in.";
    invite_link: "邀请链接", "Invitation link";
    invite_qr: "这个链接的二维码，手机扫一扫就能打开", "The link as a QR code, for phones to scan";
    invite_share: "分享…", "Share…";
    copy: "复制链接", "Copy link";
    copied: "链接已复制", "Link copied";
    copy_by_hand: "浏览器不让自动复制，请长按或用 Ctrl+C。", "Your browser won't copy for us. Press Ctrl+C or hold to copy.";
    message_hint: "说点什么", "Say something";
    message_field: "消息", "Message";
    send: "发送", "Send";
    send_packet: "发红包", "Send a red packet";
    connection_lost: "正在重新连接…", "Connecting again…";
    message_going: "正在发送…", "Sending…";
    message_unsent: "没发出去。", "Not sent.";
    discard: "删除", "Discard";
    earlier: "看更早的消息", "Earlier messages";
    to_newest: "有新消息", "New messages";
    to_end: "回到最新", "Back to the newest";
    chat_empty: "群建好了！", "Your group is ready!";
    chat_empty_lead: "先请朋友进来，或者发个红包热热场。", "Invite friends, or break the ice with a red packet.";
    group_gone: "进不了这个群", "This chat isn't open to you";
    group_no_more: "你已不在这个群里", "You are no longer in this group";
    card_open: "点开看看", "Tap to open";
    not_opened: "还没领取", "Not opened yet";
    card_opened: "已领取", "Opened";
    card_finished: "已被领完", "All gone";
    card_expired: "已过期", "Expired";
    kind_lucky: "拼手气红包", "Lucky draw";
    kind_equal: "普通红包", "Equal shares";
    kind_exclusive: "专属红包", "Just for one";
    kind_lucky_short: "拼手气", "Lucky";
    kind_equal_short: "普通", "Equal";
    kind_exclusive_short: "专属", "For one";

    // Send.
    send_title: "发红包", "Send a red packet";
    kind_label: "红包类型", "Kind of packet";
    recipient: "发给谁", "For whom";
    recipient_hint: "选一位群成员", "Pick a member";
    recipient_nobody: "群里还没有别人，先邀请一位朋友。", "Nobody else is here yet. Invite a friend first.";
    amount_total: "总金额", "Total";
    amount_each: "单个金额", "Each share";
    shares: "红包个数", "Shares";
    shares_unit: "个", "shares";
    greeting: "祝福语", "Greeting";
    greeting_new_year: "新年快乐", "Happy New Year";
    greeting_birthday: "生日快乐", "Happy birthday";
    greeting_thanks: "谢谢你", "Thank you";
    greeting_thanks_all: "谢谢大家", "Thank you all";
    offered_amounts: "常用金额", "Amounts to pick";
    offered_greetings: "常用祝福语", "Greetings to pick";
    cover: "封面", "Cover";
    cover_classic: "福到", "Classic";
    cover_lantern: "灯笼", "Lantern";
    cover_blossom: "梅花", "Blossom";
    cover_dragon: "祥龙", "Dragon";
    preview: "试分几次", "How it could split";
    preview_lead: "和服务器同一段代码，在你的浏览器里算的。正式的那次由双方的随机数决定。", "Computed here by the server's own code. The real draw mixes a random number from each side.";
    reroll: "换一批", "Re-roll";
    preview_later: "第一份不超过平均的两倍，越往后起伏越大。", "The first share is at most twice the average; later ones vary more.";
    balance: "余额", "Balance";
    top_up_first: "去充值", "Top up";
    put_in: "塞钱进红包", "Put money in";
    paying: "正在支付…", "Paying…";
    landing: "已付款，红包正在路上…", "Paid. Your packet is on its way…";
    pay_again: "继续支付", "Finish paying";
    pay_unknown: "还不确定付上了没有。再点一次是安全的，不会付两次。", "It isn't certain whether the payment went through. Trying again is safe: you never pay twice.";
    landing_slow: "钱已付，红包会自己到群里，不用再发一次。", "It's paid and will appear in the chat by itself. No need to send again.";
    sent: "红包已发出", "Packet sent";
    confirm_title: "确认支付", "Confirm payment";
    pay_from: "付款方式", "Paid from";
    fee: "手续费", "Fee";
    fee_kept: "红包送不到会退手续费，到期退回时不退。", "You get the fee back if the packet can't be delivered, not when it expires.";
    fee_changed: "手续费刚刚变了，没有付款。请看清现在的金额再付。", "The fee has just changed, so nothing was paid. Check the amount before you pay.";
    pay_nothing_moved: "这次没有付款，钱没有动。", "Nothing was paid. Your money hasn't moved.";
    pay_still_open: "可能还没付完。继续支付是安全的，不会付两次。", "may still be waiting for its payment. Finishing it is safe: you never pay twice.";
    pay_leave: "不付了", "Leave it";
    pay_left: "好的。如果没付上，它会自己作废，一分钱都不会少。", "All right. If it was never paid, it simply lapses and costs nothing.";
    amount_unreadable: "请写成数字，比如 88。", "Write it as a number, such as 88.";

    // Envelope.
    envelope_label: "红包", "Red packet";
    open_button: "开红包", "Open the packet";
    opening: "正在拆…", "Opening…";
    grabbing: "看看还有没有…", "Looking inside…";
    you_got: "你领到了", "You got";
    into_wallet: "已放进你的钱包", "It goes straight to your wallet";
    env_opened: "你已经领过这个红包了", "You've opened this one already";
    env_finished: "手慢了，红包被领完了", "Too late, it's all gone";
    env_finished_lead: "看看都有谁抢到了。", "See who was quicker.";
    env_expired: "红包过期了", "This packet has expired";
    env_expired_lead: "没领完的钱已经退回给发红包的人。", "What was left goes back to the sender.";
    env_not_for_you: "这个红包是给别人的", "This one is for somebody else";
    env_not_for_you_lead: "专属红包只有一个人能领。", "Only the person it's for can open it.";
    env_busy: "大家都在抢，正在帮你排队…", "Everybody's grabbing. Holding your place…";
    env_unknown: "没收到答复。抢到的话钱不会丢，再点一次就知道。", "No answer came. If you got a share it's safe; tap again to see.";
    see_luck: "看看大家的手气", "See everybody's luck";
    see_details: "看看红包详情", "See the details";

    // Details.
    best_luck: "手气最佳", "Best luck";
    nobody_yet: "还没有人领", "Nobody has opened it yet";
    amounts_hidden: "领了才能看到大家领了多少。", "Open it to see what everybody got.";
    open_it: "去领红包", "Open it now";
    packet_gone: "看不到这个红包", "This packet isn't open to you";
    you: "我", "You";

    // Fairness.
    fair_title: "公平验算", "Fairness check";
    fair_lead: "付款之前，服务器就用一串指纹把自己的随机数锁定了；之后发红包的人的浏览器再加进自己的随机数。所以谁都没法单独挑金额。", "Before payment the server locked in its random number with a fingerprint; then the sender's browser added its own. Neither side alone could pick the amounts.";
    fair_later: "红包领完或过期后，服务器公布它的随机数，这里就能验算。", "Once the packet is finished or expired the server shows its number, and you can check every share here.";
    fair_check: "在我的浏览器里验算", "Check it in my browser";
    fair_checking: "正在验算…", "Checking…";
    fair_ok: "每一份都对得上", "Every share matches";
    fair_bad: "对不上！", "Something doesn't match!";
    fair_bad_lead: "请保存这个页面，这个红包的金额和承诺不一致。", "Keep this page: the amounts differ from what was promised.";
    fair_commitment: "付款前的指纹", "Fingerprint before payment";
    fair_server_seed: "服务器的随机数", "Server's number";
    fair_client_seed: "发红包的人的随机数", "Sender's number";
    fair_client_seed_none: "（没有）", "(none)";
    fair_shown_later: "领完后公布", "Shown when it's over";
    fair_commitment_ok: "指纹和服务器的随机数相符", "The fingerprint matches the server's number";
    fair_commitment_bad: "指纹和服务器的随机数不符", "The fingerprint does not match the server's number";
    fair_kept_ok: "和你付款前这个浏览器记下的指纹相同", "Same as the fingerprint this browser kept before you paid";
    fair_kept_bad: "和你付款前这个浏览器记下的指纹不同！", "Not the fingerprint this browser kept before you paid!";
    fair_totals_ok: "总额、退回和手气最佳都对", "Totals, refund and best luck add up";
    fair_totals_bad: "总额、退回或手气最佳不对", "Totals, refund or best luck don't add up";
    fair_shares: "按拆开的顺序，每一份", "Every share, in order of opening";
    fair_unopened: "没人拆", "not opened";
    fair_limits_title: "这不能证明什么", "What this does not prove";
    fair_limits: "它不能证明谁先谁后；保管密钥的运营者事先知道每份是多少，也可能和发红包的人串通，反复挑选随机数。", "It doesn't prove who came first. An operator who holds the key knows the shares in advance, and together with a sender could try numbers until they like the result.";
    fair_unknown_algorithm: "这个红包用的是别的算法，这里不会验算。", "This packet uses a procedure that this app doesn't know.";
    fair_withheld: "红包已经结束，服务器却没有公布它的随机数，所以没法验算。", "The packet is over, yet the server keeps its number back, so it cannot be checked.";
    fair_incomplete: "领取记录没有全部读到，请再试一次。", "Not all claims arrived. Try again.";
    fair_impossible: "这个红包的条件不可能成立。", "No packet can have these terms.";

    // Wallet.
    wallet_title: "钱包", "Wallet";
    top_up: "充值", "Top up";
    top_up_title: "充值（演示用的钱）", "Top up (demo money)";
    top_up_lead: "这里的钱是演示用的，想充多少都行。", "It's play money: help yourself.";
    top_up_amount: "充值金额", "Amount";
    topping_up: "正在充值…", "Topping up…";
    top_up_unknown: "没收到答复。再点一次是安全的，不会充两次。", "No answer came. Trying again is safe: it won't top up twice.";
    statement: "明细", "Statement";
    statement_empty: "还没有收支", "Nothing here yet";
    statement_empty_lead: "充点钱发个红包，或者等朋友发一个。", "Top up and send a packet, or wait for a friend's.";
    entry_top_up: "充值", "Top-up";
    entry_welcome: "见面礼", "Welcome gift";
    entry_allowance: "每日补贴", "Daily allowance";
    entry_grant: "发放", "Grant";
    entry_pay: "发出红包", "Packet sent";
    entry_credit: "领取红包", "Packet opened";
    entry_refund: "红包退回", "Refund";
    entry_fee: "手续费", "Fee";
    entry_fee_refund: "手续费退回", "Fee returned";

    // Records.
    records_title: "红包记录", "Records";
    records_received: "收到的", "Received";
    records_sent: "发出的", "Sent";
    records_year: "年份", "Year";
    records_list: "红包列表", "Packets";
    received_none: "这一年还没收到红包", "No packets received this year";
    received_none_lead: "群里有红包时，手快有手慢无。", "When one flies into a chat, be quick.";
    sent_none: "这一年还没发过红包", "No packets sent this year";
    sent_none_lead: "发一个，让大家热闹热闹。", "Send one and liven up a chat.";
    chart_empty: "每个月都还没有红包", "No packets in any month";
    state_unknown: "暂时查不到", "Not to be had right now";

    // Me.
    me_title: "我", "Me";
    guest_badge: "访客", "Guest";
    guest_note: "你是访客：退出后就回不来了。注册成账号，钱和红包都留着。", "You're a guest: once you sign out there's no way back in. Make an account and keep everything.";
    make_account: "注册成账号", "Make an account";
    make_account_lead: "名字、钱包、红包和群聊都原样保留。", "Your name, wallet, packets and chats all stay.";
    account_made: "注册好了，以后用账号名和密码登录", "Done. Sign in with this name and password from now on";
    account: "账号", "Account";
    change_password: "修改密码", "Change password";
    change_password_lead: "改完后，其他地方的登录都会退出。", "You'll be signed out everywhere else.";
    password_now: "现在的密码", "Current password";
    password_new: "新密码", "New password";
    password_changed: "密码改好了，其他登录已退出", "Password changed; other sessions have ended";
    profile_edit: "修改名字和头像", "Change name and picture";
    avatar: "头像", "Picture";
    save: "保存", "Save";
    saved: "已保存", "Saved";
    sessions: "登录的设备", "Where you're signed in";
    session_here: "这台设备", "This device";
    session_unnamed: "没有报名字的程序", "A program without a name";
    session_end: "退出", "End";
    sessions_end_others: "退出其他所有设备", "End all the others";
    sessions_ended: "其他设备都已退出", "All other sessions have ended";
    session_ended: "那边已经退出", "That session has ended";
    sign_out: "退出", "Sign out";
    sign_out_sure: "访客退出后，钱包里的钱就找不回来了。确定退出？", "A guest who signs out loses the wallet for good. Sign out anyway?";
    sign_out_anyway: "确定退出", "Sign out anyway";
    settings: "设置", "Settings";
    language: "语言", "Language";
    language_now: "中文", "English";
    notify: "红包提醒", "Red packet alerts";
    sound: "提示音", "Sound";
    sound_night: "22:00–8:00 静音", "Quiet 22:00–8:00";
    notify_on: "开", "On";
    notify_off: "关", "Off";
    notify_blocked: "浏览器不允许通知，请在浏览器的设置里打开", "Your browser blocks notifications; allow them in its settings";
    theme: "外观", "Appearance";
    theme_system: "跟随系统", "Same as system";
    theme_dark: "深色", "Dark";
    theme_light: "浅色", "Light";

    // Lost.
    not_found_title: "这里什么都没有", "Nothing here";
    not_found_lead: "红包可能被别人拆走了，也可能只是链接写错了。", "Somebody may have taken it. Or the link has a typo.";
    server_away: "连不上服务器", "Can't reach the server";
    server_away_lead: "检查一下网络。你的钱都在，一分不少。", "Check your connection. Your money is safe.";

    // An old page beside a new server.
    new_version: "有新版本了", "There's a new version";
    new_version_lead: "刷新就能接着用。你的钱都在，一分不少。", "Reload to go on. Your money is safe.";
    reload: "刷新", "Reload";
    needs_newer: "新版本才能显示", "This needs a newer version";
}
