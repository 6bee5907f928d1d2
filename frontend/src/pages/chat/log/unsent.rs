//! One's own lines that are on their way, or did not get out.

use hongbao_shared::GroupId;
use leptos::prelude::*;

use crate::{
    components::{Avatar, press, rows, words},
    i18n::{lang, tr},
    state::{
        outbox::{self, Line, Way},
        session,
    },
};

/// They stand at the end of the log, in the order in which they were written.
#[component]
pub(super) fn Unsent(group: GroupId) -> impl IntoView {
    view! {
        <div class="log-rows">
            {rows(
                move || outbox::lines(group),
                |line| (line.number, i64::from(line.way == Way::Going)),
                move |line| draw(group, line),
            )}
        </div>
    }
}

fn draw(group: GroupId, line: Line) -> AnyView {
    let avatar = session::me().map(|me| me.user.avatar).unwrap_or_default();
    let text = line.text.clone();
    let (state, about) = match line.way.clone() {
        Way::Going | Way::Told => (
            "going",
            view! { <p class="said-state">{tr!(message_going)}</p> }.into_any(),
        ),
        Way::Failed(failure) => (
            "failed",
            view! {
                <p class="said-state fault" role="alert" data-testid="error-sentence">
                    {tr!(message_unsent)}
                    " "
                    {words(move || {
                        let why = |failure| lang().failure(failure, &session::limits());
                        failure.as_ref().map(why).unwrap_or_default()
                    })}
                </p>
                <span class="said-ways">
                    <button type="button" class="link-button" data-testid="unsent-retry" on:click=press(move |_| outbox::retry(group))>
                        {tr!(retry)}
                    </button>
                    <button type="button" class="link-button" data-testid="unsent-discard" on:click=press(move |_| outbox::discard(&line))>
                        {tr!(discard)}
                    </button>
                </span>
            }
            .into_any(),
        ),
    };
    view! {
        <div class="said mine" data-testid="unsent" data-state=state>
            <Avatar name=avatar/>
            <div class="said-body"><p class="bubble">{text}</p>{about}</div>
        </div>
    }
    .into_any()
}
