//! What is said fits what it is about: no luck without a draw, no count of one (R-WEB-2).

use crate::steps::{close_envelope, enter, open};
use anyhow::{Result, ensure};
use hongbao_e2e::{Form, Sent, Stage, play};

#[test]
fn a_packet_for_one_speaks_of_one() -> Result<()> {
    play("words-for-one", async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        let tom = stage.guest("Tom").await?;
        mei.top_up(10_000).await?;
        let group = mei.make_group("Family", &[&tom]).await?;
        let for_tom = Sent {
            kind: "exclusive",
            total_fen: 666,
            shares: 1,
            greeting: "",
            recipient: Some(&tom),
        };
        let for_tom = mei.send(&group, for_tom).await?;
        let chat = format!("/g/{group}");
        let at_mei = enter(stage, Form::Phone, &mei, &chat).await?;
        at_mei.says("packet-card", "Not opened yet").await?;

        // Its sender has nothing to open, and sees how it stands.
        at_mei.click("packet-card").await?;
        at_mei.says("details", "Just for Tom · Not opened yet · ¥6.66").await?;
        let details = at_mei.text("details").await?;
        ensure!(!details.contains("of 1"), "{details}");
        at_mei.goto("/wallet/sent").await?;
        mei.list("sent", 1).await?;
        at_mei.reload().await?;
        at_mei.says("record-row", "Not opened yet").await?;
        ensure!(at_mei.all("records-lucks").await?.is_empty(), "luck in what was sent");
        at_mei.goto(&chat).await?;

        let at_tom = enter(stage, Form::Phone, &tom, &chat).await?;
        at_tom.says("packet-card", "Tap to open").await?;
        ensure!(open(&at_tom, &for_tom).await? == 666, "all of it");
        let to_details = at_tom.text("envelope-details").await?;
        ensure!(to_details == "See the details", "{to_details}");
        close_envelope(&at_tom).await?;
        at_tom.says("system-line", "Mei's packet has been opened").await?;

        at_mei.says("system-line", "Your packet has been opened").await?;
        let log = at_mei.text("log").await?;
        ensure!(!log.contains("gone in"), "{log}");
        at_mei.says("packet-card", "Opened").await?;
        at_mei.click("packet-card").await?;
        at_mei.says("details", "Just for Tom · Opened · ¥6.66").await?;
        let details = at_mei.text("details").await?;
        ensure!(!details.contains("1 share"), "{details}");

        // Whose random number it is that the server's was mixed with.
        at_tom.store("hongbao.lang", "zh-CN").await?;
        at_tom.goto(&format!("/packets/{for_tom}")).await?;
        at_tom.says("fairness", "发红包的人的浏览器").await
    })
}
