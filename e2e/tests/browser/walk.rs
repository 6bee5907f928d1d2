//! One walk over every screen there is, for whoever wants to look at them.

use crate::{
    steps::{close_envelope, tap},
    world::World,
};
use anyhow::{Context as _, Result};
use hongbao_e2e::{Browser, Sent};
use thirtyfour::Key;

/// Goes from screen to screen and calls `see` with the name of each. The browser speaks
/// the language that was stored in it; it is left signed out.
pub(crate) async fn walk(
    browser: &Browser,
    world: &World,
    see: &impl AsyncFn(&'static str) -> Result<()>,
) -> Result<()> {
    outside(browser, world, see).await.context("outside")?;
    browser.become_person(&world.newcomer).await?;
    newcomer(browser, world, see).await.context("a newcomer")?;
    browser.become_person(&world.tom).await?;
    recipient(browser, world, see).await.context("a recipient")?;
    browser.become_person(&world.mei).await?;
    lists(browser, world, see).await.context("lists")?;
    chat(browser, world, see).await.context("a chat")?;
    send(browser, world, see).await.context("sending")?;
    envelopes(browser, world, see).await.context("envelopes")?;
    group_page(browser, world, see).await.context("a group's page")?;
    details(browser, world, see).await.context("details")?;
    account(browser, see).await.context("an account")?;
    browser.leave().await
}

type Done = Result<()>;

async fn outside(
    browser: &Browser,
    world: &World,
    see: &impl AsyncFn(&'static str) -> Done,
) -> Done {
    browser.goto("/").await?;
    browser.find("guest-name").await?;
    see("welcome").await?;
    browser.click("way-sign-in").await?;
    browser.find("account-password").await?;
    see("sign-in").await?;
    browser.click("way-create").await?;
    browser.find("way-sign-in").await?;
    see("create-account").await?;
    browser.goto(&format!("/join/{}", world.invitation)).await?;
    browser.find("guest-name").await?;
    see("invitation").await?;
    browser.goto("/join/no-such-code").await?;
    browser.find_css(".button-link").await?;
    see("invitation-refused").await?;
    browser.goto("/nowhere").await?;
    browser.find_css(".button-link").await?;
    see("lost").await
}

async fn newcomer(
    browser: &Browser,
    world: &World,
    see: &impl AsyncFn(&'static str) -> Done,
) -> Done {
    browser.goto(&format!("/join/{}", world.invitation)).await?;
    browser.find("invitation-join").await?;
    see("invitation-signed-in").await?;
    browser.goto("/").await?;
    browser.find_css(".groups .empty").await?;
    see("groups-empty").await?;
    browser.goto("/wallet").await?;
    browser.find_css(".page .empty").await?;
    see("wallet-empty").await?;
    browser.goto("/wallet/received").await?;
    browser.find_css(".page .empty").await?;
    see("records-empty").await?;
    browser.goto("/me").await?;
    browser.find("session").await?;
    see("me-guest").await?;
    browser.click("make-account").await?;
    browser.find("account-password").await?;
    see("make-account").await?;
    leave_sheet(browser, "account-password").await?;
    browser.click("sign-out").await?;
    browser.find("question-yes").await?;
    see("sign-out-question").await?;
    leave_sheet(browser, "question-yes").await
}

/// Who has not opened what the others have.
async fn recipient(
    browser: &Browser,
    world: &World,
    see: &impl AsyncFn(&'static str) -> Done,
) -> Done {
    let fresh = Sent {
        kind: "lucky",
        total_fen: 1_888,
        shares: 2,
        greeting: world.words.greeting,
        recipient: None,
    };
    let fresh = world.mei.send(&world.group, fresh).await?;
    browser.goto(&format!("/packets/{fresh}")).await?;
    browser.find("details").await?;
    see("details-hidden").await?;
    browser.goto(&format!("/g/{}", world.group)).await?;
    tap(browser, &world.for_one).await?;
    browser.find("envelope-sentence").await?;
    see("envelope-not-for-you").await?;
    close_envelope(browser).await?;
    tap(browser, &fresh).await?;
    browser.find("envelope-open").await?;
    see("envelope-sealed").await?;
    browser.click("envelope-open").await?;
    browser.find("envelope-amount").await?;
    see("envelope-revealed").await?;
    close_envelope(browser).await?;
    world.mei.open(&fresh).await.map(|_| ())
}

async fn lists(browser: &Browser, world: &World, see: &impl AsyncFn(&'static str) -> Done) -> Done {
    browser.goto("/").await?;
    browser.count("group-item", 2).await?;
    see("groups").await?;
    browser.click("new-group").await?;
    browser.find("group-name").await?;
    see("new-group").await?;
    browser.fill("group-name", &"W".repeat(31)).await?;
    browser.find("error-sentence").await?;
    see("new-group-fault").await?;
    discard_sheet(browser, "group-name").await?;
    browser.goto("/wallet").await?;
    browser.find("wallet-pending").await?;
    browser.find("wallet-entry").await?;
    see("wallet").await?;
    browser.goto("/wallet/received").await?;
    browser.find("record-row").await?;
    see("records-received").await?;
    browser.goto("/wallet/sent").await?;
    browser.find("record-row").await?;
    see("records-sent").await?;
    browser.goto(&format!("/g/{}", world.quiet)).await?;
    browser.find_css(".chat .empty").await?;
    see("chat-empty").await
}

async fn chat(browser: &Browser, world: &World, see: &impl AsyncFn(&'static str) -> Done) -> Done {
    browser.goto(&format!("/g/{}", world.group)).await?;
    for state in ["open", "opened", "finished", "expired"] {
        browser.find_css(&format!("[data-testid='packet-card'][data-state='{state}']")).await?;
    }
    see("chat").await?;
    browser.click("invite").await?;
    browser.find("invite-link").await?;
    see("invite").await?;
    leave_sheet(browser, "invite-link").await
}

/// The send sheet over the chat that is open.
async fn send(browser: &Browser, world: &World, see: &impl AsyncFn(&'static str) -> Done) -> Done {
    let [typed, beyond] = world.words.typed;
    browser.click("send-open").await?;
    browser.find("send-amount").await?;
    see("send-empty").await?;
    browser.fill("send-amount", typed).await?;
    browser.fill("send-shares", "8").await?;
    browser.find("send-range").await?;
    see("send").await?;
    browser.click("send-range").await?;
    browser.find_css(".sample").await?;
    see("send-unfolded").await?;
    browser.click("send-submit").await?;
    browser.find("send-confirm").await?;
    see("send-confirm").await?;
    leave_sheet(browser, "send-confirm").await?;
    browser.fill("send-amount", beyond).await?;
    browser.fill("send-shares", "100").await?;
    browser.find("send-top-up").await?;
    see("send-short").await?;
    browser.click("send-top-up").await?;
    browser.find("top-up-amount").await?;
    see("send-top-up").await?;
    leave_sheet(browser, "top-up-amount").await?;
    browser.click("send-kind-exclusive").await?;
    browser.find("send-recipient").await?;
    browser.find("send-error").await?;
    see("send-fault").await?;
    browser.press(Key::Escape).await?;
    browser.find("question-yes").await?;
    see("discard-question").await?;
    browser.click("question-yes").await?;
    browser.gone("send-amount").await
}

async fn envelopes(
    browser: &Browser,
    world: &World,
    see: &impl AsyncFn(&'static str) -> Done,
) -> Done {
    let told = [(&world.gone, "envelope-finished"), (&world.expired, "envelope-expired")];
    for (order_no, name) in told {
        tap(browser, order_no).await?;
        browser.find("envelope-sentence").await?;
        see(name).await?;
        close_envelope(browser).await?;
    }
    Ok(())
}

async fn group_page(
    browser: &Browser,
    world: &World,
    see: &impl AsyncFn(&'static str) -> Done,
) -> Done {
    browser.goto(&format!("/g/{}/info", world.group)).await?;
    browser.count("member", 3).await?;
    see("group").await?;
    for (button, name) in [("member-remove", "member-question"), ("group-leave", "leave-question")]
    {
        browser.click(button).await?;
        browser.find("question-yes").await?;
        see(name).await?;
        leave_sheet(browser, "question-yes").await?;
    }
    browser.goto("/g/999999999").await?;
    browser.find_css(".button-link").await?;
    see("group-gone").await
}

async fn details(
    browser: &Browser,
    world: &World,
    see: &impl AsyncFn(&'static str) -> Done,
) -> Done {
    browser.goto(&format!("/packets/{}", world.open)).await?;
    browser.find("claim-row").await?;
    see("details-open").await?;
    browser.goto(&format!("/packets/{}", world.for_one)).await?;
    browser.find("details").await?;
    see("details-for-one").await?;
    browser.goto(&format!("/packets/{}", world.finished)).await?;
    browser.count("claim-row", 3).await?;
    see("details-finished").await?;
    browser.click("fairness-check").await?;
    browser.find("fairness-result").await?.scroll_into_view().await?;
    see("details-fairness").await?;
    browser.goto(&format!("/packets/{}", world.expired)).await?;
    browser.find("details").await?;
    see("details-expired").await
}

async fn account(browser: &Browser, see: &impl AsyncFn(&'static str) -> Done) -> Done {
    browser.goto("/me").await?;
    browser.find("session").await?;
    see("me").await?;
    browser.click("profile-edit").await?;
    browser.find("profile-name").await?;
    see("profile").await?;
    leave_sheet(browser, "profile-name").await?;
    browser.click("change-password").await?;
    browser.find("password-new").await?;
    see("password").await?;
    leave_sheet(browser, "password-new").await
}

/// Leaves a sheet with something filled in.
async fn discard_sheet(browser: &Browser, inside: &str) -> Done {
    browser.press(Key::Escape).await?;
    browser.click("question-yes").await?;
    browser.gone(inside).await
}

async fn leave_sheet(browser: &Browser, inside: &str) -> Done {
    browser.press(Key::Escape).await?;
    browser.gone(inside).await
}
