//! How quickly the web app is there and answers on a phone: Lighthouse, with the network and the
//! processor of one, on the first page and in a chat (R-WEB-5).

use crate::{
    report::{say, say_conditions},
    server::{Server, Setup},
    stats::median,
    wire::{self, Connection},
};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    fmt, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// What the browser is started with; it may run in a container, as root.
const CHROMIUM_FLAGS: &str = "--headless=new --no-sandbox --disable-dev-shm-usage --disable-gpu";
const CATEGORIES: [&str; 4] = ["performance", "accessibility", "best-practices", "seo"];
/// Lines of the chat: more than are seen at once.
const LINES: usize = 40;

/// What `hongbao-bench web` takes.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The server, with the web app inside.
    #[arg(long, env = "HONGBAO_BIN", value_name = "FILE")]
    server: PathBuf,
    /// Lighthouse, which needs Node.js.
    #[arg(long, env = "HONGBAO_LIGHTHOUSE", value_name = "FILE")]
    lighthouse: PathBuf,
    /// Chromium.
    #[arg(long, env = "CHROMIUM", default_value = "/usr/bin/chromium", value_name = "FILE")]
    chromium: PathBuf,
    /// How many times each page is looked at.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Where to put Lighthouse's reports; nowhere by default.
    #[arg(long, value_name = "DIR")]
    reports: Option<PathBuf>,
}

/// Measures, prints.
pub async fn run(arguments: Arguments) -> Result<()> {
    let temporary = tempfile::Builder::new().prefix("hongbao-bench").tempdir()?;
    say_conditions(temporary.path())?;
    let setup = Setup::new(arguments.server.clone())
        .with("HONGBAO_FLOW_PER_PERSON", "false")
        .with("HONGBAO_LIMITS_DEMO", "false");
    let server = setup.start(temporary.path()).await?;
    let chat = Chat::fill(&server).await?;
    let headers = temporary.path().join("headers.json");
    fs::write(&headers, json!({"cookie": format!("hongbao_session={}", chat.token)}).to_string())?;

    let pages = [("first page", "/".to_owned(), None), ("chat", chat.path, Some(&*headers))];
    let mut seen: [Vec<Look>; 2] = Default::default();
    for round in 1..=arguments.rounds {
        for ((name, path, headers), looks) in pages.iter().zip(&mut seen) {
            let report = report(&arguments, &format!("http://{}{path}", server.address), *headers)?;
            if let Some(folder) = &arguments.reports {
                fs::create_dir_all(folder)?;
                let file = format!("{}-{round}.json", name.replace(' ', "-"));
                fs::write(folder.join(file), report.to_string())?;
            }
            let look = Look::of(&report)?;
            say(format_args!("round {round}  {name:10}  {look}"));
            looks.push(look);
        }
    }
    for ((name, ..), looks) in pages.iter().zip(&seen) {
        say(format_args!("median   {name:10}  {}", Look::medians(looks)));
        let faults: BTreeSet<_> = looks.iter().flat_map(|look| &look.faults).collect();
        for fault in faults {
            say(format_args!("         {name:10}  {fault}"));
        }
    }
    server.stop().await
}

/// A chat in which people have talked and sent.
struct Chat {
    path: String,
    /// Of the session of one of them.
    token: String,
}

impl Chat {
    async fn fill(server: &Server) -> Result<Self> {
        let mut wire = Connection::open(server.address).await?;
        let mut tokens = Vec::new();
        for name in ["Mei", "Tom"] {
            let guest = call(&mut wire, "/session/guest", None, &json!({"name": name})).await?;
            tokens.push(text(&guest["token"])?);
        }
        let [mei, tom] = &tokens[..] else { anyhow::bail!("two people") };
        let group = call(&mut wire, "/groups", Some(mei), &json!({"name": "Family"})).await?;
        let group = text(&group["id"])?;
        let invitations = format!("/groups/{group}/invitations");
        let code = call(&mut wire, &invitations, Some(mei), &json!({})).await?["code"].clone();
        call(&mut wire, "/groups/join", Some(tom), &json!({"code": code})).await?;
        call(&mut wire, "/wallet/top-ups", Some(mei), &json!({"amount_fen": 10_000, "key": "1"}))
            .await?;
        for line in 0..LINES {
            let who = if line % 5 < 3 { mei } else { tom };
            let said = json!({"text": format!("Happy New Year, number {line}!")});
            call(&mut wire, &format!("/groups/{group}/messages"), Some(who), &said).await?;
            if line % 10 == 9 {
                let order = json!({
                    "group_id": group, "kind": "lucky", "total_fen": 888, "shares": 3,
                    "greeting": "May every wish come true",
                });
                let order = call(&mut wire, "/packets", Some(mei), &order).await?;
                let pay = format!("/packets/{}/pay", text(&order["order_no"])?);
                call(&mut wire, &pay, Some(mei), &json!({"client_seed": "0123"})).await?;
            }
        }
        Ok(Self { path: format!("/g/{group}"), token: mei.clone() })
    }
}

async fn call(
    wire: &mut Connection,
    path: &str,
    token: Option<&str>,
    body: &Value,
) -> Result<Value> {
    let request = wire::post(&format!("/api/v1{path}"), token, &body.to_string());
    let answer = wire.call(&request).await?;
    let body = String::from_utf8_lossy(answer.body);
    ensure!(answer.status < 300, "{path}: {} {body}", answer.status);
    Ok(if body.is_empty() { Value::Null } else { serde_json::from_str(&body)? })
}

fn text(value: &Value) -> Result<String> {
    Ok(value.as_str().with_context(|| format!("a text instead of {value}"))?.to_owned())
}

/// What Lighthouse says of one visit by a browser that has never been there.
fn report(arguments: &Arguments, url: &str, headers: Option<&Path>) -> Result<Value> {
    let mut lighthouse = Command::new(&arguments.lighthouse);
    lighthouse
        .arg(url)
        .args(["--quiet", "--output=json", "--output-path=stdout"])
        .arg(format!("--only-categories={}", CATEGORIES.join(",")))
        .arg(format!("--chrome-flags={CHROMIUM_FLAGS}"))
        .env("CHROME_PATH", &arguments.chromium);
    if let Some(headers) = headers {
        lighthouse.arg(format!("--extra-headers={}", headers.display()));
    }
    let answer = lighthouse.output().context("Lighthouse does not start")?;
    let said = String::from_utf8_lossy(&answer.stderr);
    ensure!(answer.status.success(), "Lighthouse failed at {url}: {said}");
    let report: Value = serde_json::from_slice(&answer.stdout).context("Lighthouse's report")?;
    ensure!(report["runtimeError"].is_null(), "{url}: {}", report["runtimeError"]);
    Ok(report)
}

/// What is kept of one report.
#[derive(Clone, Debug, Default)]
struct Look {
    /// 0 to 100, in the order of [`CATEGORIES`].
    scores: [f64; 4],
    /// First and largest picture, and for how long no tap is answered, in milliseconds.
    first_paint: f64,
    largest_paint: f64,
    blocked: f64,
    /// The longest task of the page, in milliseconds of the slowed processor.
    longest_task: f64,
    /// How much moves while it is read.
    shift: f64,
    /// How quick the machine was meanwhile, by Lighthouse's own measure.
    machine: f64,
    /// What costs points outside of performance.
    faults: Vec<String>,
}

impl Look {
    fn of(report: &Value) -> Result<Self> {
        let audits = &report["audits"];
        let number = |audit: &str| {
            let value = audits[audit]["numericValue"].as_f64();
            value.with_context(|| format!("{audit}: {}", audits[audit]))
        };
        let mut scores = [0.0; 4];
        let mut faults = Vec::new();
        for (category, score) in CATEGORIES.iter().zip(&mut scores) {
            let category_of = &report["categories"][*category];
            *score =
                100.0 * category_of["score"].as_f64().with_context(|| (*category).to_owned())?;
            if *category == "performance" {
                continue;
            }
            let weighed = category_of["auditRefs"].as_array().into_iter().flatten();
            for audit in weighed.filter(|audit| audit["weight"].as_f64() > Some(0.0)) {
                let audit = &audits[audit["id"].as_str().unwrap_or_default()];
                if audit["score"].as_f64().is_some_and(|score| score < 1.0) {
                    faults.push(format!("{category}: {}", audit["title"]));
                }
            }
        }
        let tasks = audits["long-tasks"]["details"]["items"].as_array();
        let tasks = tasks.into_iter().flatten().filter_map(|task| task["duration"].as_f64());
        Ok(Self {
            scores,
            first_paint: number("first-contentful-paint")?,
            largest_paint: number("largest-contentful-paint")?,
            blocked: number("total-blocking-time")?,
            longest_task: tasks.fold(0.0, f64::max),
            shift: number("cumulative-layout-shift")?,
            machine: report["environment"]["benchmarkIndex"].as_f64().unwrap_or_default(),
            faults,
        })
    }

    /// The median of each figure by itself.
    fn medians(looks: &[Self]) -> Self {
        let of =
            |figure: &dyn Fn(&Self) -> f64| median(&looks.iter().map(figure).collect::<Vec<_>>());
        Self {
            scores: std::array::from_fn(|at| of(&|look| look.scores[at])),
            first_paint: of(&|look| look.first_paint),
            largest_paint: of(&|look| look.largest_paint),
            blocked: of(&|look| look.blocked),
            longest_task: of(&|look| look.longest_task),
            shift: of(&|look| look.shift),
            machine: of(&|look| look.machine),
            faults: Vec::new(),
        }
    }
}

impl fmt::Display for Look {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [performance, accessibility, practices, seo] = self.scores;
        write!(
            f,
            "performance {performance:.0}  accessibility {accessibility:.0}  best practices \
             {practices:.0}  seo {seo:.0}  first paint {:.0} ms  largest {:.0} ms  blocked {:.0} ms  \
             longest task {:.0} ms  shift {:.3}  machine {:.0}",
            self.first_paint,
            self.largest_paint,
            self.blocked,
            self.longest_task,
            self.shift,
            self.machine,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Look;
    use serde_json::json;

    #[test]
    fn a_report_is_read() {
        let audit = |value: f64| json!({"numericValue": value});
        let scored = |score: f64| json!({"score": score, "auditRefs": []});
        let mut report = json!({
            "categories": {
                "performance": scored(0.5), "accessibility": scored(1.0),
                "best-practices": scored(1.0),
                "seo": {"score": 0.9, "auditRefs": [
                    {"id": "robots", "weight": 1}, {"id": "free", "weight": 0}, {"id": "good", "weight": 1},
                ]},
            },
            "audits": {
                "robots": {"score": 0, "title": "no robots"}, "free": {"score": 0, "title": "free"},
                "good": {"score": 1, "title": "good"},
                "first-contentful-paint": audit(1.0), "largest-contentful-paint": audit(2.0),
                "total-blocking-time": audit(3.0), "cumulative-layout-shift": audit(0.5),
                "long-tasks": {"details": {"items": [{"duration": 51.0}, {"duration": 120.0}]}},
            },
        });
        let look = Look::of(&report).unwrap();
        assert!((look.scores[0] - 50.0).abs() < 0.01 && (look.scores[3] - 90.0).abs() < 0.01);
        assert!((look.longest_task - 120.0).abs() < 0.01);
        assert_eq!(look.faults, ["seo: \"no robots\""]);
        report["audits"]["total-blocking-time"] = json!({});
        assert!(Look::of(&report).is_err(), "a figure that is missing is no zero");
    }
}
