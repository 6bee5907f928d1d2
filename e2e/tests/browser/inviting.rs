//! Ways to invite: a link, a picture that phones scan, the system's share sheet (R-WEB-8).

use crate::steps::enter;
use anyhow::{Context as _, Result, ensure};
use hongbao_e2e::{Browser, Form, Stage, play, wait_for};
use rqrr::PreparedImage;
use serde_json::json;

/// How many points each module of the picture is wide, for the reader.
const POINTS: usize = 4;

/// What a phone reads that is held before the picture.
async fn scan(browser: &Browser) -> Result<String> {
    browser.find("invite-qr").await?;
    let script = "const picture = document.querySelector('[data-testid=invite-qr]');
        return [picture.viewBox.baseVal.width, picture.lastElementChild.getAttribute('d')];";
    let (size, path): (usize, String) = serde_json::from_value(browser.script(script).await?)?;
    let mut dark = vec![vec![false; size]; size];
    for run in path.split('M').skip(1) {
        let numbers: Vec<usize> = run
            .split(|c: char| !c.is_ascii_digit())
            .filter_map(|number| number.parse().ok())
            .collect();
        let [x, y, run, ..] = numbers[..] else { anyhow::bail!("no run: {run}") };
        dark[y][x..x + run].fill(true);
    }
    let width = size * POINTS;
    let grey = |x: usize, y: usize| if dark[y / POINTS][x / POINTS] { 0 } else { 255 };
    let mut picture = PreparedImage::prepare_from_greyscale(width, width, grey);
    let grids = picture.detect_grids();
    let read = grids.iter().find_map(|grid| grid.decode().ok());
    Ok(read.context("no code")?.1)
}

#[test]
pub(crate) fn an_invitation_is_scanned_and_shared() -> Result<()> {
    play("inviting", async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        let group = mei.make_group("Family", &[]).await?;
        let browser = enter(stage, Form::Phone, &mei, "/").await?;
        browser.find("new-group").await?;
        // This system has no share sheet; a phone's is called like this.
        let share =
            "navigator.share = ({ url }) => { window.shared = url; return Promise.resolve(); }";
        browser.before_each_page(share).await?;
        browser.goto(&format!("/g/{group}")).await?;
        browser.click("invite").await?;
        let link = browser.find("invite-link").await?.prop("value").await?.context("a link")?;
        ensure!(link.starts_with(stage.url()) && link.contains("/join/"), "{link}");
        ensure!(scan(&browser).await? == link, "another link");
        stage.picture(&browser, "inviting").await?;
        browser.click("invite-share").await?;
        wait_for("the share sheet", async || {
            Ok((browser.script("return window.shared").await? == json!(link)).then_some(()))
        })
        .await
    })
}

/// Where the link is sent, its preview says who invites to what, with a picture; the browser
/// that follows it gets the page that everybody gets.
#[test]
fn a_link_is_previewed_where_it_is_sent() -> Result<()> {
    play("previewed", async |stage: &Stage| {
        let mei = stage.guest("Mei & <Co>").await?;
        let group = mei.make_group("Family \"7\"", &[]).await?;
        let code = mei.invite(&group).await?;
        let http = reqwest::Client::builder().no_proxy().build()?;
        let get = async |path: &str, dest: Option<&str>| {
            let mut request = http.get(format!("{}{path}", stage.url()));
            if let Some(dest) = dest {
                request = request.header("sec-fetch-dest", dest);
            }
            anyhow::Ok(request.send().await?.error_for_status()?)
        };
        let page = get("/", None).await?.text().await?;
        ensure!(!page.contains("og:"), "{page}");
        for path in [format!("/join/{code}"), format!("/join/{}.", code.to_uppercase())] {
            let preview = get(&path, None).await?.text().await?;
            for content in [
                "og:title\" content=\"Family &quot;7&quot;\"",
                "Mei &amp; &lt;Co&gt; invites you",
                &format!("og:image\" content=\"{}/invitation.png\"", stage.url()),
            ] {
                ensure!(preview.contains(content), "{content} in {preview}");
            }
            ensure!(get(&path, Some("document")).await?.text().await? == page, "another page");
        }
        ensure!(get("/join/aaaaaaaaaaaaaaaa", None).await?.text().await? == page, "no such one");
        let picture = get("/invitation.png", None).await?;
        ensure!(picture.headers()["content-type"] == "image/png");
        // A chat may show it by its address.
        ensure!(picture.headers()["cross-origin-resource-policy"] == "cross-origin");
        ensure!(picture.bytes().await?.starts_with(b"\x89PNG"));
        Ok(())
    })
}

/// The first thing that somebody does in an empty chat, whose sheets nobody has opened before.
#[test]
fn what_an_empty_chat_offers_opens() -> Result<()> {
    play("empty-chat", async |stage: &Stage| {
        let mei = stage.guest("Mei").await?;
        let group = mei.make_group("Family", &[]).await?;
        for (button, opened) in [(2, "send-amount"), (1, "invite-link")] {
            let browser = enter(stage, Form::Phone, &mei, &format!("/g/{group}")).await?;
            browser.click_css(&format!(".empty-actions button:nth-of-type({button})")).await?;
            browser.find(opened).await?;
        }
        Ok(())
    })
}
