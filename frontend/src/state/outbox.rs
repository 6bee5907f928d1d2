//! What one has written and the server has not answered yet.
//!
//! A line stands in its chat from the moment it is written. Lines outlive the screen
//! and go out one after the other; each keeps its key, so that a repetition posts
//! nothing new (R-PEOPLE-3). Until it is said or discarded, a line is kept in this
//! browser as well, by person and group, and so is what stands in the field.

use std::{cell::Cell, sync::LazyLock};

use hongbao_shared::{
    ErrorCode, GroupId, UserId,
    api::groups::{Message, NewMessage},
};
use leptos::prelude::{
    ArcRwSignal, Update as _, UpdateUntracked as _, With as _, WithUntracked as _,
};

use super::session;
use crate::{
    api::{self, Failure},
    browser, tasks, who,
};

/// Lines of one group that may wait. More than this nobody writes while the network is
/// away for a moment.
const LINES_MAX: usize = 20;
/// Answers that no chat has taken in; the stream tells them too.
const ANSWERS_MAX: usize = 20;

/// How far a line has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// On its way, or behind another one that is.
    Going,
    /// The stream has told it; the answer is still on its way.
    Told,
    /// It did not get out; why, if that is known.
    Failed(Option<Failure>),
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Counts the lines of this page.
    pub(crate) number: i64,
    person: UserId,
    group: GroupId,
    key: String,
    pub(crate) text: String,
    pub(crate) way: Way,
}

static LINES: LazyLock<ArcRwSignal<Vec<Line>>> = LazyLock::new(|| ArcRwSignal::new(Vec::new()));
static ANSWERS: LazyLock<ArcRwSignal<Vec<(GroupId, Message)>>> =
    LazyLock::new(|| ArcRwSignal::new(Vec::new()));

thread_local! {
    static NUMBERS: Cell<i64> = const { Cell::new(0) };
}

impl Line {
    fn new(person: UserId, group: GroupId, key: String, text: String, way: Way) -> Self {
        let number = NUMBERS.get();
        NUMBERS.set(number + 1);
        Self { number, person, group, key, text, way }
    }

    fn is_of(&self, person: Option<UserId>, group: GroupId) -> bool {
        self.group == group && Some(self.person) == person
    }
}

/// My lines of a group that are not said yet, the oldest first.
pub(crate) fn lines(group: GroupId) -> Vec<Line> {
    let me = session::me().map(|me| me.user.id);
    LINES.with(|lines| {
        let mine = lines.iter().filter(|line| line.is_of(me, group) && line.way != Way::Told);
        mine.cloned().collect()
    })
}

/// Sends a line; `false` if too many wait already.
pub(crate) fn say(group: GroupId, text: String) -> bool {
    let Some(me) = who::id() else { return false };
    let waiting =
        LINES.with_untracked(|lines| lines.iter().filter(|l| l.is_of(Some(me), group)).count());
    if waiting >= LINES_MAX {
        return false;
    }
    let key = browser::random_key();
    edit_kept(me, group, |kept| kept.push((key.clone(), text.clone())));
    let alone = !is_going(me, group);
    LINES.update(|lines| lines.push(Line::new(me, group, key, text, Way::Going)));
    if alone {
        tasks::detach(send(me, group));
    }
    true
}

/// Sends what did not get out, in its order.
pub(crate) fn retry(group: GroupId) {
    again(group, |_| true);
}

/// The server is there again: sends what only that held up. Whoever was too quick goes on by
/// hand; this is called every few seconds where no stream is to be had.
pub(crate) fn go_on(group: GroupId) {
    again(group, |failure| {
        failure.as_ref().is_some_and(|failure| {
            failure.is_passing() && failure.code() != Some(ErrorCode::RateLimited)
        })
    });
}

fn again(group: GroupId, is_meant: fn(&Option<Failure>) -> bool) {
    let Some(me) = who::id().filter(|me| !is_going(*me, group)) else { return };
    let failed = |line: &Line| matches!(&line.way, Way::Failed(failure) if is_meant(failure));
    set_way(|line| line.is_of(Some(me), group) && failed(line), Way::Going);
    tasks::detach(send(me, group));
}

/// Forgets a line that did not get out.
pub(crate) fn discard(line: &Line) {
    LINES.update(|lines| lines.retain(|one| one.number != line.number));
    edit_kept(line.person, line.group, |kept| kept.retain(|(key, _)| *key != line.key));
}

/// A chat is shown: brings back what an earlier page left.
pub(crate) fn open(group: GroupId) {
    let Some(me) = who::id() else { return };
    let kept = kept(me, group);
    LINES.update(|lines| {
        for (key, text) in kept {
            if !lines.iter().any(|line| line.key == key) {
                lines.push(Line::new(me, group, key, text, Way::Failed(None)));
            }
        }
    });
    forget_answers(group);
}

/// What was answered since this was asked last; whoever asks follows.
pub(crate) fn answers(group: GroupId) -> Vec<Message> {
    ANSWERS.with(|_| ());
    forget_answers(group)
}

fn forget_answers(group: GroupId) -> Vec<Message> {
    let all = ANSWERS.try_update_untracked(core::mem::take).unwrap_or_default();
    all.into_iter().filter(|(of, _)| *of == group).map(|(_, message)| message).collect()
}

/// The stream tells what I have said: it stands in the chat now.
pub(crate) fn told(group: GroupId, text: &str) {
    let me = who::id();
    let first = LINES.with_untracked(|lines| {
        let mut mine = lines.iter().filter(|line| line.is_of(me, group));
        mine.find(|line| line.way == Way::Going && line.text == text).map(|line| line.number)
    });
    if let Some(number) = first {
        set_way(|line| line.number == number, Way::Told);
    }
}

fn is_going(person: UserId, group: GroupId) -> bool {
    LINES.with_untracked(|lines| next(lines, person, group).is_some())
}

/// The first line that still needs its answer.
fn next(lines: &[Line], person: UserId, group: GroupId) -> Option<&Line> {
    let failed = |line: &&Line| matches!(line.way, Way::Failed(_));
    lines.iter().find(|line| line.is_of(Some(person), group) && !failed(line))
}

/// Wakes nobody where there is no such line.
fn set_way(which: impl Fn(&Line) -> bool, way: Way) {
    if !LINES.with_untracked(|lines| lines.iter().any(&which)) {
        return;
    }
    LINES.update(|lines| {
        for line in lines.iter_mut().filter(|line| which(line)) {
            line.way = way.clone();
        }
    });
}

/// Sends one line after the other; stops at the first that does not get out, so that
/// their order is kept.
async fn send(me: UserId, group: GroupId) {
    while let Some(line) = LINES.with_untracked(|lines| next(lines, me, group).cloned()) {
        let answer = if who::id() == Some(me) {
            let (text, key) = (line.text.clone(), Some(line.key.clone()));
            api::say(group, &NewMessage { text, key }).await.map_err(Some)
        } else {
            Err(None)
        };
        match answer {
            Ok(message) => {
                discard(&line);
                ANSWERS.update(|answers| {
                    answers.push((group, message));
                    let surplus = answers.len().saturating_sub(ANSWERS_MAX);
                    answers.drain(..surplus);
                });
            }
            Err(failure) => {
                let alone = failure.as_ref().is_some_and(|failure| !failure.is_passing());
                let failed = |one: &Line| {
                    one.number == line.number || (!alone && one.is_of(Some(me), group))
                };
                set_way(failed, Way::Failed(failure));
            }
        }
    }
}

type Kept = Vec<(String, String)>;

fn place(what: &str, person: UserId, group: GroupId) -> String {
    format!("hongbao.{what}.{person}.{group}")
}

fn kept(person: UserId, group: GroupId) -> Kept {
    browser::stored(&place("unsent", person, group))
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default()
}

/// Read anew each time: another tab may have written meanwhile.
fn edit_kept(person: UserId, group: GroupId, edit: impl FnOnce(&mut Kept)) {
    let mut lines = kept(person, group);
    edit(&mut lines);
    let text = if lines.is_empty() { None } else { serde_json::to_string(&lines).ok() };
    browser::keep(&place("unsent", person, group), text.as_deref());
}

/// What stood in the field when the chat was left.
pub(crate) fn draft(group: GroupId) -> String {
    let place = who::id().map(|me| place("draft", me, group));
    place.and_then(|place| browser::stored(&place)).unwrap_or_default()
}

/// Keeps what stands in the field.
pub(crate) fn keep_draft(group: GroupId, text: &str) {
    if let Some(me) = who::id() {
        browser::keep(&place("draft", me, group), (!text.is_empty()).then_some(text));
    }
}
