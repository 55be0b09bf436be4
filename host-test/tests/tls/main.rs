//! The component over TLS, against a real Redis that speaks it.

mod blocking;
mod certificates;
mod cluster;
mod cut;
mod elsewhere;
#[allow(
    dead_code,
    non_snake_case,
    reason = "most cases don't care how bytes travel; drsession's tests keep their names"
)]
#[path = "../suite/mod.rs"]
mod suite;

/// Makes tests of the cases, for each flavour of the component the same.
macro_rules! in_both_flavours {
    ($($case:ident),+ $(,)?) => {
        mod blocking_component {
            $(#[test]
            fn $case() {
                host_test::bench::block_on(super::$case(host_test::component::Flavour::Blocking));
            })+
        }

        mod asynchronous_component {
            $(#[test]
            fn $case() {
                host_test::bench::block_on(super::$case(host_test::component::Flavour::Async));
            })+
        }
    };
}
use in_both_flavours;

/// Cases of the conformance suite to which a connection can make a difference, over TLS and with a client certificate.
macro_rules! conformance {
    ([$($flavour:ident: $variant:ident),+], $cases:tt) => {
        $(
            mod $flavour {
                conformance!(@tests $variant, $cases);
            }
        )+
    };
    (@tests $variant:ident, { $(mod $module:ident { $($case:ident),+ $(,)? })+ }) => {
        $(
            mod $module {
                $(
                    #[test]
                    fn $case() {
                        host_test::bench::run_tls(
                            host_test::component::Flavour::$variant,
                            crate::suite::$module::$case,
                        );
                    }
                )+
            }
        )+
    };
}

conformance! {
    [conformance_blocking: Blocking, conformance_asynchronous: Async],
    {
        mod connection {
            round_trips_are_counted_as_they_come,
            an_instance_that_ends_without_a_word_leaves_its_connection_to_the_next,
            handles_dropped_by_the_guest_leave_the_connection_to_the_next,
            a_connection_killed_between_requests_is_replaced,
            a_server_that_is_not_there_is_unavailable,
        }
        mod pooling {
            a_connection_killed_in_the_pool_is_nobody_s,
            an_instance_without_scripts_leaves_no_watch_behind,
            a_call_given_up_leaves_no_answer_to_the_next,
            a_database_is_not_inherited,
            a_server_restarted_between_requests_costs_a_connection,
            many_instances_at_once_keep_apart,
        }
        mod round_trips {
            every_call_costs_what_the_table_says_by_scripts,
            every_call_costs_what_the_table_says_without_scripts,
        }
        mod races {
            a_write_racing_a_destroy_is_before_it_or_refused,
            a_write_racing_a_rotation_moves_along_or_is_refused,
        }
        mod layout {
            values_are_stored_byte_for_byte,
        }
        mod limits {
            a_value_at_its_limit_is_taken_and_one_past_it_is_refused,
            a_batch_at_its_limit_in_bytes_is_taken_and_one_past_it_is_refused,
            a_reply_at_its_limit_in_bytes_is_read_and_one_past_it_is_told,
        }
        mod model {
            any_sequence_of_calls_does_what_the_model_does,
            any_sequence_of_calls_in_resp3_does_what_the_model_does,
        }
    }
}
