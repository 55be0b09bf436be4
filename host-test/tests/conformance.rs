//! What every flavour of the component promises, held against a real Redis.
//!
//! A case is a function in `suite/`, listed here, and a test for each flavour. One that isn't listed is dead code, and
//! fails the lints.

#![allow(non_snake_case, reason = "drsession's tests keep their names")]

mod suite;

/// Makes tests of the cases, for each flavour the same.
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
                        host_test::bench::run(
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
    [blocking: Blocking, asynchronous: Async],
    {
        mod connection {
            round_trips_are_counted_as_they_come,
            an_instance_that_ends_without_a_word_leaves_its_connection_to_the_next,
            handles_dropped_by_the_guest_leave_the_connection_to_the_next,
            instances_with_sockets_of_their_own_share_no_connection,
            a_connection_killed_between_requests_is_replaced,
            a_wrong_password_after_a_right_one_is_denied,
            no_password_where_one_is_asked_for_is_denied,
            a_server_that_is_not_there_is_unavailable,
            replies_split_at_every_byte_are_read_whole,
            a_write_whose_answer_is_lost_says_so_and_is_not_sent_again,
            a_read_whose_answer_is_lost_is_sent_again,
            an_answer_that_is_no_resp_is_told,
        }
        mod commands {
            a_first_set_looks_sets_and_renews,
            a_first_get_looks_reads_and_renews,
            a_first_increment_looks_adds_and_renews,
        }
        mod instance {
            fuel_grows_with_the_work_done,
            memory_is_held_to_its_limit,
            a_visit_needs_no_more_memory_than_an_instance_begins_with,
        }
        mod drsession {
            test_int,
            test_string,
            test_list,
            test_dict,
            test_None,
            test_keyerror,
            test_default,
            test_repr,
            test_len,
            test_del,
            test_clear,
            test_destroy,
            test_in,
            test_pop,
            test_update_dict,
            test_update_list,
            test_update_kwargs,
            test_keys,
            test_values,
            test_items,
            test_no_cookie,
            test_int_incrby,
        }
        mod drsession_bugs {
            a_number_copied_to_another_field_keeps_its_value,
            a_number_stored_twice_is_stored_and_not_added,
            a_number_is_stored_as_given_whatever_it_was_read_as,
            a_fraction_can_be_added_to_an_integer,
            fractions_added_by_two_handles_are_both_there,
            a_number_multiplied_by_two_handles_loses_neither,
            an_absent_counter_counts_from_zero,
            a_boolean_is_read_as_a_boolean,
            a_list_that_two_handles_append_to_has_all_items,
            a_counter_among_other_encodings_refuses_what_is_no_number,
            any_encoding_round_trips,
            stores_of_one_instance_keep_to_their_own_redis,
            an_id_that_the_client_chose_is_never_taken_over,
            a_login_leaves_the_former_id_behind,
            a_session_expires,
            a_write_after_logout_does_not_bring_the_session_back,
            the_cookie_is_out_of_reach_for_scripts_and_foreign_sites,
            a_persistent_cookie_counts_in_seconds_and_no_more_than_400_days,
            the_cookie_is_removed_at_logout,
            two_ids_under_one_name_count_as_none,
            a_cookie_is_found_behind_a_malformed_one,
            values_read_the_same_in_either_protocol,
            a_value_that_is_no_text_is_told_and_not_hidden,
            a_value_that_is_no_text_hides_no_other,
            a_message_popped_by_many_is_seen_once,
            an_update_with_nothing_changes_nothing,
            a_cleared_session_lives_on_and_a_destroyed_one_does_not,
            the_log_id_does_not_tell_the_id,
        }
        mod concurrency {
            partial_writes_never_lose_each_other,
            a_counter_with_scripts_loses_no_increment,
            a_counter_without_scripts_loses_no_increment,
            a_counter_without_guard_loses_no_increment,
            a_basket_with_scripts_holds_whatever_was_put_into_it,
            a_basket_without_scripts_holds_whatever_was_put_into_it,
        }
        mod races {
            a_write_racing_a_destroy_is_before_it_or_refused,
            a_write_racing_a_destroy_without_scripts_is_before_it_or_refused,
            a_write_racing_a_rotation_moves_along_or_is_refused,
            a_write_racing_a_rotation_without_scripts_moves_along_or_is_refused,
        }
        mod batches {
            each_kind_of_operation_has_its_kind_of_outcome,
            an_empty_batch_reaches_nobody,
            a_batch_that_fails_leaves_everything_as_it_was,
            a_batch_that_fails_on_a_new_session_stores_nothing,
            a_conflict_ends_the_batch_with_the_outcomes_so_far,
            a_sum_before_a_comparison_is_exact_or_refused,
            a_batch_sees_its_own_writes,
            text_that_is_none_is_told_once_the_batch_is_done,
            ten_thousand_operations_are_one_batch,
            operations_that_cannot_be_are_refused_before_anything_is_sent,
        }
        mod wire {
            a_reply_cut_in_two_at_any_byte_is_read_whole,
            several_replies_in_one_read_are_told_apart,
            what_nobody_asked_for_is_no_answer,
            a_large_reply_costs_in_step_with_its_size,
            a_reply_that_is_none_is_told_within_little_memory,
            a_reply_at_the_limit_is_read_and_one_past_it_told,
            a_reply_that_does_not_go_on_ends_at_the_time_limit,
            pushed_messages_and_attributes_answer_nothing,
            a_server_that_refuses_the_handshake_is_told_of_nothing_else,
            a_wrong_password_is_told_in_resp3_too,
            each_error_of_redis_has_its_own_of_the_contract,
            a_server_that_is_still_loading_is_waited_for,
        }
        mod protocols {
            replies_of_either_protocol_are_read_in_every_mode,
            messages_between_the_replies_to_whatever_call_answer_none,
        }
        mod waiting {
            a_server_that_accepts_nobody_is_given_up,
            a_server_that_is_silent_in_the_handshake_is_given_up,
            a_server_that_sends_messages_instead_of_an_answer_is_given_up,
            a_server_that_is_a_replica_for_a_while_does_nothing_meanwhile,
            a_server_that_runs_another_s_script_does_nothing_meanwhile,
            a_server_that_loads_its_data_does_nothing_meanwhile,
            a_cluster_that_does_not_serve_a_slot_does_nothing_meanwhile,
        }
        mod pooling {
            a_connection_killed_in_the_pool_is_nobody_s,
            a_connection_that_redis_closed_for_idleness_costs_one_more_and_nothing_else,
            an_instance_without_scripts_leaves_no_watch_behind,
            a_call_given_up_leaves_no_answer_to_the_next,
            a_database_is_not_inherited,
            a_database_that_is_not_there_takes_no_write,
            a_wrong_password_inherits_nothing_from_a_right_one,
            a_server_restarted_between_requests_costs_a_connection,
            many_instances_at_once_keep_apart,
        }
        mod secrets {
            a_server_that_repeats_what_it_was_sent_gives_nothing_away,
            a_server_that_repeats_the_handshake_gives_nothing_away,
            a_cluster_that_names_what_it_was_sent_as_another_node_gives_nothing_away,
            what_is_refused_before_it_is_sent_is_not_repeated,
            a_server_that_is_not_there_is_told_without_its_password,
            a_counter_s_error_names_the_field_and_not_the_value,
        }
        mod model {
            any_sequence_of_calls_does_what_the_model_does,
            any_sequence_of_calls_in_resp3_does_what_the_model_does,
            any_sequence_of_calls_without_scripts_does_what_the_model_does,
            any_sequence_of_calls_without_guard_does_what_the_model_does,
            any_sequence_of_calls_without_guard_and_scripts_does_what_the_model_does,
        }
        mod counters {
            increments_are_exact_over_all_64_bits,
            a_sum_past_64_bits_is_told_and_changes_nothing,
            what_is_no_integer_is_told_and_left_alone,
            fractions_add_up_as_people_do,
            a_sum_is_answered_to_the_nearest_double,
            a_sum_that_no_double_holds_is_told_and_changes_nothing,
            what_is_no_number_takes_no_fraction,
            what_is_not_finite_is_no_increment,
            a_counter_that_fails_on_a_new_handle_leaves_it_new,
        }
        mod handle {
            a_handle_from_a_cookie_knows_no_id_until_its_first_call,
            what_an_undecided_handle_finds_there_is_its_session_for_good,
            an_undecided_handle_whose_session_was_destroyed_says_gone,
            an_undecided_handle_whose_session_has_moved_says_rotated,
            an_undecided_handle_that_finds_nothing_is_a_new_session,
            a_write_through_an_undecided_handle_that_finds_nothing_creates_under_a_new_id,
            an_error_leaves_a_handle_undecided_and_the_call_can_be_made_again,
            a_lost_answer_leaves_a_handle_undecided,
            rotate_through_an_undecided_handle_moves_what_is_there,
            restart_leaves_the_session_as_it_is_and_costs_nothing,
            what_was_found_is_told_and_never_changes,
            what_an_attached_handle_does_not_find_is_gone,
            an_empty_field_name_is_one_like_any_other,
            empty_lists_cost_no_round_trip_and_find_nothing_out,
        }
        mod creation {
            rotate_through_an_undecided_handle_that_finds_nothing_creates,
            rotate_of_a_new_session_creates,
            rotate_where_nothing_is_stored_and_nothing_is_to_be_only_takes_a_new_id,
            compare_and_set_where_nothing_is_stored_compares_with_nothing,
            a_batch_that_conflicts_where_nothing_is_stored_creates_nothing,
            writes_create_until_one_is_acknowledged,
            a_creation_that_is_not_acknowledged_yields_no_cookie,
            a_read_that_finds_a_creation_acknowledges_it,
            a_creation_that_redis_refuses_can_be_made_again,
        }
        mod ending {
            destroy_of_a_session_that_is_there_ends_it_and_removes_the_cookie,
            destroy_of_what_is_not_there_is_ok_and_leaves_nothing,
            destroy_of_what_another_has_destroyed_is_ok_and_yields_no_cookie,
            destroy_called_twice_is_ok_and_removes_the_cookie,
            destroy_of_what_has_moved_says_rotated_and_ends_nothing,
            destroy_restart_and_a_write_yield_one_cookie_with_the_new_id,
            a_session_that_is_gone_can_be_begun_anew,
            a_destroy_whose_answer_is_lost_is_sent_again_and_recognises_itself,
        }
        mod cookies {
            only_rotate_and_destroy_change_the_cookie_of_a_session_that_is_there,
            only_a_write_that_creates_sets_the_cookie_of_a_new_session,
            a_dead_cookie_alone_yields_none,
            a_response_with_a_cookie_is_kept_out_of_caches,
            what_would_change_the_cookie_is_too_late_once_the_headers_are_out,
            what_leaves_the_cookie_as_it_is_is_never_too_late,
            headers_asked_for_again_are_the_same,
            an_id_under_a_former_name_stays_good_and_is_not_put_under_the_new_one,
            rotate_moves_an_id_from_its_former_name_to_the_present_one,
            destroy_removes_the_cookie_of_the_former_name,
            the_present_name_goes_before_the_former_ones_and_those_in_order,
            two_ids_under_a_former_name_count_as_none,
            attributes_are_as_the_options_say_and_the_removal_repeats_them,
            the_id_is_found_among_other_cookies_and_headers,
            what_is_no_id_or_under_another_name_counts_as_none,
            an_id_that_nobody_has_is_never_taken_over,
            with_the_guard_off_too_an_id_that_nobody_has_is_never_taken_over,
            a_late_response_never_harms_a_newer_login,
        }
        mod round_trips {
            every_call_costs_what_the_table_says_by_scripts,
            every_call_costs_what_the_table_says_without_scripts,
            every_call_costs_what_the_table_says_with_the_guard_off,
            every_call_costs_what_the_table_says_with_neither,
            what_needs_no_redis_costs_nothing,
            a_script_that_redis_has_forgotten_costs_one_more_once,
            a_handshake_costs_one_and_none_where_there_is_nothing_to_say,
            reading_a_session_costs_one_however_much_is_read,
            a_thousand_requests_that_only_look_leave_nothing,
        }
        mod lifetimes {
            a_session_not_used_for_its_idle_lifetime_is_gone,
            a_session_in_use_ends_with_its_absolute_lifetime,
            the_earlier_of_the_two_lifetimes_counts,
            a_session_past_its_absolute_lifetime_is_gone_whatever_is_called_first,
            without_lifetimes_nothing_expires,
            an_emptied_session_lives_on,
            nothing_stretches_a_marker,
            a_hash_made_by_the_original_is_taken_up,
            rotation_keeps_the_lifetimes_and_their_beginning,
            no_sequence_of_calls_leaves_a_key_without_expiry,
        }
        mod renewal {
            a_handles_first_call_renews,
            later_calls_renew_nothing_but_touch_and_set_lifetime,
            a_handle_told_not_to_renew_leaves_the_expiry,
            a_handle_told_not_to_renew_gives_an_expiry_where_none_stands,
            ttl_says_when_the_session_expires_and_renews_nothing,
            ttl_of_what_never_expires_is_none,
            ttl_of_a_new_session_is_what_its_first_write_would_give,
        }
        mod own_lifetimes {
            a_sessions_own_lifetime_ends_it_too,
            a_sessions_own_lifetimes_count_in_every_store,
            an_own_absolute_lifetime_starts_anew,
            an_own_lifetime_waits_for_the_first_write_and_goes_out_with_it,
            a_waiting_lifetime_stays_through_rotate_and_ends_with_restart,
            a_session_begun_again_after_its_end_has_its_own_lifetimes,
            zero_seconds_are_refused,
        }
        mod layout {
            what_is_written_reads_as_drsession_reads_it,
            what_drsession_wrote_is_read,
            values_are_stored_byte_for_byte,
            a_prefix_stands_before_the_id_as_it_is,
            the_guard_adds_its_moment_of_creation_and_nothing_else,
            with_the_guard_off_nothing_is_added_to_the_fields,
            with_the_guard_off_nothing_is_left_of_what_is_empty,
            with_the_guard_off_a_late_write_brings_a_destroyed_session_back,
            with_the_guard_off_rotate_renames_and_writes,
            with_the_guard_off_a_cookies_session_is_looked_up_by_one_exists,
            with_the_guard_off_an_attached_handle_finds_out_when_asked,
            reserved_fields_are_hidden,
            clear_leaves_the_reserved_fields_of_a_guarded_session,
            reserved_names_are_refused_as_arguments,
        }
        mod foreign_data {
            no_call_touches_a_key_that_is_no_hash,
            a_session_whose_key_was_overwritten_says_wrong_type_and_leaves_it,
        }
        mod limits {
            a_field_name_at_its_limit_is_taken_and_one_past_it_is_refused,
            field_names_are_counted_in_bytes,
            a_value_at_its_limit_is_taken_and_one_past_it_is_refused,
            a_batch_at_its_limit_in_bytes_is_taken_and_one_past_it_is_refused,
            a_batch_of_as_many_operations_as_may_be_is_taken_and_one_more_is_refused,
            a_reply_at_its_limit_in_bytes_is_read_and_one_past_it_is_told,
            a_reply_of_as_many_elements_as_may_be_is_read_and_more_are_told,
            a_prefix_at_its_limit_is_taken_and_one_past_it_is_refused,
            malformed_ids_are_refused,
            what_is_not_json_is_refused,
            increments_that_are_not_finite_are_refused,
            malformed_urls_are_refused,
            what_the_host_lacks_is_told_by_name,
            options_that_contradict_themselves_are_refused,
            options_at_their_limits_are_taken,
        }
        mod replicas {
            a_write_is_on_the_replica_when_the_call_returns,
            what_too_few_replicas_have_is_told_and_done_all_the_same,
            waiting_is_part_of_the_writes_round_trip,
            what_wrote_nothing_is_told_as_such_whatever_replicas_have,
        }
        mod rotation {
            everything_moves_and_the_writes_are_there_with_it,
            the_old_key_holds_its_marker_and_nothing_else,
            handles_on_the_old_id_are_told_rotated_whatever_they_call,
            the_new_id_leads_to_the_session_and_once_the_marker_is_gone_the_old_one_to_nothing,
            of_two_rotations_at_once_one_wins,
            a_session_rotated_twice_has_one_cookie_with_the_last_id,
            a_rotation_whose_answer_is_lost_is_sent_again_and_done_once,
            a_rotation_whose_outcome_is_unknown_can_be_called_again,
            a_rotation_that_arrives_again_much_later_changes_nothing,
            with_the_guard_off_too_a_rotation_whose_answer_is_lost_is_done_once,
            the_new_key_lies_in_the_old_keys_cluster_slot,
            rotate_refuses_what_it_does_not_take,
        }
    }
}

// The session component is the same over `wasi:sockets`, so what is held here is what the socket could spoil.
conformance! {
    [wasi: Wasi, asynchronous_wasi: AsyncWasi],
    {
        mod connection {
            a_server_that_is_not_there_is_unavailable,
            a_write_whose_answer_is_lost_says_so_and_is_not_sent_again,
            a_read_whose_answer_is_lost_is_sent_again,
            an_answer_that_is_no_resp_is_told,
        }
        mod instance {
            a_visit_needs_no_more_memory_than_an_instance_begins_with,
        }
        mod drsession {
            test_int,
            test_string,
            test_list,
            test_dict,
            test_None,
            test_keyerror,
            test_default,
            test_repr,
            test_len,
            test_del,
            test_clear,
            test_destroy,
            test_in,
            test_pop,
            test_update_dict,
            test_update_list,
            test_update_kwargs,
            test_keys,
            test_values,
            test_items,
            test_no_cookie,
            test_int_incrby,
        }
        mod batches {
            ten_thousand_operations_are_one_batch,
        }
        mod wire {
            a_reply_at_the_limit_is_read_and_one_past_it_told,
            a_reply_that_does_not_go_on_ends_at_the_time_limit,
            a_server_that_is_still_loading_is_waited_for,
        }
        mod limits {
            a_value_at_its_limit_is_taken_and_one_past_it_is_refused,
            a_batch_at_its_limit_in_bytes_is_taken_and_one_past_it_is_refused,
        }
    }
}
