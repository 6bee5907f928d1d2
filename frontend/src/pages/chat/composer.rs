//! Writing a message.

use hongbao_shared::{ErrorCode, GroupId, api::groups::NewMessage, text};
use leptos::prelude::*;

use crate::{
    api::{self, Failure},
    art::Icon,
    browser,
    components::{Fault, Pic, live},
    i18n::{lang, tr},
    state::{feed::Feed, session},
    tasks::Scope,
};

/// The field, the button to send it, the button for a packet.
#[component]
pub(super) fn Composer(group: GroupId, feed: Feed, on_packet: Callback<()>) -> impl IntoView {
    let scope = Scope::new();
    let words = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let failure = RwSignal::new(None::<Failure>);
    // Kept while the same words are tried again, so that they are posted once.
    let attempt = RwSignal::new(None::<NewMessage>);
    let blank = move || words.with(|words| words.trim().is_empty());
    let fault = move || {
        let limits = session::limits();
        let chars_max = usize::try_from(limits.message_chars_max).unwrap_or(usize::MAX);
        match words.with(|words| text::lines(words, chars_max)) {
            Ok(_) | Err(text::TextFault::Empty) => None,
            Err(_) => Some(lang().error(ErrorCode::MessageInvalid, &limits)),
        }
    };
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() || untrack(blank) || untrack(fault).is_some() {
            return;
        }
        let text = words.get_untracked().trim().to_owned();
        let message = attempt
            .get_untracked()
            .filter(|message| message.text == text)
            .unwrap_or_else(|| NewMessage { text, key: Some(browser::random_key()) });
        attempt.set(Some(message.clone()));
        busy.set(true);
        failure.set(None);
        scope.spawn(async move {
            match api::say(group, &message).await {
                Ok(message) => {
                    attempt.set(None);
                    words.set(String::new());
                    feed.take(message);
                }
                Err(problem) => failure.set(Some(problem)),
            }
            busy.set(false);
        });
    };
    view! {
        <div class="composer">
            {live(move || fault().map(|fault| view! { <p class="fault" role="alert" data-testid="error-sentence">{fault}</p> }.into_any()))}
            <Fault failure=failure/>
            {live(move || failure.get().is_some_and(|failure| failure.is_passing()).then(|| view! {
                <p class="muted">{tr!(message_unsent)}</p>
            }.into_any()))}
            <form class="composer-row" on:submit=submit>
                <button
                    type="button"
                    class="composer-packet"
                    data-testid="send-open"
                    aria-label=tr!(send_packet)
                    on:click=move |_| on_packet.run(())
                >
                    <Pic icon=Icon::Packet/>
                </button>
                <input
                    class="composer-field"
                    autocomplete="off"
                    enterkeyhint="send"
                    aria-label=tr!(message_field)
                    placeholder=tr!(message_hint)
                    data-testid="message-input"
                    bind:value=words
                />
                <button
                    class="composer-send"
                    data-testid="message-send"
                    aria-label=tr!(send)
                    disabled=move || busy.get() || blank()
                >
                    <Pic icon=Icon::Send/>
                </button>
            </form>
        </div>
    }
}
