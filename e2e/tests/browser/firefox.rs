//! The main flows once more, in Firefox: what people come for works in another browser than
//! the one that the app was made in, and its console is empty as well (R-WEB-5).

use anyhow::{Context as _, Result, ensure};
use hongbao_e2e::{Form, Stage, in_firefox, play};

/// Each names a test of another module, and is called as that is.
macro_rules! in_firefox {
    ($($promise:ident::$test:ident,)+) => {$(
        #[test]
        fn $test() -> Result<()> {
            in_firefox(super::$promise::$test)
        }
    )+};
}

in_firefox! {
    failures::a_lost_opening_is_found_again,
    failures::a_lost_payment_is_never_paid_twice,
    focus::the_focus_comes_back_from_every_sheet,
    hands::tabs_hear_of_each_other,
    installed::it_opens_without_a_network,
    inviting::an_invitation_is_scanned_and_shared,
    layout::every_screen_fits_a_phone,
    layout::language_and_theme_are_a_tap_away,
    live::two_windows_and_a_server_that_dies,
    live::what_happens_is_on_every_screen,
    navigation::back_and_forward_within_the_app,
    newcomer::a_stranger_sees_the_point_in_chinese,
    newcomer::a_stranger_sees_the_point_in_english,
    overlays::a_filled_form_asks_before_it_goes,
    overlays::back_leaves_the_overlay_and_not_the_screen,
    people::a_guest_becomes_an_account_and_keeps_everything,
    records::the_lists_add_up_and_have_no_end_but_the_last,
    runs::what_is_lost_after_the_stream_is_said_as_well,
    story::two_people_share_a_lucky_packet,
    writing::a_line_that_did_not_get_out_is_tried_again_or_discarded,
    writing::a_message_may_have_many_lines,
    writing::lines_stand_at_once_and_go_out_in_order,
}

/// Else an empty console would say nothing.
#[test]
fn what_a_page_complains_of_fails_its_test() -> Result<()> {
    for complaint in [
        "console.error('oh')",
        "setTimeout(() => { throw new Error('oh'); })",
        "document.body.setAttribute('style', 'color: red')",
        "return fetch('/api/v1/nothing')",
    ] {
        let scene = async |stage: &Stage| {
            let browser = stage.browser(Form::Phone).await?;
            browser.goto("/").await?;
            browser.find("guest-name").await?;
            browser.script(complaint).await.map(|_| ())
        };
        let error = in_firefox(|| play("complaint", scene)).err().context(complaint)?;
        ensure!(error.to_string().contains("console"), "{complaint}: {error:#}");
    }
    Ok(())
}
