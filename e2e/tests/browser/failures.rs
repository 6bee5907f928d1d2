//! Whatever fails in the middle of paying or opening: a sentence says what became of
//! the money, and the money is right (R-SEND-2, R-OPEN-2, R-WEB-3).

use crate::{
    steps::{enter, fen, tap},
    world::PASSWORD,
};
use anyhow::{Result, ensure};
use hongbao_e2e::{Browser, Form, Loss, Person, Sent, Stage, play, wait_for};

const START_FEN: i64 = 10_000;
const SENT_FEN: i64 = 500;

/// A group of two, and the chat as one of them sees it.
async fn chat(stage: &Stage) -> Result<(Person, Person, String, Browser)> {
    let mei = stage.guest("Mei").await?;
    let tom = stage.guest("Tom").await?;
    mei.top_up(START_FEN).await?;
    let group = mei.make_group("Family", &[&tom]).await?;
    let browser = enter(stage, Form::Phone, &mei, &format!("/g/{group}")).await?;
    browser.find("chat").await?;
    Ok((mei, tom, group, browser))
}

/// Up to the last tap before money moves.
async fn fill_in(browser: &Browser) -> Result<()> {
    browser.click("send-open").await?;
    browser.fill("send-amount", "5").await?;
    browser.fill("send-shares", "1").await?;
    browser.click("send-submit").await?;
    browser.find("send-confirm").await.map(|_| ())
}

/// As many packets were paid, and as much money is gone.
async fn paid(mei: &Person, group: &str, packets: i64) -> Result<()> {
    mei.holds(START_FEN - packets * SENT_FEN).await?;
    // Cards come into the chat a moment after the answer.
    let all = wait_for("the cards", async || {
        let log = mei.log(group).await?;
        let cards = log.iter().filter(|message| message["type"] == "packet").count();
        Ok((i64::try_from(cards)? >= packets).then_some(cards))
    });
    let cards = all.await?;
    ensure!(i64::try_from(cards)? == packets, "{cards} packets in the log");
    Ok(())
}

#[test]
pub(crate) fn a_lost_payment_is_never_paid_twice() -> Result<()> {
    play("paying", async |stage: &Stage| {
        let (mei, _, group, browser) = chat(stage).await?;
        // Neither a request that never arrives nor an answer that gets lost pays twice.
        let mut packets = 0;
        for loss in [Loss::Request, Loss::Answer] {
            fill_in(&browser).await?;
            browser.lose("/pay", loss).await?;
            browser.click("send-confirm").await?;
            browser.says_anywhere("Trying again is safe: you never pay twice").await?;
            browser.lose_nothing().await?;
            browser.click("send-confirm").await?;
            browser.gone("send-amount").await?;
            browser.says("toast", "Packet sent").await?;
            packets += 1;
            paid(&mei, &group, packets).await?;
        }

        // Before anything is ordered, nothing can have been paid.
        fill_in(&browser).await?;
        browser.set_offline(true).await?;
        browser.click("send-confirm").await?;
        browser.says_anywhere("Nothing was paid. Your money hasn't moved.").await?;
        browser.set_offline(false).await?;
        paid(&mei, &group, packets).await?;

        // The server dies and comes back.
        stage.kill_server();
        browser.click("send-confirm").await?;
        browser.says_anywhere("Nothing was paid. Your money hasn't moved.").await?;
        stage.start_server()?;
        browser.click("send-confirm").await?;
        browser.gone("send-amount").await?;
        paid(&mei, &group, packets + 1).await
    })
}

#[test]
fn a_reload_in_the_middle_of_paying_is_told_about() -> Result<()> {
    play("repaying", async |stage: &Stage| {
        let (mei, _, group, browser) = chat(stage).await?;
        browser.expect_refusal("/api/v1/packets/", 404);
        // Paid, but the answer never came.
        fill_in(&browser).await?;
        browser.lose("/pay", Loss::AnswerForGood).await?;
        browser.click("send-confirm").await?;
        browser.lost().await?;
        browser.reload().await?;
        browser.says("toast", "Packet sent").await?;
        browser.gone("pending-payment").await?;
        paid(&mei, &group, 1).await?;

        // Ordered and not paid: finished on the word of the person, never by itself.
        for finish in [true, false] {
            fill_in(&browser).await?;
            browser.lose("/pay", Loss::RequestForGood).await?;
            browser.click("send-confirm").await?;
            browser.lost().await?;
            browser.dress("zh-CN", "light").await?;
            browser.reload().await?;
            browser.says("pending-payment", "¥5.00 的红包").await?;
            browser.says("pending-payment", "可能还没付完").await?;
            if finish {
                paid(&mei, &group, 1).await?;
                browser.click("pending-finish").await?;
                browser.says("toast", "红包已发出").await?;
            } else {
                browser.click("pending-leave").await?;
                browser.says("toast", "一分钱都不会少").await?;
            }
            browser.gone("pending-payment").await?;
            paid(&mei, &group, 2).await?;
        }
        browser.reload().await?;
        browser.find("chat").await?;
        browser.gone("pending-payment").await
    })
}

#[test]
pub(crate) fn a_lost_opening_is_found_again() -> Result<()> {
    play("opening", async |stage: &Stage| {
        let (mei, tom, group, _) = chat(stage).await?;
        let browser = enter(stage, Form::Phone, &tom, &format!("/g/{group}")).await?;
        let send = async || {
            let one = Sent {
                kind: "lucky",
                total_fen: SENT_FEN,
                shares: 1,
                greeting: "",
                recipient: None,
            };
            mei.send(&group, one).await
        };
        // The answer gets lost, again and again; the share does not.
        let first = send().await?;
        tap(&browser, &first).await?;
        browser.find("envelope-open").await?;
        browser.lose("/open", Loss::Answer).await?;
        browser.click("envelope-open").await?;
        browser.says("error-sentence", "If you got a share it's safe").await?;
        browser.lose_nothing().await?;
        browser.click("envelope-retry").await?;
        browser.says("envelope-sentence", "already").await?;
        browser.says("envelope", "¥5.00").await?;
        tom.holds(SENT_FEN).await?;

        // Reloaded in the middle: the envelope comes back and tells.
        browser.click("envelope-close").await?;
        for (loss, language, words) in [
            (Loss::AnswerForGood, "en", "You've opened this one already"),
            (Loss::AnswerForGood, "zh-CN", "你已经领过这个红包了"),
        ] {
            let order_no = send().await?;
            tap(&browser, &order_no).await?;
            browser.find("envelope-open").await?;
            browser.lose("/open", loss).await?;
            browser.click("envelope-open").await?;
            browser.lost().await?;
            browser.dress(language, "light").await?;
            browser.reload().await?;
            browser.says("envelope-sentence", words).await?;
            browser.says("envelope", "¥5.00").await?;
            browser.click("envelope-close").await?;
            browser.gone("envelope").await?;
        }
        tom.holds(3 * SENT_FEN).await?;

        // Not opened before the reload: the envelope comes back sealed, and the server
        // dies while it is in the hand.
        browser.dress("en", "light").await?;
        browser.reload().await?;
        let last = send().await?;
        tap(&browser, &last).await?;
        browser.find("envelope-open").await?;
        stage.kill_server();
        browser.click("envelope-open").await?;
        browser.says("error-sentence", "If you got a share it's safe").await?;
        stage.start_server()?;
        browser.click("envelope-retry").await?;
        browser.click("envelope-open").await?;
        ensure!(fen(&browser.text("envelope-amount").await?)? == SENT_FEN, "the only share");
        tom.holds(4 * SENT_FEN).await
    })
}

#[test]
fn a_session_that_ends_while_paying_costs_nothing() -> Result<()> {
    play("expired", async |stage: &Stage| {
        let (mei, _, group, browser) = chat(stage).await?;
        mei.make_account("mei", PASSWORD).await?;
        let again = mei.sign_in_again("mei", PASSWORD).await?;
        browser.expect_refusal("/api/v1/", 401);
        fill_in(&browser).await?;
        mei.end_session().await?;
        // The stream or the payment learns of it, whichever is first.
        if let Some(button) = browser.all("send-confirm").await?.first() {
            button.click().await.ok();
        }
        browser.says("error-sentence", "your money and packets are safe").await?;
        browser.find("guest-name").await?;
        paid(&again, &group, 0).await?;
        browser.become_person(&again).await?;
        browser.goto(&format!("/g/{group}")).await?;
        fill_in(&browser).await?;
        pay_now(&browser).await?;
        paid(&again, &group, 1).await
    })
}

async fn pay_now(browser: &Browser) -> Result<()> {
    browser.click("send-confirm").await?;
    browser.gone("send-confirm").await?;
    browser.gone("send-amount").await
}
