//! Writing a message.

use hongbao_shared::{ErrorCode, GroupId, text};
use leptos::{ev::KeyboardEvent, prelude::*};

use crate::{
    api::Failure,
    art::Icon,
    components::{Fault, Pic, effect, field_fault, flag, press, submits},
    i18n::{lang, tr},
    state::{feed::Feed, outbox, session},
};

/// The number of the key.
const ENTER: u32 = 13;

/// The field, the button to send it, the button for a packet.
#[component]
pub(super) fn Composer(group: GroupId, feed: Feed, on_packet: Callback<()>) -> impl IntoView {
    let words = RwSignal::new(outbox::draft(group));
    effect(move || words.with(|words| outbox::keep_draft(group, words)));
    let failure = RwSignal::new(None::<Failure>);
    let line = move || {
        let chars_max = usize::try_from(session::limits().message_chars_max).unwrap_or(usize::MAX);
        words.with(|words| text::lines(words, chars_max))
    };
    let fault = move || match line() {
        Ok(_) | Err(text::TextFault::Empty) => None,
        Err(_) => Some(lang().error(ErrorCode::MessageInvalid, &session::limits())),
    };
    let submit = move || {
        let Ok(line) = untrack(line) else { return };
        let said = outbox::say(group, line);
        let full = Failure::Refused { code: ErrorCode::RateLimited, retry_after_s: None };
        failure.set((!said).then_some(full));
        if said {
            words.set(String::new());
            feed.to_end();
        }
    };
    let on_key = Box::new(move |event: KeyboardEvent| {
        // Enter sends, once however long it is held; with Shift it begins a new line. What
        // chooses among an input method's words has another number.
        if event.key_code() == ENTER && !event.shift_key() {
            event.prevent_default();
            if !event.repeat() {
                submit();
            }
        }
    }) as Box<dyn FnMut(KeyboardEvent)>;
    view! {
        <div class="composer">
            {field_fault("error-sentence", fault)}
            <Fault failure=failure/>
            <form class="composer-row" on:submit=submits(move |event| {
                event.prevent_default();
                submit();
            })>
                <button
                    type="button"
                    class="composer-packet"
                    data-testid="send-open"
                    aria-label=tr!(send_packet)
                    on:click=press(move |_| on_packet.run(()))
                >
                    <Pic icon=Icon::Packet/>
                </button>
                <textarea
                    class="composer-field"
                    rows="1"
                    autocomplete="off"
                    enterkeyhint="send"
                    aria-label=tr!(message_field)
                    placeholder=tr!(message_hint)
                    data-testid="message-input"
                    bind:value=words
                    on:keydown=on_key
                ></textarea>
                <button
                    class="composer-send"
                    data-testid="message-send"
                    aria-label=tr!(send)
                    disabled=flag(move || words.with(|words| words.trim().is_empty()))
                >
                    <Pic icon=Icon::Send/>
                </button>
            </form>
        </div>
    }
}
