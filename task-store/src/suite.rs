//! What every executor has to show: each rule of the log, asked from outside.
//!
//! It needs nothing but a [`Database`]: no runtime, no threads, no clock. Time is a number that the
//! cases choose. Run it on a database of its own, because [`crate::ClaimExpired`] takes over every
//! task there that looks abandoned; it may be run again on the same one.

mod appending;
mod burying;
mod cancelling;
mod case;
mod checkpoints;
mod creating;
mod dispatching;
mod expiring;
mod failing;
mod leases;
mod listing;
mod migrating;
mod notifying;
mod noting;
mod reading;
mod repeating;
mod resuming;
mod values;
mod webhooks;

use crate::{Begin, Database, List, Opening, Scope, State};

use self::case::{Case, LEASE, NOW, change, everything, with_snapshot};
pub use self::noting::Noting;

/// Creates the schema and runs every case. Returns how many checks held.
///
/// # Errors
/// The first check that did not hold: the case, what was asked, what came, and what should have.
pub async fn run_all<D: Database>(database: &D) -> Result<u32, String> {
    let mut checks = migrating::migrates(database).await?;
    let tenant = unused_tenant(database).await?;

    macro_rules! run {
        ($($module:ident :: $name:ident),* $(,)?) => {
            $({
                let name = concat!(stringify!($module), "::", stringify!($name));
                let mut case = Case::new(database, &tenant, name);
                $module::$name(&mut case).await?;
                checks += case.checks();
            })*
        };
    }

    run! {
        creating::creates_a_task,
        creating::refuses_an_id_that_exists,
        creating::refuses_what_cannot_be_stored,
        creating::ends_the_run_with_the_first_change,
        creating::hides_tasks_of_others,
        creating::keeps_equal_ids_apart,
        appending::numbers_events,
        appending::keeps_a_tail_until_a_snapshot,
        appending::never_changes_a_finished_task,
        appending::ends_the_run_of_an_interrupted_task,
        appending::fences_out_an_earlier_run,
        appending::goes_on_when_nobody_claimed_the_task,
        appending::limits_a_change,
        appending::limits_a_tail,
        resuming::waits_for_the_other_run,
        resuming::takes_over,
        resuming::follows_a_run_whose_lease_ended,
        resuming::refuses_a_finished_task,
        checkpoints::come_with_the_next_run,
        checkpoints::are_written_with_events_or_without,
        checkpoints::end_with_the_run,
        checkpoints::are_limited,
        dispatching::waits_for_a_call,
        dispatching::is_claimed_once,
        dispatching::is_claimed_again_when_the_run_is_lost,
        dispatching::is_taken_up_when_nobody_calls,
        dispatching::is_taken_back,
        dispatching::is_canceled_without_a_run,
        dispatching::carries_what_the_run_is_given,
        dispatching::refuses_a_token_that_cannot_be_stored,
        repeating::finds_the_task_of_a_repeated_message,
        repeating::forgets_after_the_window,
        repeating::may_be_off,
        repeating::continues_once,
        repeating::records_only_what_began,
        repeating::refuses_a_key_that_cannot_be_stored,
        reading::gives_events_after_a_number,
        reading::gives_events_in_portions,
        reading::knows_a_lost_run,
        cancelling::tells_the_run,
        cancelling::does_nothing_without_a_run,
        leases::renews,
        leases::releases,
        leases::claims_what_is_abandoned,
        leases::claims_a_few_at_a_time,
        failing::ends_a_task_with_a_reason,
        failing::is_fenced,
        failing::succeeds_on_a_full_task,
        listing::pages_through_every_filter,
        listing::ends_a_page_early,
        listing::carries_payloads,
        listing::counts_by_state,
        listing::refuses_a_page_size,
        webhooks::keeps_webhooks,
        webhooks::limits_webhooks,
        notifying::comes_with_an_opening,
        notifying::sends_events_in_order,
        notifying::tries_again,
        notifying::is_fenced,
        notifying::gives_up,
        notifying::forgets_what_was_removed,
        notifying::keeps_webhooks_apart,
        notifying::hears_of_a_lost_run,
        notifying::knows_since_when,
        notifying::is_put_off,
        burying::notes_what_was_dropped,
        burying::is_fenced,
        burying::sends_again_from_the_oldest,
        burying::starts_over_behind_what_is_under_way,
        burying::forgets,
        burying::lists_in_pages,
        values::keeps_values,
        values::limits_values,
        expiring::removes_what_ended,
        expiring::removes_a_little_at_a_time,
        expiring::waits_for_webhooks,
        expiring::removes_dead_letters,
        expiring::removes_what_agents_kept,
    }
    Ok(checks)
}

/// A tenant that no earlier run of the suite used, and marks it.
async fn unused_tenant<D: Database>(database: &D) -> Result<String, String> {
    for number in 0..10_000 {
        let scope = Scope {
            tenant: format!("suite-{number}"),
            owner: String::new(),
        };
        let list = List {
            scope: scope.clone(),
            query: everything(),
            now: NOW,
        };
        let page = database
            .perform(list)
            .await
            .map_err(|error| error.to_string())?;
        if page.total > 0 {
            continue;
        }
        let begin = Begin {
            scope: scope.clone(),
            opening: Opening::Create {
                task_id: "mark".to_owned(),
                context_id: "mark".to_owned(),
                message: None,
                first: with_snapshot(change(State::Completed, NOW, &[]), "{}"),
                push: None,
            },
            now: NOW,
            lease_ms: LEASE,
            idempotency_window_ms: 0,
        };
        database
            .perform(begin)
            .await
            .map_err(|error| error.to_string())?;
        return Ok(scope.tenant);
    }
    Err("the suite ran 10,000 times on this database: use a new one".to_owned())
}
